"""What an archive needs of each engine: rows out of one snapshot, and rows into one transaction."""

import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from relay.engine.database import sqlite
from relay.engine.database.archive_tables import Table, filled_by_schema
from relay.engine.database.door import sqlite_path
from relay.engine.database.errors import ConstraintViolated, DatabaseError, DatabaseInUse

if TYPE_CHECKING:
    from relay.engine.database.postgres_connection import Postgres

Row = tuple[str | int | float | bytes | None, ...]
_TYPES = {"INTEGER": "int8", "REAL": "float8", "BLOB": "bytea", "TEXT": "text"}
_REFERENCES = (
    "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint "
    "WHERE contype = 'f' AND NOT condeferrable AND connamespace = current_schema()::regnamespace"
)
_AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name ^@ 'relay-' "
    "AND application_name !~ '^relay-archive' AND split_part(application_name, ' ', 2) = $1"
)
LEAVING_S = 5.0
"""So long the sessions of a process that has ended may still be seen."""
_NEW_EPOCH = "UPDATE meta SET value = {mark} WHERE key = 'epoch'"


class Source(Protocol):
    """A snapshot of a database."""

    def schema(self) -> int: ...

    def rows(self, table: Table) -> Iterator[Row]:
        """In the order of the table's key."""


class Target(Protocol):
    """A database that is filled; nothing holds until finish."""

    def first_with_rows(self, tables: Iterable[Table]) -> str | None:
        """Name of a table that something was stored in; what the door itself keeps does not count."""

    def clear(self, tables: Iterable[Table]) -> None: ...

    def fill(self, table: Table, rows: Iterator[Row]) -> None: ...

    def finish(self) -> None:
        """Bring the schema up to the newest, and begin a new epoch."""


def open_source(url: str | Path) -> AbstractContextManager[Source]:
    """Raises DatabaseError for a database that does not exist."""
    path = sqlite_path(url)
    return _sqlite_source(path) if path else _postgres_source(str(url))


def open_target(url: str | Path, schema: int, *, replace: bool) -> AbstractContextManager[Target]:
    """With the tables of this schema number. replace: what is there may go."""
    path = sqlite_path(url)
    return _sqlite_target(path, schema, replace=replace) if path else _postgres_target(str(url), schema)


def first_with_rows(url: str | Path, tables: Iterable[Table]) -> str | None:
    """As of Target, of a database that may not be there yet. Raises DatabaseInUse, where sessions show that a relay works."""
    path = sqlite_path(url)
    return _first_in_file(path, tables) if path else _first_in_postgres(str(url), tables)


def _stored(tables: Iterable[Table]) -> list[Table]:
    """Those that are empty in a new database."""
    filled = filled_by_schema()
    return [table for table in tables if table.name not in filled]


# SQLite ---------------------------------------------------------------------------------------------------------------


class _SqliteSource:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def schema(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def rows(self, table: Table) -> Iterator[Row]:
        return self._db.execute(table.select)


@contextmanager
def _sqlite_source(path: Path) -> Iterator[_SqliteSource]:
    if not path.exists():
        raise DatabaseError(f"There is no database at {path}.")
    try:
        db = sqlite.connect(path, read_only=True)
        try:
            db.execute("BEGIN")
            yield _SqliteSource(db)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise sqlite.neutral(error) from error


def _first_in_file(path: Path, tables: Iterable[Table]) -> str | None:
    if not path.exists():
        return None
    db = sqlite3.connect(path)
    try:
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in _stored(tables):
            if table.name in there and db.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():
                return table.name
    except sqlite3.Error as error:
        raise sqlite.neutral(error) from error
    finally:
        db.close()
    return None


class _SqliteTarget:
    """db: the new file. old: the tables that are there already, if there are."""

    def __init__(self, db: sqlite3.Connection, old: Path) -> None:
        self._db = db
        self._old = old

    def first_with_rows(self, tables: Iterable[Table]) -> str | None:
        return _first_in_file(self._old, tables)

    def clear(self, tables: Iterable[Table]) -> None:
        for table in tables:
            self._db.execute(f"DELETE FROM {table.name}")

    def fill(self, table: Table, rows: Iterator[Row]) -> None:
        marks = ", ".join("?" for _ in table.columns)
        self._db.executemany(f"INSERT INTO {table.name} ({table.names}) VALUES ({marks})", rows)

    def finish(self) -> None:
        if (broken := self._db.execute("PRAGMA foreign_key_check").fetchone()) is not None:
            raise ConstraintViolated(
                f"{broken[0]} refers to a row of {broken[2]} that the archive does not have."
            )
        self._db.execute("DELETE FROM meta WHERE key = 'lineage'")
        self._db.execute(_NEW_EPOCH.format(mark="?"), (secrets.token_hex(8),))
        self._db.execute("COMMIT")
        sqlite.migrate(self._db)


@contextmanager
def _sqlite_target(path: Path, schema: int, *, replace: bool) -> Iterator[_SqliteTarget]:
    """A new file that takes the place of the old one when it is whole. What is replaced stays beside it."""
    new = path.with_name(f"{path.name}.restoring")
    new.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        db = sqlite3.connect(new, isolation_level=None)
        try:
            sqlite.migrate(db, upto=schema)
            db.execute("BEGIN IMMEDIATE")
            yield _SqliteTarget(db, path)
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


def sync_folder(folder: Path) -> None:
    """Names in it survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


# PostgreSQL -----------------------------------------------------------------------------------------------------------


class _PostgresSource:
    def __init__(self, pg: "Postgres") -> None:
        self._pg = pg

    def schema(self) -> int:
        row = self._pg.execute("SELECT n FROM schema_version").fetchone()
        return int(row[0]) if row else 0

    def rows(self, table: Table) -> Iterator[Row]:
        with self._pg.cursor().copy(f"COPY ({table.select}) TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types([_TYPES[column.type] for column in table.columns])
            yield from copy.rows()


@contextmanager
def _postgres_source(url: str) -> Iterator[_PostgresSource]:
    import psycopg

    from relay.engine.database.postgres_connection import connect, neutral, parse_address

    try:
        address = parse_address(url)
        with connect(address, name="relay-archive", read_only=True, patient=True) as pg:
            pg.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            if not _is_there(pg, "schema_version"):
                raise DatabaseError(f"There is no database of a relay in the schema {address.schema}.")
            yield _PostgresSource(pg)
            pg.execute("COMMIT")
    except psycopg.Error as error:
        raise neutral(error) from error


def _is_there(pg: "Postgres", table: str) -> bool:
    row = pg.execute("SELECT to_regclass($1) IS NOT NULL", (table,)).fetchone()
    return row is not None and bool(row[0])


def _first_in_postgres(url: str, tables: Iterable[Table]) -> str | None:
    import psycopg

    from relay.engine.database.postgres_connection import connect, neutral, parse_address

    address = parse_address(url)
    try:
        with connect(address, name="relay-archive", read_only=True) as pg:
            _require_unused(pg, address.schema)
            return _PostgresTarget(pg, address.schema).first_with_rows(tables)
    except psycopg.Error as error:
        raise neutral(error) from error


def _require_unused(pg: "Postgres", schema: str) -> None:
    """Of a file, the lock of its folder sees to that. Raises DatabaseInUse."""
    until_s = time.monotonic() + LEAVING_S
    while (row := pg.execute(_AT_WORK, (schema,)).fetchone()) is not None and row[0]:
        if time.monotonic() > until_s:
            raise DatabaseInUse
        time.sleep(0.05)


class _PostgresTarget:
    def __init__(self, pg: "Postgres", schema: str) -> None:
        self._pg = pg
        self._schema = schema
        self._checked_at_once: list[tuple[str, str]] = []

    def first_with_rows(self, tables: Iterable[Table]) -> str | None:
        for table in _stored(tables):
            if not _is_there(self._pg, table.name):
                continue
            if self._pg.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():
                return table.name
        return None

    def clear(self, tables: Iterable[Table]) -> None:
        names = ", ".join(table.name for table in tables)
        self._pg.execute(f"TRUNCATE {names}, commit_log, last_group CASCADE")
        self._checked_at_once = self._pg.execute(_REFERENCES).fetchall()
        self._check_references("DEFERRABLE INITIALLY DEFERRED")  # tables refer to each other in circles

    def fill(self, table: Table, rows: Iterator[Row]) -> None:
        with self._pg.cursor().copy(f"COPY {table.name} ({table.names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types([_TYPES[column.type] for column in table.columns])
            for row in rows:
                copy.write_row(row)

    def finish(self) -> None:
        from relay.engine.database.postgres import migrate

        self._pg.execute("DELETE FROM meta WHERE key = 'lineage'")
        self._pg.execute(_NEW_EPOCH.format(mark="$1"), (secrets.token_hex(8),))
        self._pg.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self._check_references("NOT DEFERRABLE")
        migrate(self._pg, self._schema)

    def _check_references(self, when: str) -> None:
        for table, name in self._checked_at_once:
            self._pg.execute(f"ALTER TABLE {table} ALTER CONSTRAINT {name} {when}")


@contextmanager
def _postgres_target(url: str, schema: int) -> Iterator[_PostgresTarget]:
    import psycopg

    from relay.engine.database.postgres import migrate
    from relay.engine.database.postgres_connection import connect, neutral, parse_address

    address = parse_address(url)
    try:
        with connect(address, name="relay-archive", patient=True) as pg, pg.transaction():
            migrate(pg, address.schema, upto=schema)
            row = pg.execute("SELECT n FROM schema_version").fetchone()
            if row is None or row[0] != schema:
                raise DatabaseError(
                    f"The archive has schema {schema}, the database a newer one. Restore it into a new schema."
                )
            yield _PostgresTarget(pg, address.schema)
    except psycopg.Error as error:
        raise neutral(error) from error
