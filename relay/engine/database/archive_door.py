"""What an archive needs of each engine: rows out of one snapshot, and rows into one transaction."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from relay.engine.database.archive_tables import Table

Row = tuple[str | int | float | bytes | None, ...]
NEW_EPOCH = "UPDATE meta SET value = {mark} WHERE key = 'epoch'"


class Source(Protocol):
    """A snapshot of a database."""

    def schema(self) -> int: ...

    def rows(self, table: Table) -> Iterator[Row]:
        """In the order of the table's key."""


class Target(Protocol):
    """A database that is filled; nothing holds until finish."""

    def first_with_rows(self, tables: Iterable[Table]) -> str | None:
        """Name of a table that something was stored in; what the door itself keeps does not count."""

    def clear(self) -> None:
        """Of all tables that a relay makes, those that no archive holds among them; nobody else's."""

    def fill(self, table: Table, rows: Iterator[Row]) -> None: ...

    def finish(self) -> None:
        """Bring the schema up to the newest, and begin a new epoch."""
