"""Several processes on one PostgreSQL: who is told what, in which order, and what happens when one of them breaks."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from relay.engine.database import Effect, Tx, migrations, postgres_connection, postgres_log
from tests.support.doors import LIMIT_S, Counted, Door, Said, opened, say
from tests.support.postgres import PostgresServer, schema_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def schema(postgres: PostgresServer) -> Iterator[str]:
    with schema_of(postgres) as name:
        yield name


def direct(postgres: PostgresServer, schema: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Behind the doors' backs."""
    return psycopg.connect(postgres.url(), autocommit=True, options=f"-c search_path={schema}")


async def test_three_doors_are_told_the_same_in_the_same_order(postgres: PostgresServer, schema: str) -> None:
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(opened(postgres.url(schema))) for _ in range(3)]
        await asyncio.gather(*(doors[n % 3].say(str(n)) for n in range(300)))
        last = max(door.db.applied for door in doors)
        for door in doors:
            await door.until(lambda door=door: door.db.applied == last)  # type: ignore[misc]
            assert [commit for commit, _ in door.told] == list(range(1, last + 1))
            assert door.told == doors[0].told
            assert sorted(door.words, key=int) == [str(n) for n in range(300)]
            assert not door.lost


async def test_a_role_needs_no_rights_but_those_of_its_schema(
    postgres: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres_connection._SETTINGS, "lock_timeout", "300ms")
    monkeypatch.setattr(postgres_connection, "FROZEN_S", 0.3)
    role = f"role_{schema}"
    with psycopg.connect(postgres.url(), autocommit=True) as pg:
        for statement in (
            f"CREATE SCHEMA {schema}",
            f"CREATE ROLE {role} LOGIN",
            f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}",
        ):
            pg.execute(statement)
    url = postgres.url(schema).replace("postgres@", f"{role}@")
    async with opened(url) as one, opened(url) as other:
        await one.do("CREATE TABLE jotting (id BIGINT PRIMARY KEY)")
        with process_in_a_group(url) as frozen:
            frozen.send_signal(signal.SIGSTOP)
            await one.say("goes on")
        await other.until(lambda: other.words == ["goes on"])
    with psycopg.connect(postgres.url(), autocommit=True) as pg:
        pg.execute(f"DROP OWNED BY {role} CASCADE")
        pg.execute(f"DROP ROLE {role}")


async def test_writes_of_two_processes_never_overlap(postgres: PostgresServer, schema: str) -> None:
    """Read, think, write, without a lock of one's own: nothing is lost."""

    def increase(tx: Tx) -> None:
        (value,) = tx.db.execute("SELECT value FROM jotting_count").fetchone()
        tx.db.execute("UPDATE jotting_count SET value = ?", (value + 1,))

    async with opened(postgres.url(schema)) as one, opened(postgres.url(schema)) as other:
        await one.do("CREATE TABLE jotting_count (value BIGINT)")
        await one.do("INSERT INTO jotting_count (value) VALUES (0)")
        await asyncio.gather(*(door.db.write(increase) for door in [one, other] * 100))
        assert await one.ask("SELECT value FROM jotting_count") == 200


async def test_a_door_that_opens_later_starts_at_what_is_committed(
    postgres: PostgresServer, schema: str
) -> None:
    async with opened(postgres.url(schema)) as early:
        await early.say("before")
        async with opened(postgres.url(schema)) as late:
            assert late.db.applied == 1
            await early.say("after")
            await late.until(lambda: late.words == ["after"])


async def test_types_that_only_a_newer_process_knows_are_skipped(
    postgres: PostgresServer, schema: str
) -> None:
    async with opened(postgres.url(schema)) as new, opened(postgres.url(schema), effects=Said) as old:

        def both(tx: Tx) -> None:
            tx.effects.append(Counted(commit=tx.commit, count=1))
            say(tx, "known")

        await new.db.write(both)
        await new.db.write(lambda tx: tx.effects.append(Counted(commit=tx.commit, count=2)))
        await old.until(lambda: old.db.applied == 2)
        assert old.told == [(1, [Said(commit=1, word="known")]), (2, [])]
        assert not old.lost


class SaidLater(Effect, frozen=True, kw_only=True, tag="Said"):
    """As the next version has it."""

    word: str
    language: str


async def test_a_known_type_without_a_field_that_we_need_is_lost_and_not_guessed(
    postgres: PostgresServer, schema: str
) -> None:
    async with (
        opened(postgres.url(schema), effects=Said) as old,
        opened(postgres.url(schema), effects=SaidLater) as new,
    ):
        await old.say("no language")
        await new.until(lambda: new.lost == [1])
        await new.db.write(lambda tx: tx.effects.append(SaidLater(commit=tx.commit, word="b", language="c")))
        await old.until(lambda: old.words == ["no language", "b"])  # a field more does no harm
        assert new.told == [(2, [SaidLater(commit=2, word="b", language="c")])]


# the log is not what it should be -------------------------------------------------------------------------------------


async def test_what_was_trimmed_from_the_log_is_told_as_lost(postgres: PostgresServer, schema: str) -> None:
    async with opened(postgres.url(schema)) as door:
        await door.say("first")
        with direct(postgres, schema) as pg, pg.transaction():
            pg.execute("UPDATE commits SET n = 9")
            pg.execute("INSERT INTO commit_log (n, effects) VALUES (9, '\\x90')")
            pg.execute(f"SELECT pg_notify('relay_{schema}', '9')")
        await door.until(lambda: door.lost == [9])
        assert await door.say("next") == 10
        assert [commit for commit, _ in door.told] == [1, 10]


async def test_our_own_commit_does_not_jump_over_what_was_trimmed(
    postgres: PostgresServer, schema: str
) -> None:
    async with opened(postgres.url(schema)) as door:
        await door.say("first")
        with direct(postgres, schema) as pg:
            pg.execute("UPDATE commits SET n = 9")  # and no word of it in the log
        assert await door.say("tenth") == 10
        await door.until(lambda: door.db.applied >= 10)
        assert door.lost and door.lost[-1] in (9, 10)


async def test_the_log_keeps_so_many_commits(
    postgres: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.engine.database.postgres_writer.KEPT_LOG", 10)
    monkeypatch.setattr("relay.engine.database.postgres_writer.TRIM_EVERY", 5)
    async with opened(postgres.url(schema)) as door:
        for n in range(32):
            await door.say(str(n))
        assert await door.ask("SELECT min(n) FROM commit_log") == 21
        assert await door.ask("SELECT max(n) FROM commit_log") == 32


async def test_numbers_that_were_set_back_end_every_cursor_once(
    postgres: PostgresServer, schema: str
) -> None:
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(opened(postgres.url(schema))) for _ in range(3)]
        await asyncio.gather(*(doors[0].say(str(n)) for n in range(20)))
        last = doors[0].db.applied
        for door in doors:
            await door.until(lambda door=door: door.db.applied == last)  # type: ignore[misc]
        before = await epoch(doors[0])
        with direct(postgres, schema) as pg, pg.transaction():  # as if restored from a copy of the disk
            pg.execute("UPDATE commits SET n = n - 1")
            pg.execute("DELETE FROM commit_log WHERE n = %s", (last,))
        for door in doors:
            await door.until(lambda door=door: door.lost == [last - 1])  # type: ignore[misc]
        rotated = await epoch(doors[0])
        assert rotated != before
        assert await doors[1].say("goes on") == last
        for door in doors:
            await door.until(lambda door=door: door.words[-1:] == ["goes on"])  # type: ignore[misc]
            assert door.lost == [last - 1]
        assert await epoch(doors[0]) == rotated


async def test_another_time_line_ends_every_cursor_once(postgres: PostgresServer, schema: str) -> None:
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(opened(postgres.url(schema))) for _ in range(3)]
        await doors[0].say("before")
        before = await epoch(doors[0])
        with direct(postgres, schema) as pg:
            pg.execute("UPDATE meta SET value = '1/00000009' WHERE key = 'lineage'")
            end_connections(pg)
        for door in doors:
            await door.until(lambda door=door: len(door.lost) == 1)  # type: ignore[misc]
        rotated = await epoch(doors[0])
        assert rotated != before
        await asyncio.gather(*(door.say("after") for door in doors))
        last = max(door.db.applied for door in doors)
        for door in doors:
            await door.until(lambda door=door: door.db.applied == last)  # type: ignore[misc]
            assert len(door.lost) == 1
        assert await epoch(doors[0]) == rotated


async def epoch(door: Door) -> str:
    return str(await door.ask("SELECT value FROM meta WHERE key = 'epoch'"))


def end_connections(pg: "psycopg.Connection[tuple[object, ...]]", name: str = "relay-%") -> None:
    pg.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s", (name,)
    )


# connections and processes that break ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["relay-reader", "relay-writer", "relay-log", "relay-apart"])
async def test_a_connection_that_was_ended_is_made_anew(
    postgres: PostgresServer, schema: str, name: str
) -> None:
    async with opened(postgres.url(schema)) as door, opened(postgres.url(schema)) as other:
        await door.do("CREATE TABLE jotting (id BIGINT PRIMARY KEY)")
        for n in range(3):
            await door.do("INSERT INTO jotting (id) VALUES (?)", n, apart=True)
            await asyncio.gather(door.say("one"), other.say("other"))
            for each in (door, other):
                await each.until(lambda each=each, n=n: len(each.words) == 2 * n + 2)  # type: ignore[misc]
            with direct(postgres, schema) as pg:
                end_connections(pg, name)
        assert await door.ask("SELECT count(*) FROM jotting") == 3
        assert not door.lost and not other.lost


async def test_an_announcement_that_got_lost_is_asked_for(
    postgres: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_log, "POLL_S", 0.05)
    async with opened(postgres.url(schema)) as door:
        with direct(postgres, schema) as pg, pg.transaction():
            pg.execute("UPDATE commits SET n = 1")
            pg.execute("INSERT INTO commit_log (n, effects) VALUES (1, '\\x90')")  # and no NOTIFY
        await door.until(lambda: door.told == [(1, [])])


IN_A_GROUP = """
import asyncio, sys
from tests.support.doors import opened, say
runs = 0
def work(tx):
    global runs
    runs += 1
    tx.db.execute("INSERT INTO jotting (id) VALUES (1)")
    say(tx, "frozen")
    if runs == 1:
        tx.db.execute("SELECT 1").fetchone()
        print("inside", flush=True)
        sys.stdin.readline()
async def main():
    async with opened(sys.argv[1]) as door:
        await door.db.write(work)
        print("saved", runs, flush=True)
asyncio.run(main())
"""


@contextmanager
def process_in_a_group(url: str) -> Iterator["subprocess.Popen[str]"]:
    """It has inserted note 1 and has not committed."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_GROUP, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_a_process_that_freezes_inside_a_group_stops_nobody_and_saves_once(
    postgres: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres_connection._SETTINGS, "lock_timeout", "300ms")
    monkeypatch.setattr(postgres_connection, "FROZEN_S", 0.3)
    async with opened(postgres.url(schema)) as door:
        await door.do("CREATE TABLE jotting (id BIGINT PRIMARY KEY)")
        with process_in_a_group(postgres.url(schema)) as frozen:
            frozen.send_signal(signal.SIGSTOP)
            await door.say("goes on")
            assert await door.ask("SELECT count(*) FROM jotting") == 0
            frozen.send_signal(signal.SIGCONT)
            out, _ = await asyncio.to_thread(frozen.communicate, "\n", LIMIT_S)
        assert out == "saved 2\n"
        await door.until(lambda: door.words == ["goes on", "frozen"])
        assert await door.ask("SELECT count(*) FROM jotting") == 1


async def test_a_process_that_freezes_inside_a_group_stops_no_migration(
    postgres: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(postgres_connection._SETTINGS, "lock_timeout", "300ms")
    monkeypatch.setattr(postgres_connection, "FROZEN_S", 0.3)
    async with opened(postgres.url(schema)) as door:
        await door.do("CREATE TABLE jotting (id BIGINT PRIMARY KEY)")
    for each in migrations.FOLDER.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    (tmp_path / "9000_mood.sql").write_text(
        "ALTER TABLE jotting ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';"
    )
    with process_in_a_group(postgres.url(schema)) as frozen:
        frozen.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(migrations, "FOLDER", tmp_path)
        async with opened(postgres.url(schema)) as door:
            frozen.send_signal(signal.SIGCONT)
            out, _ = await asyncio.to_thread(frozen.communicate, "\n", LIMIT_S)
            assert out == "saved 2\n"
            assert await door.ask("SELECT mood FROM jotting") == "calm"


async def test_a_process_that_is_killed_inside_a_group_leaves_nothing(
    postgres: PostgresServer, schema: str
) -> None:
    async with opened(postgres.url(schema)) as door:
        await door.do("CREATE TABLE jotting (id BIGINT PRIMARY KEY)")
        with process_in_a_group(postgres.url(schema)) as process:
            process.kill()
            await door.say("goes on")
        assert await door.ask("SELECT count(*) FROM jotting") == 0
        assert door.told == [(1, [Said(commit=1, word="goes on")])]
