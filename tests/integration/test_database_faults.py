"""PostgreSQL and the line to it break, in every way that we know: what was answered is saved, once, and told, once."""

import asyncio
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from relay.engine.database import DatabaseBusy, OutcomeUnknown, Tx, postgres_writer
from tests.support.doors import LIMIT_S, Door, opened, say
from tests.support.postgres import PostgresServer, postgres_server, schema_of, stand_by
from tests.support.postgres_line import Line, line_to

TABLE = "CREATE TABLE jotting (id BIGINT PRIMARY KEY)"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that these tests may break, and mend."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def schema(server: PostgresServer) -> Iterator[str]:
    with schema_of(server) as name:
        yield name


@pytest.fixture
def line(server: PostgresServer) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="line-") as folder, line_to(Path(folder), server.folder) as line:
        yield line


def count_behind(server: PostgresServer, schema: str) -> int:
    with psycopg.connect(server.url(), options=f"-c search_path={schema}") as pg:
        row = pg.execute("SELECT count(*) FROM jotting").fetchone()
        assert row is not None
        return int(row[0])


# the answer of a COMMIT is lost ---------------------------------------------------------------------------------------


class Breaking:
    """Work that breaks the line at its end, at its first run."""

    def __init__(self, line: Line, *, requests: bool) -> None:
        self._line = line
        self._requests = requests
        self.runs = 0
        self.broken = threading.Event()

    def __call__(self, tx: Tx) -> int:
        self.runs += 1
        tx.db.execute("INSERT INTO jotting (id) VALUES (1) RETURNING id").fetchone()
        if self.runs == 1:
            self._line.lose_replies = True
            self._line.lose_requests = self._requests
            self.broken.set()
        return say(tx, "told")


async def committed(server: PostgresServer, schema: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while await asyncio.to_thread(count_behind, server, schema) == 0:
            await asyncio.sleep(0.01)


async def test_a_commit_whose_answer_is_lost_is_answered_when_it_took_place(
    server: PostgresServer, schema: str, line: Line
) -> None:
    async with opened(line.url(schema)) as door:
        await door.do(TABLE)
        work = Breaking(line, requests=False)
        writing = asyncio.create_task(door.db.write(work))
        await committed(server, schema)
        assert not writing.done()
        line.cut()
        assert await writing == 1
        assert work.runs == 1
        assert count_behind(server, schema) == 1
        assert await door.say("next") == 2
        assert door.words == ["told", "next"] and not door.lost


async def test_a_commit_that_never_arrived_is_done_again(
    server: PostgresServer, schema: str, line: Line
) -> None:
    async with opened(line.url(schema)) as door:
        await door.do(TABLE)
        work = Breaking(line, requests=True)
        writing = asyncio.create_task(door.db.write(work))
        assert await asyncio.to_thread(work.broken.wait, LIMIT_S)
        line.cut()
        assert await writing == 1
        assert work.runs == 2
        assert count_behind(server, schema) == 1
        assert door.words == ["told"] and not door.lost


async def test_a_commit_of_which_nobody_can_tell_is_said_to_be_unknown_and_told_when_it_is_known(
    server: PostgresServer, schema: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_writer, "DECIDE_S", 0.3)
    async with opened(line.url(schema)) as door:
        await door.do(TABLE)
        writing = asyncio.create_task(door.db.write(Breaking(line, requests=False)))
        await committed(server, schema)
        line.refuse = True
        line.cut()
        with pytest.raises(OutcomeUnknown):
            await writing
        line.refuse = False
        assert await door.say("next") == 2
        assert door.words == ["told", "next"] and not door.lost


async def test_work_that_is_apart_is_as_safe(server: PostgresServer, schema: str, line: Line) -> None:
    async with opened(line.url(schema)) as door:
        await door.do(TABLE)
        runs = 0

        def work(tx: Tx) -> None:
            nonlocal runs
            runs += 1
            tx.db.execute("INSERT INTO jotting (id) VALUES (1) RETURNING id").fetchone()
            line.lose_replies = runs == 1

        writing = asyncio.create_task(door.db.write(work, apart=True))
        await committed(server, schema)
        line.cut()
        await writing
        assert runs == 1


# the server is away ---------------------------------------------------------------------------------------------------


async def test_without_a_server_reads_are_busy_at_once_and_writes_after_a_while(
    server: PostgresServer, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_writer, "WAIT_S", 0.2)
    async with opened(server.url(schema)) as door:
        await door.do(TABLE)
        server.stop()
        try:
            with pytest.raises(DatabaseBusy):
                await door.ask("SELECT count(*) FROM jotting")
            got = await asyncio.gather(
                *(door.do("INSERT INTO jotting (id) VALUES (?)", n, apart=n % 2 == 0) for n in range(40)),
                return_exceptions=True,
            )
            assert {type(each) for each in got} == {DatabaseBusy}
            assert door.db.silent_s > 0
        finally:
            server.start()
        await door.say("again")
        assert await door.ask("SELECT count(*) FROM jotting") == 0
        await door.until(lambda: door.db.silent_s < postgres_writer.WAIT_S or door.words == ["again"])
        assert not door.lost


async def test_a_write_waits_for_a_server_that_restarts(server: PostgresServer, schema: str) -> None:
    async with opened(server.url(schema)) as door:
        await door.say("before")
        server.stop()
        writing = asyncio.create_task(door.say("meanwhile"))
        server.start()
        assert await writing == 2
        assert door.words == ["before", "meanwhile"]


async def test_without_a_server_no_door_is_opened(line: Line) -> None:
    line.refuse = True
    with pytest.raises(DatabaseBusy):
        async with opened(line.url("nowhere")):
            pass


async def test_a_stand_by_that_takes_over_is_another_history(
    server: PostgresServer, schema: str, line: Line
) -> None:
    """It had not heard of the last commit, and gives its number to another one."""
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(opened(line.url(schema))) for _ in range(2)]
        await doors[0].say("both have it")
        other = stack.enter_context(stand_by(server))
        until_followed(server, other)
        other.pause()
        await doors[0].say("only the first has it")
        for door in doors:
            await door.until(lambda door=door: door.db.applied == 2)  # type: ignore[misc]
        before = await doors[0].ask(EPOCH)
        other.take_over()
        line.server = other.folder
        line.cut()
        assert await doors[1].say("on the other one") == 2
        assert await doors[1].say("and once more") == 3
        for door in doors:
            await door.until(lambda door=door: door.lost and door.db.applied == 3)  # type: ignore[misc]
            (lost,) = door.lost  # whoever is connected then reads anew all up to that
            after = ["on the other one", "and once more"][lost - 1 :]
            assert door.words == ["both have it", "only the first has it", *after]
        assert await doors[0].ask(EPOCH) not in ("", before)


EPOCH = "SELECT value FROM meta WHERE key = 'epoch'"


def until_followed(server: PostgresServer, other: PostgresServer) -> None:
    with psycopg.connect(server.url()) as pg, psycopg.connect(other.url(), autocommit=True) as there:
        (at,) = pg.execute("SELECT pg_current_wal_lsn()::text").fetchone() or ("",)
        until = time.monotonic() + LIMIT_S
        while there.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", (at,)).fetchone() != (True,):
            assert time.monotonic() < until
            time.sleep(0.01)


# everything at once ---------------------------------------------------------------------------------------------------


class Ledger:
    """What each write was told. Ids are given once."""

    def __init__(self) -> None:
        self.next = 0
        self.saved: set[int] = set()
        self.refused: set[int] = set()
        self.unknown: set[int] = set()

    async def write(self, door: Door) -> None:
        id_, self.next = self.next, self.next + 1

        def work(tx: Tx) -> None:
            tx.db.execute("INSERT INTO jotting (id) VALUES (?)", (id_,))
            say(tx, str(id_))

        try:
            await door.db.write(work)
        except OutcomeUnknown:
            self.unknown.add(id_)
        except DatabaseBusy:
            self.refused.add(id_)
        else:
            self.saved.add(id_)


async def test_whatever_breaks_what_was_answered_is_saved_once_and_told_once_to_everybody(
    server: PostgresServer, schema: str
) -> None:
    ledger = Ledger()
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(opened(server.url(schema))) for _ in range(3)]
        await doors[0].do(TABLE)
        ending = asyncio.Event()

        async def writer(door: Door) -> None:
            while not ending.is_set():
                await ledger.write(door)

        writers = [asyncio.create_task(writer(door)) for door in doors for _ in range(4)]
        for nemesis in (crash, restart, crash, end_all, restart, end_all):
            done = len(ledger.saved)
            nemesis(server)
            async with asyncio.timeout(LIMIT_S):
                while len(ledger.saved) < done + 50:
                    await asyncio.sleep(0.01)
        ending.set()
        await asyncio.gather(*writers)
        last = await doors[0].db.read(lambda db: int(db.execute("SELECT n FROM commits").fetchone()[0]))
        ids = await doors[0].db.read(lambda db: {row[0] for row in db.execute("SELECT id FROM jotting")})
        assert ledger.saved <= ids <= ledger.saved | ledger.unknown
        for door in doors:
            await door.until(lambda door=door: door.db.applied == last)  # type: ignore[misc]
            assert Counter(door.words) == Counter(map(str, ids))
            assert [commit for commit, _ in door.told] == list(range(1, last + 1))
            assert not door.lost


def crash(server: PostgresServer) -> None:
    server.crash()


def restart(server: PostgresServer) -> None:
    server.kill()
    server.start()


def end_all(server: PostgresServer) -> None:
    with suppress(psycopg.OperationalError), psycopg.connect(server.url()) as pg:
        pg.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'relay-%'"
        )
