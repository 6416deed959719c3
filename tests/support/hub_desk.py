"""A hub that runs, without sockets: what is committed, who is connected, and what they are told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from relay.core.visibility import Audience
from relay.engine.database import DatabaseBusy, Effect
from relay.features.live.encoding import Encoding
from relay.features.live.hub import Connection, Entry, Hub
from relay.features.live.outbox import Outbox
from relay.features.live.recovery import Place, write_cursor
from relay.features.live.store import Happened, author_topic
from relay.features.live.telling import Addressed, Message
from relay.wire.events import (
    CLOSE_SHUTDOWN,
    Event,
    Frames,
    FromRelay,
    SocialNewFollow,
)
from relay.wire.rest import Producer
from tests.support.deadlines import HANG_S

ANNA, BEN, CARL = "a" * 32, "b" * 32, "c" * 32


EPOCH = "e" * 16


PAYLOAD = SocialNewFollow(follower=Producer(id=BEN, username="ben", display_name="Ben"))


FRAMES = {Encoding.JSON: Frames(json=True), Encoding.MSGPACK: Frames(json=False)}


DEADLINE_S = HANG_S


def happened(commit: int, i: int = 0, *, topic: str = author_topic(ANNA), actor: str = ANNA) -> Happened:
    id_ = f"{commit:016x}{i:016x}"
    return Happened(
        commit=commit, i=i, topic=topic, kind="post", actor_id=actor, object_id=CARL, id=id_, at_us=commit
    )


class Teller:
    """What the hub asks of what happened: told to `audience`, unless its id is in `gone`."""

    def __init__(self) -> None:
        self.audience = Audience.EVERYBODY
        self.gone: set[str] = set()
        self.asked: list[str] = []
        self.busy = 0

    async def __call__(self, events: Sequence[Happened]) -> list[Message]:
        if self.busy:
            self.busy -= 1
            raise DatabaseBusy("for a moment")
        self.asked += [each.id for each in events]
        told = Addressed(payload=PAYLOAD, audience=self.audience)
        return [Message(each, told, EPOCH) for each in events if each.id not in self.gone]


class Desk:
    """A hub that runs. `commit` comes back when it has been handed out."""

    def __init__(self) -> None:
        self.teller = Teller()
        self.hub = Hub(self.teller)

    async def commit(self, number: int, *effects: Effect) -> None:
        self.hub.commit(number, effects)
        await self.until(number)

    async def until(self, number: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while self.hub.applied < number:
                await asyncio.sleep(0)

    def join(self, connection: Connection, commit: int = 0, *topics: str, **entry: object) -> Connection:
        self.hub.register(connection)
        self.go_live(connection, commit, *topics, **entry)
        return connection

    def go_live(self, connection: Connection, commit: int, *topics: str, **entry: object) -> None:
        values = {"hidden": frozenset(), "hears_all": False} | entry
        self.hub.go_live(connection, Entry(commit=commit, topics=list(topics), **values))  # type: ignore[arg-type]


@asynccontextmanager
async def running() -> AsyncIterator[Desk]:
    desk = Desk()
    task = asyncio.create_task(desk.hub.run())
    try:
        yield desk
    finally:
        assert not task.done()
        task.cancel()


def connection(
    account_id: str = ANNA, encoding: Encoding = Encoding.MSGPACK, device: str | None = "d", **more: str
) -> Connection:
    values = {"family_id": "f" * 32} | more
    return Connection(account_id=account_id, device=device, encoding=encoding, **values)


async def said(mine: Connection) -> list[FromRelay]:
    """Everything that waits; the connection is closed by it."""
    mine.outbox.close(CLOSE_SHUTDOWN, "")
    return await messages(mine.outbox)


async def messages(outbox: Outbox) -> list[FromRelay]:
    found: list[FromRelay] = []
    while (data := outbox.next_frame()) is not None:
        number, some = FRAMES[Encoding.MSGPACK].of_relay(data)
        assert number == len(found) + 1, "numbered without a hole"
        found += [each for each in some if each is not None]
    return found


async def cursors(mine: Connection) -> list[str | None]:
    return [each.cursor for each in await said(mine) if isinstance(each, Event)]


def cursor(commit: int, i: int = 0) -> str:
    return write_cursor(EPOCH, Place(commit, i))
