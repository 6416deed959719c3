"""How a database comes to its schema, on each engine, and whose databases are ours."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from relay.engine.database import (
    ConstraintViolated,
    DatabaseBusy,
    DatabaseError,
    Effect,
    SchemaTooNew,
    ValueRefused,
    open_database,
    postgres_connection,
)
from relay.engine.database.migrations import newest, schema_files
from relay.engine.database.sqlite import connect
from tests.support.doors import LIMIT_S, opened


async def test_a_database_of_a_newer_relay_is_left_alone(database_url: str) -> None:
    async with opened(database_url):
        pass
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as db:
            db.execute("PRAGMA user_version = 9999")
        db.close()
    else:
        address = postgres_connection.parse_address(database_url)
        with postgres_connection.connect(address, name="newer") as pg:
            pg.execute("UPDATE schema_version SET n = 9999")
    with pytest.raises(SchemaTooNew, match="9999"):
        async with opened(database_url):
            pass


def test_who_opens_a_new_file_waits_for_its_first_writer(tmp_path: Path) -> None:
    """SQLite's own waiting leaves out the change to a log of writes."""
    other = sqlite3.connect(tmp_path / "relay.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE written (by_the_other)")
    ends = threading.Timer(0.2, other.execute, ("COMMIT",))
    ends.start()
    with closing(connect(tmp_path / "relay.db")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    ends.join()
    other.close()


OPENS = """
import asyncio, sys
from relay.engine.database import Effect, open_database
async def main():
    db = open_database(sys.argv[1], effects=Effect, on_commit=lambda n, effects: None, on_lost=lambda n: None)
    print("open", await db.read(lambda r: r.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0]))
    await db.close()
sys.stdin.readline()
asyncio.run(main())
"""


def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for _ in range(5)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=LIMIT_S)[0].split() for process in processes]
    assert [words[0] for words in said] == ["open"] * 5
    assert len({words[1] for words in said}) == 1


async def test_both_engines_have_the_same_newest_schema(database_url: str) -> None:
    engine = database_url.split(":")[0]
    async with opened(database_url) as door:
        have = (
            "PRAGMA user_version" if engine == "sqlite" else "SELECT n FROM schema_version"
        )  # no statement of both
        assert await door.ask(have) == newest(schema_files("sqlite")) == newest(schema_files("postgresql"))


@pytest.mark.parametrize(
    "url",
    [
        "mysql://x/y",
        "postgresql://x/y?schema=a;drop",
        "postgresql://x/y?schema=Upper",
        "postgresql://x/y?schema=",
    ],
)
async def test_a_url_that_names_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError):
        open_database(url, effects=Effect, on_commit=lambda n, told: None, on_lost=lambda n: None)


def test_no_error_of_an_engine_is_one_of_the_doors() -> None:
    for ours in (DatabaseError, DatabaseBusy, ConstraintViolated, ValueRefused):
        assert not issubclass(ours, (sqlite3.Error, psycopg.Error))
