"""The database door: one suite for both engines, on a real file and a real PostgreSQL."""

import asyncio
import math
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from relay.engine.database import (
    Connection,
    ConstraintViolated,
    DatabaseBusy,
    DatabaseError,
    Effect,
    SchemaTooNew,
    Tx,
    ValueRefused,
    open_database,
    postgres_connection,
    postgres_writer,
    sqlite,
)
from relay.engine.database.migrations import newest, schema_files
from tests.support.doors import LIMIT_S, Counted, Door, Said, opened, say, void

TABLE = "CREATE TABLE jotting (id BIGINT PRIMARY KEY, body TEXT, x DOUBLE PRECISION, raw {blob})"


@pytest.fixture(params=["together", "alone"])
def grouped(request: pytest.FixtureRequest) -> bool:
    """Whether pieces share a group."""
    return bool(request.param == "together")


async def make_table(door: Door, url: str) -> None:
    await door.do(TABLE.format(blob="BLOB" if url.startswith("sqlite") else "BYTEA"))


async def outcomes(
    door: Door, pieces: list[Callable[[Tx], object]], *, grouped: bool
) -> list[object | BaseException]:
    """What each write gave or raised; grouped: the writer is held until all of them wait."""
    if not grouped:
        return [(await asyncio.gather(door.db.write(piece), return_exceptions=True))[0] for piece in pieces]
    go, inside = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(tx: Tx) -> None:
        loop.call_soon_threadsafe(inside.set)
        assert go.wait(LIMIT_S)

    holding = asyncio.create_task(door.db.write(hold))
    await inside.wait()
    waiting = [asyncio.ensure_future(door.db.write(piece)) for piece in pieces]
    await asyncio.sleep(0)  # let them ask
    go.set()
    await holding
    return await asyncio.gather(*waiting, return_exceptions=True)


def note(id_: int, body: str | None = None) -> Callable[[Tx], object]:
    return lambda tx: void(tx.db.execute("INSERT INTO jotting (id, body) VALUES (?, ?)", (id_, body)))


async def notes(door: Door) -> list[int]:
    return await door.db.read(lambda db: [row[0] for row in db.execute("SELECT id FROM jotting ORDER BY id")])


class Refused(Exception):
    pass


# writes -----------------------------------------------------------------------------------------------------------


async def test_work_that_fails_undoes_only_itself(database_url: str, grouped: bool) -> None:
    def bad(tx: Tx) -> None:
        tx.db.execute("INSERT INTO jotting (id) VALUES (99)")
        say(tx, "never")
        raise Refused

    async with opened(database_url) as door:
        await make_table(door, database_url)
        got = await outcomes(
            door,
            [note(1), bad, note(2), note(1), lambda tx: say(tx, "told"), lambda tx: tx.db.execute("SELECT nothing")],
            grouped=grouped,
        )  # fmt: skip
        assert [type(each) for each in got] == [
            type(None),
            Refused,
            type(None),
            ConstraintViolated,
            int,
            DatabaseError,
        ]
        assert await notes(door) == [1, 2]
        assert door.words == ["told"]


async def test_a_deferred_constraint_fails_only_the_piece_that_breaks_it(
    database_url: str, grouped: bool
) -> None:
    async with opened(database_url) as door:
        await make_table(door, database_url)
        await door.do(
            "CREATE TABLE jotting_reply (id BIGINT PRIMARY KEY, note_id BIGINT REFERENCES jotting (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        orphan = "INSERT INTO jotting_reply (id, note_id) VALUES (1, 77)"
        got = await outcomes(
            door, [note(1), lambda tx: void(tx.db.execute(orphan)), note(2)], grouped=grouped
        )
        assert [type(each) for each in got] == [type(None), ConstraintViolated, type(None)]
        assert await notes(door) == [1, 2]


async def test_effects_are_told_in_order_before_their_writer_is_answered(database_url: str) -> None:
    async with opened(database_url) as door:

        async def writer(word: str) -> None:
            number = await door.say(word)
            assert any(commit == number and word in map(_word, effects) for commit, effects in door.told)
            assert door.db.applied >= number

        await asyncio.gather(*(writer(str(n)) for n in range(100)))
        assert [commit for commit, _ in door.told] == list(range(1, len(door.told) + 1))
        assert all(effect.commit == commit for commit, effects in door.told for effect in effects)
        assert sorted(door.words, key=int) == [str(n) for n in range(100)]
        last = door.db.applied
    async with opened(database_url) as door:
        assert door.db.applied == last
        assert await door.say("again") == last + 1
        assert [commit for commit, _ in door.told] == [last + 1]


def _word(effect: Effect) -> str:
    return effect.word if isinstance(effect, Said) else ""


async def test_numbers_go_on_after_a_restart(database_url: str) -> None:
    for expected in (1, 2):
        async with opened(database_url) as door:
            assert door.db.applied == expected - 1
            assert await door.say("x") == expected
            assert [number for number, _ in door.told] == [expected]


async def test_a_snapshot_that_shows_a_number_contains_what_it_told(database_url: str) -> None:
    def count(tx: Tx) -> None:
        (count,) = tx.db.execute("UPDATE jotting SET id = id + 1 RETURNING id").fetchone()
        tx.effects.append(Counted(commit=tx.commit, count=count))

    async with opened(database_url) as door:
        await make_table(door, database_url)
        await door.do("INSERT INTO jotting (id) VALUES (0)")
        writing = asyncio.gather(*(door.db.write(count) for _ in range(200)))
        shown = []
        while not writing.done():
            shown.append(
                await door.db.read(
                    lambda db: (
                        db.execute("SELECT n FROM commits").fetchone()[0],
                        db.execute("SELECT id FROM jotting").fetchone()[0],
                    )
                )
            )
        await writing
        counts = {0: 0} | {
            commit: max(effect.count for effect in effects if isinstance(effect, Counted))
            for commit, effects in door.told
        }
        assert [counts[commit] for commit, _ in shown] == [count for _, count in shown]


async def test_a_caller_that_goes_away_leaves_its_work_in_the_group(database_url: str) -> None:
    async with opened(database_url) as door:
        await make_table(door, database_url)
        going = asyncio.create_task(door.db.write(note(1)))
        await asyncio.sleep(0)
        going.cancel()
        await door.db.write(note(2))
        assert await notes(door) == [1, 2]


async def test_effects_that_could_not_be_told_elsewhere_are_refused(database_url: str) -> None:
    async with opened(database_url, effects=Said) as door:
        await make_table(door, database_url)

        def unregistered(tx: Tx) -> None:
            tx.db.execute("INSERT INTO jotting (id) VALUES (1)")
            tx.effects.append(Counted(commit=tx.commit, count=1))

        with pytest.raises(TypeError, match="Counted is no registered effect"):
            await door.db.write(unregistered)
        with pytest.raises(TypeError, match="no place in the order of commits"):
            await door.db.write(lambda tx: say(tx, "apart"), apart=True)
        assert await notes(door) == []
        assert door.told == []


async def test_work_that_is_apart_is_saved_and_told_its_errors(database_url: str) -> None:
    async with opened(database_url) as door:
        await make_table(door, database_url)
        await asyncio.gather(*(door.db.write(note(n), apart=True) for n in range(50)))
        with pytest.raises(ConstraintViolated):
            await door.db.write(note(7), apart=True)
        assert await notes(door) == list(range(50))
        assert door.told == [] and door.db.applied == 0


# reads ------------------------------------------------------------------------------------------------------------


async def _read_around_a_write(door: Door) -> tuple[int, int]:
    loop = asyncio.get_running_loop()
    first_read, written = asyncio.Event(), threading.Event()

    def work(db: Connection) -> tuple[int, int]:
        count = "SELECT count(*) FROM jotting"
        before: int = db.execute(count).fetchone()[0]
        loop.call_soon_threadsafe(first_read.set)
        assert written.wait(LIMIT_S)
        return before, db.execute(count).fetchone()[0]

    reading = asyncio.create_task(door.db.read(work))
    await first_read.wait()
    await door.db.write(note(1))
    written.set()
    return await reading


async def test_a_read_sees_one_snapshot(database_url: str) -> None:
    async with opened(database_url) as door:
        await make_table(door, database_url)
        assert await _read_around_a_write(door) == (0, 0)
        assert await notes(door) == [1]


async def test_each_read_sees_what_was_answered_before_it(database_url: str) -> None:
    async with opened(database_url) as door:
        await make_table(door, database_url)
        for n in range(1, 20):
            await door.db.write(note(n))
            assert await door.ask("SELECT count(*) FROM jotting") == n
            assert len(await notes(door)) == n


async def test_reads_and_work_apart_do_not_wait_for_a_group(database_url: str) -> None:
    go, inside = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(tx: Tx) -> None:
        tx.db.execute("INSERT INTO jotting (id) VALUES (1)")
        loop.call_soon_threadsafe(inside.set)
        assert go.wait(LIMIT_S)

    async with opened(database_url) as door:
        await make_table(door, database_url)
        writing = asyncio.create_task(door.db.write(slow))
        await inside.wait()
        assert await notes(door) == []
        if database_url.startswith("postgresql"):
            await door.db.write(note(2), apart=True)
            assert await notes(door) == [2]
        go.set()
        await writing


@pytest.mark.parametrize("snapshot", [True, False])
async def test_readers_cannot_write_and_read_on(database_url: str, snapshot: bool) -> None:
    async with opened(database_url) as door:
        await make_table(door, database_url)
        for _ in range(3):
            with pytest.raises(DatabaseError):
                await door.db.read(
                    lambda db: db.execute("INSERT INTO jotting (id) VALUES (1) RETURNING id").fetchone(),
                    snapshot=snapshot,
                )
        with pytest.raises(Refused):
            await door.db.read(_refuse, snapshot=snapshot)
        assert await notes(door) == []


def _refuse(db: Connection) -> None:
    db.execute("SELECT 1")
    raise Refused


# values and errors ------------------------------------------------------------------------------------------------


async def test_values_come_back_as_they_went_in(database_url: str) -> None:
    texts = [
        "",
        "plain",
        "it's",
        '"quoted"',
        "back\\slash %s ? :name $1",
        "é ü 漢字 🎹",
        "line\nbreak\t\x01\x7f",
    ]
    numbers = [0, 1, -1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)]
    floats = [-0.0, -1.5, 1e300, 5e-324, float("inf"), float("-inf"), 0.1]
    blobs = [b"", b"\0\xff", bytes(range(256))]

    def keep(tx: Tx) -> None:
        for id_, body, x, raw in zip(numbers, texts, floats, [*blobs, None, None, None, None], strict=True):
            tx.db.execute(
                "INSERT INTO jotting (id, body, x, raw) VALUES (:id, :body, :x, :raw)",
                {"id": id_, "body": body, "x": x, "raw": raw, "more": "is not asked for"},
            )

    async with opened(database_url) as door:
        await make_table(door, database_url)
        await door.db.write(keep)
        rows = await door.db.read(lambda db: db.execute("SELECT id, body, x, raw FROM jotting").fetchall())
        by_id = {row[0]: row for row in rows}
        assert [by_id[id_][1:] for id_ in numbers] == list(
            zip(texts, floats, [*blobs, None, None, None, None], strict=True)
        )
        assert {type(value) for row in rows for value in row} == {int, str, float, bytes, type(None)}
        zeros = await door.db.read(lambda db: db.execute("SELECT x FROM jotting WHERE x = 0").fetchall())
        assert [math.copysign(1, x) for (x,) in zeros] == [1]
        flags = await door.db.read(
            lambda db: db.execute("SELECT ?, CAST(? AS INTEGER), CAST(? AS INTEGER)", (True, None, 2**40)).fetchone()
        )  # fmt: skip
        assert flags == (1, None, 2**40)


@pytest.mark.parametrize("value", ["a\0b", "\ud800", 2**63, -(2**63) - 1, float("nan")])
async def test_what_one_engine_cannot_hold_is_refused_by_both(database_url: str, value: object) -> None:
    async with opened(database_url) as door:
        for values in ((value,), [value]):
            with pytest.raises(ValueRefused):
                await door.db.read(lambda db, values=values: db.execute("SELECT ?", values).fetchone())  # type: ignore[misc]
        with pytest.raises(ValueRefused):
            await door.db.write(lambda tx: void(tx.db.execute("SELECT :x", {"x": value})))


@pytest.mark.parametrize(
    ("sql", "values", "kind"),
    [
        ("SELEC 1", (), DatabaseError),
        ("SELECT x FROM no_such_table", (), DatabaseError),
        ("SELECT ?", (), DatabaseError),
        ("SELECT ?", (1, 2), DatabaseError),
        ("SELECT :a", {"b": 1}, DatabaseError),
        ("INSERT INTO jotting (id) VALUES (1)", (), ConstraintViolated),
        ("INSERT INTO jotting (id, body) VALUES (2, 'x')", (), ConstraintViolated),
        ("INSERT INTO jotting (id, body) VALUES (3, NULL)", (), ConstraintViolated),
        ("INSERT INTO jotting (id, body, parent) VALUES (3, 'long', 7)", (), ConstraintViolated),
    ],
)
async def test_errors_are_the_doors_own(
    database_url: str, sql: str, values: tuple[object, ...], kind: type[DatabaseError]
) -> None:
    async with opened(database_url) as door:
        await door.do(
            "CREATE TABLE jotting (id BIGINT PRIMARY KEY, body TEXT NOT NULL CHECK (length(body) > 2),"
            " parent BIGINT REFERENCES jotting (id))"
        )
        await door.do("INSERT INTO jotting (id, body) VALUES (1, 'first')")
        for write in (_once, _with_another):
            with pytest.raises(DatabaseError) as raised:
                await write(door, lambda tx: void(tx.db.execute(sql, values)))
            assert type(raised.value) is kind
        assert await notes(door) == [1]


async def _once(door: Door, work: Callable[[Tx], None]) -> None:
    await door.db.write(work)


async def _with_another(door: Door, work: Callable[[Tx], None]) -> None:
    ok, bad = await outcomes(door, [lambda tx: None, work], grouped=True)
    assert ok is None
    assert isinstance(bad, BaseException)
    raise bad


async def test_the_same_statements_say_the_same(database_url: str) -> None:
    statements: dict[str, object] = {
        "SELECT sum(id) FROM jotting": 7,
        "SELECT avg(id) FROM jotting": 7 / 3,
        "SELECT count(*) FROM jotting WHERE body IS NULL": 0,
        "SELECT max(x) FROM jotting": 2.5,
        "SELECT substr(body, 1, 1) FROM jotting WHERE id = 1": "Z",
        "SELECT json_group_array(body) FROM (SELECT body FROM jotting ORDER BY body) AS sorted": '["Z","a","é"]',
        "SELECT length(raw) FROM jotting WHERE id = 1": 3,
        "SELECT lower('ÀBC')": "Àbc",
        "SELECT 7 / 2": 3,
        "SELECT '?' || ':no' || ' it''s -- no comment'": "?:no it's -- no comment",
        "SELECT (SELECT 1 FROM jotting WHERE id = 99) IS NOT NULL": False,
        "SELECT CASE WHEN id = 2 THEN 'two' ELSE 'other' END FROM jotting WHERE id = 2 -- a ? comment": "two",
    }
    async with opened(database_url) as door:
        await make_table(door, database_url)
        for id_, body, x in ((1, "Z", 0.5), (2, "a", 2.5), (4, "é", 1.0)):
            await door.do(
                "INSERT INTO jotting (id, body, x, raw) VALUES (?, ?, ?, ?)", id_, body, x, b"\0\1\2"
            )
        for sql, expected in statements.items():
            found = await door.ask(sql)
            assert found == expected, sql
            assert type(found) is type(expected) or isinstance(expected, bool), sql
        order = await door.db.read(
            lambda db: db.execute("SELECT body FROM jotting WHERE id > :least ORDER BY body", {"least": 0}).fetchall()
        )  # fmt: skip
        assert order == ([("Z",), ("a",), ("é",)])
        limited = "SELECT substr(body, ?, ?) FROM jotting ORDER BY id LIMIT ?"
        assert await door.ask(limited, 1, 1, 1) == "Z"


async def test_a_lock_that_is_held_too_long_is_busy(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 100)
    monkeypatch.setitem(postgres_connection._SETTINGS, "lock_timeout", "100ms")
    monkeypatch.setattr(postgres_writer, "WAIT_S", 0.1)
    async with opened(database_url) as door:
        await make_table(door, database_url)
        release = await asyncio.to_thread(_hold_the_lock, database_url)
        with pytest.raises(DatabaseBusy):
            await door.db.write(note(1))
        release()
        await door.db.write(note(2))
        assert await notes(door) == [2]


def _hold_the_lock(url: str) -> Callable[[], None]:
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        return other.close
    pg = postgres_connection.connect(postgres_connection.parse_address(url), name="other")
    pg.execute("BEGIN")
    pg.execute("SELECT n FROM commits FOR UPDATE")
    return pg.close


async def test_a_full_disk_is_busy_and_costs_nothing_that_was_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'relay.db'}"
    async with opened(url) as door:
        await make_table(door, url)
        await door.db.write(note(1))
        pages = await door.ask("PRAGMA page_count")
        await door.do(
            f"PRAGMA max_page_count = {pages + 2}"
        )  # no statement of ours: the writer's file may not grow
        with pytest.raises(DatabaseBusy):
            await door.do("INSERT INTO jotting (id, body) VALUES (2, ?)", "x" * 100_000)
        assert await notes(door) == [1]
        await door.do(f"PRAGMA max_page_count = {pages + 1000}")
        await door.db.write(note(3))
        assert await notes(door) == [1, 3]


# schema -----------------------------------------------------------------------------------------------------------


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
    "url", ["mysql://x/y", "postgresql://x/y?schema=a;drop", "postgresql://x/y?schema=Upper", "postgresql://x/y?schema="]
)  # fmt: skip
async def test_a_url_that_names_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError):
        open_database(url, effects=Effect, on_commit=lambda n, told: None, on_lost=lambda n: None)


def test_no_error_of_an_engine_is_one_of_the_doors() -> None:
    for ours in (DatabaseError, DatabaseBusy, ConstraintViolated, ValueRefused):
        assert not issubclass(ours, (sqlite3.Error, psycopg.Error))
