"""The database door, writes and reads: one suite for both engines, on a real file and a real PostgreSQL."""

import asyncio
import threading

import pytest

from relay.engine.database import (
    Connection,
    ConstraintViolated,
    DatabaseError,
    Effect,
    Tx,
)
from tests.support.doors import (
    LIMIT_S,
    Counted,
    Door,
    Said,
    make_table,
    note,
    notes,
    opened,
    outcomes,
    say,
    void,
)


@pytest.fixture(params=["together", "alone"])
def grouped(request: pytest.FixtureRequest) -> bool:
    """Whether pieces share a group."""
    return bool(request.param == "together")


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
            [
                note(1),
                bad,
                note(2),
                note(1),
                lambda tx: say(tx, "told"),
                lambda tx: tx.db.execute("SELECT nothing"),
            ],
            grouped=grouped,
        )
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
