"""Which engine an archive is read out of, or stored into."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from relay.engine.database import archive_sqlite
from relay.engine.database.archive_door import Source, Target
from relay.engine.database.archive_tables import Table
from relay.engine.database.door import sqlite_path


def open_source(url: str | Path) -> AbstractContextManager[Source]:
    """Raises DatabaseError for a database that does not exist."""
    if path := sqlite_path(url):
        return archive_sqlite.open_source(path)
    from relay.engine.database import archive_postgres

    return archive_postgres.open_source(str(url))


def open_target(url: str | Path, schema: int, *, replace: bool) -> AbstractContextManager[Target]:
    """With the tables of this schema number. replace: what is there may go."""
    if path := sqlite_path(url):
        return archive_sqlite.open_target(path, schema, replace=replace)
    from relay.engine.database import archive_postgres

    return archive_postgres.open_target(str(url), schema)


def first_with_rows(url: str | Path, tables: Iterable[Table]) -> str | None:
    """As of Target, of a database that may not be there yet. Raises DatabaseInUse, where sessions show that a relay works."""
    if path := sqlite_path(url):
        return archive_sqlite.first_with_rows(path, tables)
    from relay.engine.database import archive_postgres

    return archive_postgres.first_with_rows(str(url), tables)
