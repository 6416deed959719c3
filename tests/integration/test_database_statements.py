"""Every statement that the relay has as a constant can be prepared on both engines, whether or not a test runs it."""

import ast
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from relay.engine.database import dialect, postgres_connection, sqlite
from relay.engine.database.postgres import migrate as migrate_postgres
from tests.support.postgres import PostgresServer, schema_of

RELAY = Path(__file__).parents[2] / "relay"
OF_ONE_ENGINE = ("engine/database/", "engine/bus/notify.py")
FORBIDDEN = {
    r"\bGLOB\b": "substr(x, 1, n) = ?",
    r"\bINSERT OR\b": "ON CONFLICT",
    r"\bLIMIT -1\b": "a large literal",
    r"\bifnull\(": "coalesce",
    r"\bINSERT INTO \w+ VALUES\b": "columns by name",
    r"\b(rowid|last_insert_rowid)\b": "RETURNING",
    r"\bAS any\b": "another alias",
}


def statements() -> Iterator[tuple[str, str]]:
    """(where, SQL) of each `….execute(SQL …)` whose SQL is a constant, written there or named in the module."""
    for path in sorted(RELAY.rglob("*.py")):
        where = path.relative_to(RELAY).as_posix()
        if where.startswith(OF_ONE_ENGINE):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            given = node.args[0]
            sql = named.get(given.id) if isinstance(given, ast.Name) else getattr(given, "value", None)
            if node.func.attr == "execute" and isinstance(sql, str):
                yield f"{where}:{given.lineno}", sql


STATEMENTS = list(statements())


@pytest.fixture(scope="module")
def pg(postgres: PostgresServer) -> Iterator[postgres_connection.Postgres]:
    with schema_of(postgres) as schema:
        address = postgres_connection.parse_address(postgres.url(schema))
        with postgres_connection.connect(address, name="statements") as pg:
            migrate_postgres(pg, schema)
            yield pg


@pytest.fixture(scope="module")
def lite() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    sqlite.migrate(db)
    yield db
    db.close()


def test_there_are_many() -> None:
    assert len(STATEMENTS) > 100


def test_postgresql_prepares_each(pg: postgres_connection.Postgres) -> None:
    refused = {}
    for where, sql in STATEMENTS:
        try:
            pg.execute(f"PREPARE one AS {dialect.statement(sql).text}", prepare=False)
            pg.execute("DEALLOCATE one", prepare=False)
        except psycopg.Error as error:
            refused[where] = f"{error}"
    assert not refused


def test_sqlite_prepares_each(lite: sqlite3.Connection) -> None:
    refused = {}
    for where, sql in STATEMENTS:
        made = dialect.statement(sql)
        values = dict.fromkeys(made.names) if made.names else (None,) * made.marks
        try:
            lite.execute(f"EXPLAIN {sql}", values)
        except sqlite3.Error as error:
            refused[where] = f"{error}"
    assert not refused


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_what_only_one_engine_understands_is_not_used(pattern: str) -> None:
    found = [where for where, sql in STATEMENTS if re.search(pattern, sql)]
    assert not found, f"write {FORBIDDEN[pattern]}"
