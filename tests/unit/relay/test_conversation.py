"""A conversation between a client that is a queue and a write that may hang: who reads, who writes, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from relay.core.access import Actor
from relay.features.live import conversation as conversation_module
from relay.features.live.conversation import Conversation, Message, Shared
from relay.features.live.encoding import Encoded, Encoding
from relay.features.live.hub import Connection, Entry, Hub
from relay.wire.events import (
    CLOSE_BAD_MESSAGE,
    CLOSE_SHUTDOWN,
    SLOW_READER_BYTES,
    Connect,
    Connected,
    Disconnect,
    Error,
    Frames,
    FromRelay,
    Ping,
    Pong,
    Presence,
)
from tests.support.deadlines import HANG_S

FRAMES = Frames(json=False)
LIMIT_S = HANG_S
ENTRY = Entry(commit=0, topics=[], hidden=frozenset(), hears_all=False)


class Client:
    """said: what it says. heard: what it was sent. may_write: set unless writes hang."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Message] = asyncio.Queue()
        self.heard: asyncio.Queue[FromRelay | None] = asyncio.Queue()
        self.closed_by: int | None = None
        self.may_write = asyncio.Event()
        self.may_write.set()

    def say(self, message: object) -> None:
        self.said.put_nowait({"type": "websocket.receive", "bytes": msgspec.msgpack.encode([message])})

    async def send(self, message: Message) -> None:
        await self.may_write.wait()
        if message["type"] == "websocket.close":
            self.closed_by = message["code"]
            return
        for each in FRAMES.of_relay(message["bytes"])[1]:
            self.heard.put_nowait(each)


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[Client, Connection, asyncio.Task[None]]]:
    """Greeted already."""

    async def nothing_to_tell(_: object) -> list[object]:
        return []

    async def snapshot(*_: object) -> SimpleNamespace:
        return SimpleNamespace(cursor="e.0.0", entry=ENTRY)

    def connected(*_: object) -> Connected:
        return Connected(cursor="e.0.0", recovered=True, events=[], fetch=[], presence=[])

    hub, client = Hub(nothing_to_tell), Client()  # type: ignore[arg-type]  # it tells nothing
    shared = SimpleNamespace(
        hub=hub,
        live=SimpleNamespace(snapshot=snapshot, connected=connected),
        presence=SimpleNamespace(renew=lambda _: None),
    )
    mine = Connection(account_id="a" * 32, device=None, family_id=None, encoding=Encoding.MSGPACK)
    hub.register(mine)
    conversation = Conversation(cast(Shared, shared), mine, Actor(), client.said.get, client.send)
    running = asyncio.create_task(conversation.run())
    try:
        client.say(Connect())
        async with asyncio.timeout(LIMIT_S):
            await client.heard.get(), await client.heard.get()
            yield client, mine, running
            await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_while_nothing_is_said_one_task_waits_for_it() -> None:
    idle = len(asyncio.all_tasks()) + 1
    async with talking() as (client, mine, _):
        for r in range(3):
            client.say(Ping(r=r))
            heard = await client.heard.get()
            assert isinstance(heard, Pong) and heard.r == r
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == idle
        mine.outbox.close(CLOSE_SHUTDOWN, "")
    assert isinstance(await client.heard.get(), Disconnect) and client.closed_by == CLOSE_SHUTDOWN


async def test_a_status_of_a_later_version_is_answered_and_not_stored() -> None:
    async with talking() as (client, mine, _):
        client.say(Presence(status="dancing"))  # nobody is there who could take it
        refused = await client.heard.get()
        assert isinstance(refused, Error) and refused.code == "unknown_status"
        mine.outbox.close(CLOSE_SHUTDOWN, "")


async def test_who_says_what_is_not_allowed_is_told_after_what_waited() -> None:
    async with talking() as (client, mine, _):
        client.may_write.clear()
        mine.outbox.offer(Encoded(Pong(r=1)))
        client.say(Connect())
        while mine.outbox.closing is None:
            await asyncio.sleep(0)
        client.may_write.set()
    first, last = client.heard.get_nowait(), client.heard.get_nowait()
    assert isinstance(first, Pong) and isinstance(last, Disconnect)
    assert last.code == client.closed_by == CLOSE_BAD_MESSAGE


async def test_a_write_that_hangs_does_not_keep_a_reader_that_was_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversation_module, "CLOSE_WAIT_S", 0.01)
    async with talking() as (client, mine, _):
        client.may_write.clear()
        large = Encoded(Error(code="x", message="x" * (SLOW_READER_BYTES // 4)))
        while mine.outbox.closing is None:
            mine.outbox.offer(large)
            await asyncio.sleep(0)
    assert client.heard.empty() and client.closed_by is None


async def test_who_leaves_ends_it_though_a_write_hangs() -> None:
    async with talking() as (client, mine, running):
        client.may_write.clear()
        mine.outbox.offer(Encoded(Pong(r=1)))
        client.said.put_nowait({"type": "websocket.disconnect"})
        await running
        mine.outbox.offer(Encoded(Pong(r=2)))  # the hub may not know yet
    assert client.heard.empty()
    assert not [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
