"""The job table and its workers, on both engines: once each, fair, three attempts, and nothing lost when a worker dies."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database, Effect, Tx, open_database
from relay.engine.jobs import table
from relay.engine.jobs.table import Job, JobChanged, JobReady, LeaseLost
from relay.engine.jobs.workers import Work, Workers
from relay.features.accounts.api import ensure_account
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S
KIND = "count"


class Bench:
    """A database, two accounts, and workers whose handler is the test's."""

    def __init__(self, db: Database, accounts: list[str]) -> None:
        self.db = db
        self.anna, self.ben = accounts
        self.given_up: list[str] = []
        self.workers: Workers | None = None

    def on_commit(self, _: int, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if self.workers is not None and isinstance(effect, JobReady):
                self.workers.ready()
            if self.workers is not None and isinstance(effect, JobChanged):
                self.workers.changed(effect)

    async def enqueue(self, account_id: str, data: object = 1) -> str:
        return await self.db.write(lambda tx: table.enqueue(tx, kind=KIND, account_id=account_id, data=data))

    async def claim(self, holder: str = "h") -> Job | None:
        return await self.db.write(lambda tx: table.claim(tx, holder, {KIND: self._give_up}))

    async def cancel(self, job_id: str, account_id: str) -> bool:
        given_up = {KIND: self._give_up}
        return await self.db.write(lambda tx: table.cancel(tx, job_id, account_id, given_up))

    async def find(self, job_id: str) -> Job:
        job = await self.db.read(lambda db: table.find(db, job_id))
        assert job is not None
        return job

    async def let_leases_end(self) -> None:
        await self.db.write(lambda tx: _void(tx.db.execute("UPDATE job SET due_us = ?", (now_us() - 1,))))

    @asynccontextmanager
    async def working(self, handler: Callable[[Work], object], at_once: int = 2) -> AsyncIterator[Workers]:
        """handler: a coroutine function, as workers have it."""
        self.workers = Workers(self.db, {KIND: handler}, {KIND: self._give_up}, at_once)  # type: ignore[dict-item]
        running = asyncio.create_task(self.workers.run())
        try:
            async with asyncio.timeout(LIMIT_S):
                yield self.workers
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self.workers.close()

    def _give_up(self, tx: Tx, job: Job) -> None:
        assert tx.commit > 0
        self.given_up.append(job.id)


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Bench]:
    made: list[Bench] = []

    def on_commit(number: int, effects: Sequence[Effect]) -> None:
        for each in made:
            each.on_commit(number, effects)

    db = open_database(
        database_url, effects=JobReady | JobChanged, on_commit=on_commit, on_lost=lambda _: None
    )
    names = ("anna", "ben")
    accounts = [await db.write(lambda tx, name=name: ensure_account(tx, name, 0)) for name in names]  # type: ignore[misc]
    made.append(Bench(db, accounts))
    yield made[0]
    await db.close()


async def test_a_job_is_taken_once_and_done_once(bench: Bench) -> None:
    ids = {await bench.enqueue(account) for account in (bench.anna, bench.ben) for _ in range(10)}
    ran: list[str] = []

    async def count(work: Work) -> None:
        ran.append(work.job.id)
        await bench.db.write(lambda tx: table.finish(tx, work.job, work.holder))

    async with bench.working(count, at_once=4) as workers:
        ended = [await workers.ended(job_id, LIMIT_S) for job_id in ids]
    assert {each.state for each in ended if each} == {"done"}
    assert sorted(ran) == sorted(ids)


async def test_one_account_has_one_running_and_turns_go_round(bench: Bench) -> None:
    first = [await bench.enqueue(bench.anna) for _ in range(3)]
    later = await bench.enqueue(bench.ben)
    one = await bench.claim("w1")
    two = await bench.claim("w2")
    assert one and two and (one.id, two.id) == (first[0], later), (
        "a stranger does not wait behind three of one account"
    )
    assert await bench.claim("w3") is None, "an account has one running"
    await bench.db.write(lambda tx: table.finish(tx, one, "w1"))
    three = await bench.claim("w3")
    assert three and three.id == first[1]


@pytest.mark.parametrize(
    "known", [False, True], ids=["by its silence", "by the start of the one process there is"]
)
async def test_a_worker_that_died_loses_its_job_to_another(bench: Bench, known: bool) -> None:
    job_id = await bench.enqueue(bench.anna)
    dead = await bench.claim("dead")
    assert dead is not None
    if known:
        await bench.db.write(table.end_leases)
    else:
        await bench.let_leases_end()
    alive = await bench.claim("alive")
    assert alive and (alive.id, alive.attempts) == (job_id, 2)
    with pytest.raises(LeaseLost):
        await bench.db.write(lambda tx: table.finish(tx, dead, "dead"))
    assert not await bench.db.write(lambda tx: table.renew(tx, job_id, "dead", "x", 0.5), apart=True)
    await bench.db.write(lambda tx: table.finish(tx, alive, "alive"))
    assert (await bench.find(job_id)).state == "done"


async def test_what_kills_three_workers_is_set_aside(bench: Bench) -> None:
    job_id = await bench.enqueue(bench.anna)
    for attempt in range(1, table.MAX_ATTEMPTS + 1):
        taken = await bench.claim(f"w{attempt}")
        assert taken and taken.attempts == attempt
        await bench.let_leases_end()
    assert await bench.claim("last") is None
    assert (await bench.find(job_id)).state == "quarantined"
    assert bench.given_up == [job_id]


async def test_a_fault_is_tried_again_and_a_refusal_is_not(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "RETRY_US", 1)
    tries: list[int] = []

    async def fail(work: Work) -> None:
        tries.append(work.job.attempts)
        if work.job.data == '"refuse"':
            raise Refusal("audio_refused", "This is no audio.")
        raise ValueError("a mistake of ours")

    faulty, refused = await bench.enqueue(bench.anna, "fault"), await bench.enqueue(bench.ben, "refuse")
    async with bench.working(fail) as workers:
        ended = [await workers.ended(each, LIMIT_S) for each in (faulty, refused)]
    assert [(each.state, each.attempts, each.error_code) for each in ended if each] == [
        ("quarantined", table.MAX_ATTEMPTS, "internal"),
        ("failed", 1, "audio_refused"),
    ]
    assert sorted(bench.given_up) == sorted([faulty, refused])


async def test_a_process_that_ends_gives_its_job_back_unharmed(bench: Bench) -> None:
    job_id, begun = await bench.enqueue(bench.anna), asyncio.Event()

    async def hang(_: Work) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with bench.working(hang):
        await begun.wait()
    job = await bench.find(job_id)
    assert (job.state, job.attempts) == ("ready", 0)
    again = await bench.claim()
    assert again and again.id == job_id


async def test_cancelling_ends_it_where_it_runs(bench: Bench) -> None:
    job_id, begun, ended = await bench.enqueue(bench.anna), asyncio.Event(), asyncio.Event()

    async def hang(_: Work) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with bench.working(hang):
        await begun.wait()
        assert not await bench.cancel(job_id, bench.ben), "of another account"
        assert await bench.cancel(job_id, bench.anna)
        assert not await bench.cancel(job_id, bench.anna), "it is already"
        await ended.wait()
    assert (await bench.find(job_id)).state == "cancelled"
    assert bench.given_up == [job_id]


async def test_the_queue_of_an_account_and_of_all_is_bounded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MAX_OPEN_OF_ACCOUNT", 2)
    monkeypatch.setattr(table, "MAX_OPEN", 3)
    for account in (bench.anna, bench.anna, bench.ben):
        await bench.enqueue(account)
    for account in (bench.anna, bench.ben):
        with pytest.raises(Refusal) as refused:
            await bench.enqueue(account)
        assert refused.value.code == "busy" and refused.value.retry_after_s


def _void(_: object) -> None:
    """Of a statement whose answer nobody wants."""
