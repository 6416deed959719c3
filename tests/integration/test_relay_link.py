"""The daemon's end of the WebSocket before relays of our own making: one socket, to one place, never read faster than handled."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from daemon.config import Config
from daemon.core.link import LinkState
from daemon.events import Bus, ItemArrived
from daemon.features.link.driver import MAX_WAITING, LinkDriver
from daemon.identity.account import Account
from daemon.library.store import Store
from daemon.uplink import socket
from relay.wire import events
from relay.wire.rest import AudioPost, Producer, TokenPair
from tests.support.posts import post

LIMIT_S = 20.0
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

    def slowly(store: Store, posts: list[AudioPost], cursor: str | None) -> None:
        go_on.wait()
        store_events(store, posts, cursor)

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
