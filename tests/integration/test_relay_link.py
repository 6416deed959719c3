"""The daemon's end of the WebSocket before relays of our own making: one socket, to one place, never read faster than handled."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from daemon.config import Config
from daemon.core.link import LinkState
from daemon.doors.plugin.items import item as row_of
from daemon.events import Bus, ItemArrived, PostRemoved
from daemon.features.link.driver import MAX_WAITING, LinkDriver
from daemon.identity.account import Account
from daemon.library.store import Store
from daemon.uplink import socket
from plugin_protocol.messages import Item
from relay.wire import events
from relay.wire.identity import TokenPair
from relay.wire.rest import AudioPost, Producer
from tests.support.deadlines import HANG_S
from tests.support.posts import post

LIMIT_S = HANG_S
WHEN = "2026-01-01T00:00:00.000000Z"
USER = Producer(id="0" * 32, username="owner", display_name="x")
PAIR = TokenPair(access_token="a" * 40, refresh_token="r" * 40, expires_in=900, device_id="0" * 32, user=USER)


class Scripted:
    """A relay that greets, and then does `after` with the connection."""

    def __init__(self, after: Callable[[ServerConnection], Awaitable[None]]) -> None:
        self._after = after
        self._number = 0
        self.opened = 0
        self.ready = asyncio.Event()

    async def serve(self, connection: ServerConnection) -> None:
        self.opened += 1
        self._number = 0
        await self.say(connection, events.Hello(session="5" * 32, server="scripted"))
        await connection.recv()
        await self.say(connection, events.Connected(cursor="at-0", recovered=True))
        self.ready.set()
        await self._after(connection)
        await connection.wait_closed()

    async def say(self, connection: ServerConnection, message: events.FromRelay) -> None:
        self._number += 1
        await connection.send(msgspec.msgpack.encode([self._number, message]))


def address_of(server: Server) -> str:
    return f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@asynccontextmanager
async def linked(folder: Path, relay: Scripted, bus: Bus | None = None) -> AsyncIterator[LinkDriver]:
    """A claimed device whose link runs."""
    async with serve(
        relay.serve, "127.0.0.1", 0, subprotocols=[Subprotocol(events.SUBPROTOCOL_MSGPACK)]
    ) as server:
        config = Config(
            data_dir=str(folder), run_dir=str(folder), relay_url=address_of(server), credential_store="file"
        )
        store = Store(folder / "library.sqlite3")
        bus = bus or Bus()
        account = Account(config, store, "0", bus)
        await account.relay().tokens.adopt(await account.identity(), PAIR)
        account.claimed.set()
        link = LinkDriver(account, store, bus)
        running = asyncio.create_task(link.run())
        try:
            yield link
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await account.close()
            store.close()


async def nothing(_: object) -> None:
    pass


async def test_a_claimed_device_opens_one_socket(tmp_path: Path) -> None:
    relay = Scripted(nothing)
    async with asyncio.timeout(LIMIT_S), linked(tmp_path, relay) as link:
        await relay.ready.wait()
        while link.state is not LinkState.ONLINE or link._queue.qsize():
            await asyncio.sleep(0)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert (relay.opened, link._machine.socket) == (1, 1)


async def test_a_relay_is_read_no_faster_than_its_events_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a relay that talks without end fills its own buffers, not our memory."""
    total, sent, go_on, heard = 6 * MAX_WAITING, asyncio.Event(), threading.Event(), asyncio.Event()
    arrived: list[str] = []
    store_events = Store.apply_events

    def slowly(store: Store, posts: list[AudioPost], cursor: str | None, **more: Any) -> None:
        go_on.wait()
        store_events(store, posts, cursor, **more)

    monkeypatch.setattr(Store, "apply_events", slowly)

    async def flood(connection: ServerConnection) -> None:
        for number in range(1, total + 1):
            news = events.FeedNewPost(post=msgspec.structs.replace(post(1), id=f"{number:032x}"))
            document = msgspec.Raw(msgspec.msgpack.encode(news))
            event = events.Event(id=f"{number:032x}", ts=WHEN, cursor=f"at-{number}", d=document)
            await relay.say(connection, event)
        sent.set()

    def told(event: ItemArrived) -> None:
        arrived.append(event.post.id)
        if len(arrived) == total:
            heard.set()

    relay, bus = Scripted(flood), Bus()
    bus.on(ItemArrived, told)
    try:
        async with asyncio.timeout(LIMIT_S), linked(tmp_path, relay, bus) as link:
            await sent.wait()
            while link._queue.qsize() <= MAX_WAITING:
                await asyncio.sleep(0)
            for _ in range(1000):
                await asyncio.sleep(0)
                assert link._queue.qsize() <= MAX_WAITING + 2
            go_on.set()
            await heard.wait()
            assert arrived == [f"{number:032x}" for number in range(1, total + 1)], (
                "and nothing is lost by it"
            )
    finally:
        go_on.set()  # or the store's thread would never end


async def test_of_an_author_who_is_gone_nothing_is_kept(tmp_path: Path) -> None:
    """What was stored, what came with the same frame before it, and not what came after."""
    theirs, others = post(1), replace(post(2), user_id="a" * 32)
    again = post(3)
    gone = events.FeedAuthorRemoved(user_id=theirs.user_id)
    said = [
        events.FeedNewPost(post=theirs),
        events.FeedNewPost(post=others),
        gone,
        events.FeedNewPost(post=again),
    ]

    async def after(connection: ServerConnection) -> None:
        for n, payload in enumerate(said):
            d = msgspec.Raw(msgspec.msgpack.encode(payload))
            await relay.say(connection, events.Event(id="0" * 32, ts=WHEN, cursor=f"at-{n}", d=d))

    relay, bus, removed, arrived = Scripted(after), Bus(), list[str](), asyncio.Event()
    bus.on(PostRemoved, lambda event: removed.append(event.post_id))
    bus.on(ItemArrived, lambda event: arrived.set() if event.post.id == again.id else None)
    async with asyncio.timeout(LIMIT_S), linked(tmp_path, relay, bus) as link:
        await arrived.wait()
        kept = await link._store.run(Store.items, 10)
    assert {each.id for each in kept} == {others.id, again.id} and removed == [theirs.id]


def deep(levels: int) -> bytes:
    return b"\x91" * levels + b"\xc0"


def news(**changes: object) -> dict[str, object]:
    """A post as the wire has it, but for some fields."""
    fields = msgspec.to_builtins(post(7)) | changes
    return {"t": "feed.new_post", "post": fields}


def told(d: object, cursor: object = "at-1") -> dict[str, object]:
    return {"t": "event", "id": "7" * 32, "ts": WHEN, "cursor": cursor, "d": d}


WIDE: list[object] = [
    float("nan"),
    float("inf"),
    -float("inf"),
    -1,
    -(1 << 63),
    1 << 63,
    (1 << 64) - 1,
    "1",
    None,
    [],
]
HOSTILE: dict[str, bytes] = {
    **{
        f"{field} is {value!r}": msgspec.msgpack.encode([3, told(news(**{field: value}))])
        for field in ("like_count", "duration_ms", "frames", "bpm", "lufs", "key_confidence", "duration_bars")
        for value in WIDE
    },
    **{
        f"{field} is {text!r}": msgspec.msgpack.encode([3, told(news(**{field: text}))])
        for field in ("id", "username", "title", "audio_url", "created_at", "outline")
        for text in (
            "a\x00b",
            "\u202eevil",
            "x" * 70_000,
            WHEN + "\n",
            "2026-19-39T29:59:69.000000Z",
            "2026-02-31T00:00:00.000000Z",
        )
    },
    **{
        f"cursor is {value!r}": msgspec.msgpack.encode([3, told(news(), value)])
        for value in ("", "a b", "a\n", "x" * 97, 7)
    },
    **{
        f"number is {value!r}": msgspec.msgpack.encode([value, told(news())])
        for value in (0, -1, 2, 4, (1 << 64) - 1, 3.0, "3")
    },
    **{
        f"retry after {value!r}": msgspec.msgpack.encode(
            [3, {"t": "disconnect", "code": 3001, "reason": "", "retry_after_ms": value}]
        )
        for value in WIDE
    },
    **{
        f"closes with {code!r}": msgspec.msgpack.encode([3, {"t": "disconnect", "code": code, "reason": "x"}])
        for code in (0, 999, 5000, 1 << 63, -1, 3001.5)
    },
    "presence that is none": msgspec.msgpack.encode(
        [3, told({"t": "presence.update", "user_id": "x", "bpm": 1e300})]
    ),
    "empty": b"",
    "no array": b"\x80",
    "no messages": b"\x91\x03",
    "an array without end": b"\xdd\xff\xff\xff\xff",
    "a map without end": b"\x92\x03\xdf\xff\xff\xff\xff",
    "a text without end": b"\x92\x03\xdb\xff\xff\xff\xff",
    "no text": b"\x92\x03\xa2\xff\xfe",
    "half a surrogate": b"\x92\x03\x82\xa1t\xa5event\xa2id\xa3\xed\xa0\x80",
    "deep": b"\x92\x03" + deep(100_000),
    "a deep payload": b"\x92\x03" + msgspec.msgpack.encode(told(msgspec.Raw(deep(5_000)))),
    "a time of its own": b"\x92\x03\xd7\xff" + b"\xff" * 8,
    "noise": bytes(range(256)) * 40,
    "connected twice": msgspec.msgpack.encode([3, {"t": "connected", "cursor": "at-1", "recovered": True}]),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_whatever_a_relay_sends_costs_at_most_that_socket(tmp_path: Path, kind: str) -> None:
    """What follows on it, or on the next, is stored, told and shown."""
    good, arrived, bus = msgspec.structs.replace(post(9), id="9" * 32), asyncio.Event(), Bus()

    async def after(connection: ServerConnection) -> None:
        if relay.opened == 1:
            await connection.send(HOSTILE[kind])
            relay._number = 3
        document = msgspec.Raw(msgspec.msgpack.encode(events.FeedNewPost(post=good)))
        with suppress(ConnectionClosed):
            await relay.say(connection, events.Event(id="8" * 32, ts=WHEN, cursor="at-9", d=document))

    def told_of(event: ItemArrived) -> None:
        if event.post.id == good.id:
            arrived.set()

    relay = Scripted(after)
    bus.on(ItemArrived, told_of)
    async with asyncio.timeout(LIMIT_S), linked(tmp_path, relay, bus) as link:
        await arrived.wait()
        assert link.state is LinkState.ONLINE and relay.opened <= 2
        assert await link._store.run(Store.cursor) == "at-9"
        items = await link._store.run(Store.items, 9)
        assert good.id in {each.id for each in items}
        for each in items:  # nothing stored is more than the doors can show
            shown = msgspec.msgpack.encode(row_of(each, None))
            assert msgspec.msgpack.decode(shown, type=Item).post_id == each.id


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    visited: list[str] = []

    def elsewhere(_: ServerConnection, request: Request) -> None:
        visited.append(request.path)

    async with serve(nothing, "127.0.0.1", 0, process_request=elsewhere) as other:

        def moved(_: ServerConnection, __: Request) -> Response:
            return Response(status, "Moved", Headers(Location=address_of(other).replace("http", "ws", 1)))

        async with serve(nothing, "127.0.0.1", 0, process_request=moved) as server:
            with pytest.raises(InvalidStatus):
                async with socket._Straight(address_of(server).replace("http", "ws", 1), proxy=None):
                    pass
    assert visited == []
