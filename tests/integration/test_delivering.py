"""Deliveries on both engines, with a clock that the test sets: tries, leases, what is withdrawn, and a webhook that is switched off."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from relay.app.listening import EFFECTS
from relay.core.cursor import BEGINNING
from relay.engine.database import Database, Tx, open_database
from relay.engine.outward import Outward, Reply, TargetRefused, TargetUnavailable
from relay.features.accounts.api import ensure_account
from relay.features.deliveries import choices, delivering, push, store
from relay.features.deliveries.delivering import Delivering
from relay.features.deliveries.rules import (
    MAX_ATTEMPTS,
    MAX_FAILURES,
    MOST,
    RETRY_US,
    SECOND_US,
    Channel,
    Choice,
    Priority,
)
from relay.features.deliveries.store import LEASE_US, Row
from relay.features.deliveries.ways import Ways
from relay.features.graph.service import Graph
from relay.features.notifications.api import Kind
from relay.features.notifications.service import Notifications
from relay.wire.rest import FollowRequest
from tests.support.deadlines import HANG_S

START_US = 1_800_000_000 * SECOND_US


class Away(Outward):
    """Answers what it is told to; each call is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: Callable[[str], int | Exception] = lambda _: 200
        self.calls: list[tuple[str, str]] = []

    async def post(self, url: str, headers: object, body: bytes) -> Reply:
        self.calls.append((url, headers["Sidechain-Delivery"]))  # type: ignore[index]
        answer = self.answers(url)
        if isinstance(answer, Exception):
            raise answer
        return Reply(status=answer, retry_after_s=None)


class Desk:
    """anna has a webhook; ben and others follow her. now_us: what the clock of deliveries shows."""

    def __init__(self, db: Database, accounts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.db = db
        self.anna, *self.others = accounts
        self.now_us = START_US
        self.outward = Away()
        self.switched_off: list[tuple[str, str]] = []
        monkeypatch.setattr(delivering, "now_us", lambda: self.now_us)
        self.ways = Ways(None, self.outward, push.Sender(b"k" * 32, "mailto:a@b.c"), "https://relay.example")
        self.graph = Graph(db, lambda _: False)
        self.delivering = Delivering(
            db,
            self.ways,
            Notifications(db, "https://relay.example").of,
            lambda _, url, why: self.switched_off.append((url, why)),
        )

    async def webhook(self, url: str = "https://hooks.example/a") -> choices.Webhook:
        return await self.db.write(lambda tx: choices.add_webhook(tx, self.anna, url, self.now_us))

    async def rows(self) -> list[Row]:
        """The oldest first."""
        found = await self.db.read(lambda db: store.of_account(db, self.anna, BEGINNING, 100))
        return found[::-1]

    async def follow(self, account_id: str) -> None:
        await self.graph.follow(account_id, FollowRequest(user_id=self.anna))

    async def unfollow(self, account_id: str) -> None:
        await self.graph.unfollow(account_id, FollowRequest(user_id=self.anna))

    async def go(self) -> list[Row]:
        """Until nothing is due."""
        async with asyncio.timeout(HANG_S):
            while True:
                await self.delivering._go_round()
                if sending := list(self.delivering._sending):
                    await asyncio.wait(sending)
                    continue
                return await self.rows()


@pytest.fixture
async def desk(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    db = open_database(database_url, effects=EFFECTS, on_commit=lambda *_: None, on_lost=lambda _: None)
    names = ("anna", "ben", "cleo", "dora")
    accounts = [await db.write(lambda tx, name=name: ensure_account(tx, name, 0)) for name in names]  # type: ignore[misc]
    yield Desk(db, accounts, monkeypatch)
    await db.close()


async def test_what_fails_is_tried_further_and_further_apart_and_given_up(desk: Desk) -> None:
    await desk.webhook()
    desk.outward.answers = lambda _: TargetUnavailable("It did not answer.")
    await desk.follow(desk.others[0])
    for attempt, wait_us in enumerate(RETRY_US, 1):
        (row,) = await desk.go()
        assert (row.state, row.attempts, row.error) == ("failed", attempt, "It did not answer.")
        assert row.due_us == desk.now_us + wait_us
        desk.now_us += wait_us - 1
        assert (await desk.go())[0].attempts == attempt, "not before its time"
        desk.now_us += 1
    (row,) = await desk.go()
    assert (row.state, row.attempts) == ("given_up", MAX_ATTEMPTS) and row.ended_us == desk.now_us
    assert len(desk.outward.calls) == MAX_ATTEMPTS and len(set(desk.outward.calls)) == 1


async def test_whose_holder_died_is_taken_again_and_counted(desk: Desk) -> None:
    await desk.webhook()
    await desk.follow(desk.others[0])
    hang = asyncio.Event()

    async def post(*_: object) -> Reply:
        await hang.wait()
        raise AssertionError

    desk.outward.post, answering = post, desk.outward.post  # type: ignore[method-assign, assignment]
    await desk.delivering._go_round()
    (task,) = desk.delivering._sending
    while (await desk.rows())[0].state != "sending":
        await asyncio.sleep(0)
    task.cancel()  # as if its process were gone
    await asyncio.gather(task, return_exceptions=True)
    desk.outward.post = answering  # type: ignore[method-assign]
    assert [each.state for each in await desk.go()] == ["sending"], "its lease holds"
    desk.now_us += LEASE_US
    (row,) = await desk.go()
    assert (row.state, row.attempts) == ("sent", 2) and len(desk.outward.calls) == 1


async def test_whoever_lost_its_lease_ends_nothing(desk: Desk) -> None:
    await desk.webhook()
    await desk.follow(desk.others[0])
    desk.outward.answers = lambda _: 500
    (row,) = await desk.go()
    desk.now_us = row.due_us
    first = await desk.db.write(lambda tx: store.take(tx, "a", desk.now_us))
    desk.now_us += LEASE_US
    second = await desk.db.write(lambda tx: store.take(tx, "b", desk.now_us))
    assert first is not None and second is not None and first.id == second.id
    late = await desk.db.write(lambda tx: store.settle(tx, first, "a", "sent", desk.now_us))
    assert not late and (await desk.rows())[0].state == "sending"
    assert await desk.db.write(lambda tx: store.settle(tx, second, "b", "sent", desk.now_us))


async def test_what_was_taken_back_is_withdrawn(desk: Desk) -> None:
    await desk.webhook()
    await desk.follow(desk.others[0])
    await desk.unfollow(desk.others[0])
    (row,) = await desk.go()
    assert row.state == "withdrawn" and desk.outward.calls == []
    await desk.follow(desk.others[0])
    assert len(await desk.go()) == 1, "there and back again is no news"


async def test_a_webhook_that_fails_and_fails_is_switched_off_and_its_owner_told(desk: Desk) -> None:
    hook = await desk.webhook()
    await desk.webhook("https://hooks.example/well")
    desk.outward.answers = lambda url: 200 if url.endswith("well") else 500
    for other in desk.others:
        await desk.follow(other)
    while not desk.switched_off:
        rows = await desk.go()
        desk.now_us = (
            min(each.due_us for each in rows if each.state == "failed") if not desk.switched_off else 0
        )
    assert len([url for url, _ in desk.outward.calls if url == hook.url]) == MAX_FAILURES
    assert desk.switched_off == [
        (hook.url, f"It failed {MAX_FAILURES} times in a row. The last time: It answered 500.")
    ]
    desk.now_us = START_US + 30 * 24 * 3600 * SECOND_US
    rows = await desk.go()
    assert sorted({each.state for each in rows}) == ["given_up", "sent"], "none of it is called again"
    (off, well) = await desk.db.read(lambda db: choices.webhooks(db, desk.anna))
    assert off.off_why == desk.switched_off[0][1] and (well.off_us, well.failures) == (None, 0)
    await desk.db.write(lambda tx: choices.switch_on(tx, hook.id))
    assert (await desk.db.read(lambda db: choices.webhooks(db, desk.anna)))[0].off_us is None


async def test_an_address_that_leads_behind_the_relay_is_called_by_nobody(desk: Desk) -> None:
    await desk.webhook()
    desk.outward.answers = lambda _: TargetRefused("It is in a network that is not everybody's.")
    await desk.follow(desk.others[0])
    (row,) = await desk.go()
    assert row.error == "It is in a network that is not everybody's."


async def test_more_than_so_many_wait(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    span_us = MOST[Channel.WEBHOOK][1]
    monkeypatch.setitem(MOST, Channel.WEBHOOK, (2, span_us))
    await desk.webhook()
    for other in desk.others:
        await desk.follow(other)
    rows = await desk.go()
    assert [each.state for each in rows] == ["sent", "sent", "queued"]
    assert (rows[2].due_us, rows[2].attempts) == (START_US + span_us, 0)
    desk.now_us += span_us
    assert [each.state for each in await desk.go()] == ["sent"] * 3


async def test_what_is_chosen_since_counts(desk: Desk) -> None:
    await desk.webhook()
    await desk.follow(desk.others[0])
    none = Choice(mail=False, push=False, webhook=False, priority=Priority.LOW)

    def work(tx: Tx) -> None:
        choices.choose(tx, desk.anna, Kind.FOLLOW, none)

    desk.outward.answers = lambda _: 500
    await desk.go()
    await desk.db.write(work)
    desk.now_us += RETRY_US[0]
    assert [each.state for each in await desk.go()] == ["withdrawn"]


async def test_what_is_over_is_forgotten_and_nothing_else(desk: Desk) -> None:
    await desk.webhook()
    await desk.follow(desk.others[0])
    (row,) = await desk.go()
    await desk.db.write(lambda tx: store.forget(tx, START_US + store.REMEMBERED_US - 1))
    assert len(await desk.rows()) == 1
    await desk.db.write(lambda tx: store.forget(tx, START_US + store.REMEMBERED_US))
    assert await desk.rows() == []
    assert await desk.db.read(lambda db: store.notes_of(db, row.id)) == []
