"""A look at a stored database that changes nothing: its schema's number, and whether the engine finds it whole."""

import sqlite3
from pathlib import Path

import msgspec

from relay.engine.database.archive_engines import open_source
from relay.engine.database.door import sqlite_path
from relay.engine.database.errors import DatabaseError
from relay.engine.database.migrations import newest, schema_files

MAX_PROBLEMS = 20


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """schema: the database's; known: the newest of this version. damage: in the engine's words; empty: none found."""

    schema: int
    known: int
    damage: list[str]


def inspect(url: str | Path) -> Inspection:
    """Raises DatabaseBusy, DatabaseError (there is none). [any, blocks]"""
    with open_source(url) as source:
        schema = source.schema()
    path = sqlite_path(url)
    return Inspection(
        schema=schema,
        known=newest(schema_files("sqlite")),
        damage=_damage(path) if path is not None else [],
    )


def _damage(path: Path) -> list[str]:
    """What PostgreSQL checks by itself (checksums, references) SQLite checks when it is asked."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        pages = [row[0] for row in db.execute(f"PRAGMA integrity_check({MAX_PROBLEMS})") if row[0] != "ok"]
        rows = db.execute("PRAGMA foreign_key_check").fetchmany(MAX_PROBLEMS)
        return pages + [
            f"{table} refers to a row of {other} that is not there." for table, _, other, _ in rows
        ]
    except sqlite3.DatabaseError as error:
        raise DatabaseError(f"The database cannot be read: {error}.") from error
    finally:
        db.close()
