"""An archive out of, and into, a file of SQLite."""

import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from relay.engine.database import sqlite
from relay.engine.database.archive_door import NEW_EPOCH, Row
from relay.engine.database.archive_tables import Table, made_by, stored
from relay.engine.database.errors import ConstraintViolated, DatabaseError
from relay.engine.folders import sync_folder


class _Source:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def schema(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def rows(self, table: Table) -> Iterator[Row]:
        return self._db.execute(table.select)


@contextmanager
def open_source(path: Path) -> Iterator[_Source]:
    if not path.exists():
        raise DatabaseError(f"There is no database at {path}.")
    try:
        db = sqlite.connect(path, read_only=True)
        try:
            db.execute("BEGIN")
            yield _Source(db)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise sqlite.neutral(error) from error


def first_with_rows(path: Path, tables: Iterable[Table]) -> str | None:
    if not path.exists():
        return None
    db = sqlite3.connect(path)
    try:
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in stored(tables):
            if table.name in there and db.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():
                return table.name
    except sqlite3.Error as error:
        raise sqlite.neutral(error) from error
    finally:
        db.close()
    return None


class _Target:
    """db: the new file. old: the tables that are there already, if there are. version: of the new file's schema."""

    def __init__(self, db: sqlite3.Connection, old: Path, version: int) -> None:
        self._db = db
        self._old = old
        self._version = version

    def first_with_rows(self, tables: Iterable[Table]) -> str | None:
        return first_with_rows(self._old, tables)

    def clear(self) -> None:
        for name in made_by("sqlite", self._version):
            self._db.execute(f"DELETE FROM {name}")

    def fill(self, table: Table, rows: Iterator[Row]) -> None:
        marks = ", ".join("?" for _ in table.columns)
        self._db.executemany(f"INSERT INTO {table.name} ({table.names}) VALUES ({marks})", rows)

    def finish(self) -> None:
        if (broken := self._db.execute("PRAGMA foreign_key_check").fetchone()) is not None:
            raise ConstraintViolated(
                f"{broken[0]} refers to a row of {broken[2]} that the archive does not have."
            )
        self._db.execute("DELETE FROM meta WHERE key = 'lineage'")
        self._db.execute(NEW_EPOCH.format(mark="?"), (secrets.token_hex(8),))
        self._db.execute("COMMIT")
        sqlite.migrate(self._db)


@contextmanager
def open_target(path: Path, schema: int, *, replace: bool) -> Iterator[_Target]:
    """A new file that takes the place of the old one when it is whole. What is replaced stays beside it."""
    new = path.with_name(f"{path.name}.restoring")
    new.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        db = sqlite3.connect(new, isolation_level=None)
        try:
            sqlite.migrate(db, upto=schema)
            db.execute("BEGIN IMMEDIATE")
            yield _Target(db, path, schema)
        finally:
            db.close()
    except BaseException as error:
        new.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise sqlite.neutral(error) from error
        raise
    aside = f".replaced-{time.time_ns() // 1_000}"
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(path.name + aside + suffix))
    new.rename(path)
    sync_folder(path.parent)
