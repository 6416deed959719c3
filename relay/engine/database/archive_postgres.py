"""An archive out of, and into, a schema of PostgreSQL."""

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from relay.engine.database.archive_door import NEW_EPOCH, Row
from relay.engine.database.archive_tables import Table, made_by, stored
from relay.engine.database.errors import DatabaseError, DatabaseInUse
from relay.engine.database.postgres import migrate
from relay.engine.database.postgres_connection import Postgres, connect, neutral, parse_address

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


class _Source:
    def __init__(self, pg: Postgres) -> None:
        self._pg = pg

    def schema(self) -> int:
        row = self._pg.execute("SELECT n FROM schema_version").fetchone()
        return int(row[0]) if row else 0

    def rows(self, table: Table) -> Iterator[Row]:
        with self._pg.cursor().copy(f"COPY ({table.select}) TO STDOUT (FORMAT BINARY)") as copy:
            copy.set_types([_TYPES[column.type] for column in table.columns])
            yield from copy.rows()


@contextmanager
def open_source(url: str) -> Iterator[_Source]:
    try:
        address = parse_address(url)
        with connect(address, name="relay-archive", read_only=True, patient=True) as pg:
            pg.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            if not _is_there(pg, "schema_version"):
                raise DatabaseError(f"There is no database of a relay in the schema {address.schema}.")
            yield _Source(pg)
            pg.execute("COMMIT")
    except psycopg.Error as error:
        raise neutral(error) from error


def _is_there(pg: Postgres, table: str) -> bool:
    row = pg.execute("SELECT to_regclass($1) IS NOT NULL", (table,)).fetchone()
    return row is not None and bool(row[0])


def first_with_rows(url: str, tables: Iterable[Table]) -> str | None:
    address = parse_address(url)
    try:
        with connect(address, name="relay-archive", read_only=True) as pg:
            _require_unused(pg, address.schema)
            return _first_with_rows(pg, tables)
    except psycopg.Error as error:
        raise neutral(error) from error


def _require_unused(pg: Postgres, schema: str) -> None:
    """Of a file, the lock of its folder sees to that. Raises DatabaseInUse."""
    until_s = time.monotonic() + LEAVING_S
    while (row := pg.execute(_AT_WORK, (schema,)).fetchone()) is not None and row[0]:
        if time.monotonic() > until_s:
            raise DatabaseInUse
        time.sleep(0.05)


def _first_with_rows(pg: Postgres, tables: Iterable[Table]) -> str | None:
    for table in stored(tables):
        if _is_there(pg, table.name) and pg.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():
            return table.name
    return None


class _Target:
    def __init__(self, pg: Postgres, schema: str, version: int) -> None:
        self._pg = pg
        self._schema = schema
        self._version = version
        self._checked_at_once: list[tuple[str, str]] = []

    def first_with_rows(self, tables: Iterable[Table]) -> str | None:
        return _first_with_rows(self._pg, tables)

    def clear(self) -> None:
        self._pg.execute(f"TRUNCATE {', '.join(sorted(made_by('postgresql', self._version)))}")
        self._checked_at_once = self._pg.execute(_REFERENCES).fetchall()
        self._check_references("DEFERRABLE INITIALLY DEFERRED")  # tables refer to each other in circles

    def fill(self, table: Table, rows: Iterator[Row]) -> None:
        with self._pg.cursor().copy(f"COPY {table.name} ({table.names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types([_TYPES[column.type] for column in table.columns])
            for row in rows:
                copy.write_row(row)

    def finish(self) -> None:
        self._pg.execute("DELETE FROM meta WHERE key = 'lineage'")
        self._pg.execute(NEW_EPOCH.format(mark="$1"), (secrets.token_hex(8),))
        self._pg.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self._check_references("NOT DEFERRABLE")
        migrate(self._pg, self._schema)

    def _check_references(self, when: str) -> None:
        for table, name in self._checked_at_once:
            self._pg.execute(f"ALTER TABLE {table} ALTER CONSTRAINT {name} {when}")


@contextmanager
def open_target(url: str, schema: int) -> Iterator[_Target]:
    address = parse_address(url)
    try:
        with connect(address, name="relay-archive", patient=True) as pg, pg.transaction():
            migrate(pg, address.schema, upto=schema)
            row = pg.execute("SELECT n FROM schema_version").fetchone()
            if row is None or row[0] != schema:
                raise DatabaseError(
                    f"The archive has schema {schema}, the database a newer one. Restore it into a new schema."
                )
            yield _Target(pg, address.schema, schema)
    except psycopg.Error as error:
        raise neutral(error) from error
