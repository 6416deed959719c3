"""The WebSocket to the relay: carries out what daemon.core.link decides.

One socket at a time. Everything that happens (frames, losses, the timer, tokens) enters one queue and is handled in
order, so the core sees a single history. An Item and the cursor that says it is applied go into one transaction.
"""

import asyncio
import contextlib
import logging
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable

import msgspec
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from daemon.core import link_signals as link
from daemon.core.friends import count_producing, present
from daemon.core.link import Link
from daemon.errors import NotClaimed, SidechainError
from daemon.identity.account import Account
from daemon.library.store import Store
from relay.wire.events import (
    MAX_FRAME_BYTES,
    MAX_RELAY_FRAME_BYTES,
    SUBPROTOCOL_MSGPACK,
    FeedNewPost,
    Frames,
    FromClient,
    Presence,
    PresenceUpdate,
)  # fmt: skip
from relay.wire.operations import TIMELINE
from relay.wire.rest import API_PREFIX, AudioPost

log = logging.getLogger(__name__)

OPEN_LIMIT_S = 10.0
REFETCH_PAGE = 50
MAX_WAITING = 64
"""Events that wait to be handled, above which nothing more is read from the socket."""
SLEEP_CHECK_S = 5.0
SLEPT_S = 5.0  # a gap this long between two checks means the computer slept


class _Straight(connect):
    """To where it is configured to go: a redirect is a no, whoever sends it."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class RelaySocket:
    """All methods are [loop]. `arrived` is told of each new Item, after it is stored; `changed` of the link's state."""

    def __init__(
        self,
        account: Account,
        store: Store,
        arrived: Callable[[AudioPost], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._account = account
        self._store = store
        self._arrived = arrived
        self._changed = changed
        self._machine = Link()
        self._queue: asyncio.Queue[link.Event] = asyncio.Queue()
        self._handled = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._friends: dict[str, PresenceUpdate] = {}
        self.sentence = ""
        self._frames = Frames(json=False)

    @property
    def state(self) -> link.LinkState:
        return self._machine.state

    @property
    def friends_producing(self) -> int:
        return count_producing(self._friends.values())

    def tell_presence(self, presence: Presence) -> None:
        """What this device does now."""
        self._queue.put_nowait(link.PresenceChanged(presence=presence))

    async def run(self) -> None:
        """Keep the link until cancelled."""
        self._queue.put_nowait(link.Started(claimed=self._account.claimed.is_set()))
        self._account.claimed.clear()  # it has been said
        watchers = [
            asyncio.create_task(watch)
            for watch in (self._watch_claims(), self._watch_losses(), self._watch_sleep())
        ]
        try:
            while True:
                await self._handle(await self._queue.get())
                self._handled.set()
        finally:
            for task in watchers:
                task.cancel()
            await self._close()

    async def _handle(self, event: link.Event) -> None:
        """One event and all its effects, in order.

        A refetch or a store that fails is a lost socket, said at once: what waits in the queue, or was still to be
        done, must not move the cursor past the hole.
        """
        for effect in self._machine.handle(event, time.monotonic_ns() // 1000, random.random()):
            try:
                await self._carry_out(effect)
            except (SidechainError, sqlite3.Error, OSError) as error:
                log.warning("%s failed: %s", type(effect).__name__, error)
                await self._close()
                await self._handle(link.SocketLost(socket=self._machine.socket))
                return

    async def _carry_out(self, effect: link.Effect) -> None:
        match effect:
            case link.OpenSocket(socket=number):
                await self._close()
                self._reader = asyncio.create_task(self._serve_socket(number))
            case link.SendFrame(messages=messages):
                await self._send(messages)
            case link.CloseSocket():
                await self._close()
            case link.RefreshToken():
                await self._refresh_token()
            case link.ApplyEvents():
                await self._apply(effect)
            case link.ReplacePresence(presence=presence):
                self._friends = present(presence)
                self._changed()
            case link.Refetch():
                await self._refetch(effect)
            case link.SetTimer(at_us=at_us):
                self._set_timer(at_us)
            case link.Report(state=state, sentence=sentence):
                self.sentence = sentence
                if state is link.LinkState.NEEDS_RECLAIM:
                    await self._account.confirm_loss()
                log.info("relay: %s (%s)", sentence, self.state)
                self._changed()

    # the socket -------------------------------------------------------------------------------------------------

    async def _serve_socket(self, number: int) -> None:
        """Open one socket and pass on what it says until it ends."""
        relay = self._account.relay()
        try:
            token = await relay.tokens.access()
        except NotClaimed:
            self._queue.put_nowait(link.TokenRefused(socket=number))
            return
        except SidechainError as error:
            log.info("no token: %s", error)
            self._queue.put_nowait(link.SocketLost(socket=number))
            return
        url = relay.base_url.replace("http", "ws", 1) + API_PREFIX + "/ws"
        try:
            async with _Straight(
                url,
                additional_headers={"Authorization": f"Bearer {token}"},
                subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)],
                open_timeout=OPEN_LIMIT_S,
                close_timeout=1.0,
                ping_interval=None,  # the protocol has its own, in the core
                compression=None,
                max_size=MAX_RELAY_FRAME_BYTES,
            ) as socket:
                self._socket = socket
                cursor = await self._store.run(Store.cursor)
                self._queue.put_nowait(link.SocketOpened(socket=number, cursor=cursor))
                async for frame in socket:
                    first, messages = self._frames.of_relay(
                        frame if isinstance(frame, bytes) else frame.encode()
                    )
                    self._queue.put_nowait(link.FrameReceived(socket=number, number=first, messages=messages))
                    while self._queue.qsize() > MAX_WAITING:
                        await self._handled.wait()
                        self._handled.clear()
            code = socket.close_code
        except websockets.exceptions.InvalidStatus as error:
            if error.response.status_code == 401:
                self._queue.put_nowait(link.TokenRefused(socket=number))
                return
            code = None
        except (
            OSError,
            TimeoutError,
            websockets.exceptions.WebSocketException,
            msgspec.DecodeError,
            RecursionError,
            UnicodeDecodeError,
        ) as error:
            log.info("socket %d: %s", number, error)
            code = (
                error.rcvd.code
                if isinstance(error, websockets.exceptions.ConnectionClosed) and error.rcvd
                else None
            )
        self._queue.put_nowait(link.SocketLost(socket=number, code=code))

    async def _send(self, messages: list[FromClient]) -> None:
        data = msgspec.msgpack.encode(messages)
        assert len(data) <= MAX_FRAME_BYTES
        if self._socket:
            # A loss is seen by the reader too, and said by it.
            with contextlib.suppress(OSError, websockets.exceptions.WebSocketException):
                await self._socket.send(data)

    async def _close(self) -> None:
        """Drop the socket without waiting for the other side."""
        if self._reader:
            self._reader.cancel()
            self._reader = None
        self._socket = None

    # tokens, feed, timer ------------------------------------------------------------------------------------------

    async def _refresh_token(self) -> None:
        try:
            token = await self._account.relay().tokens.renew()
            self._queue.put_nowait(link.TokenRefreshed(access_token=token))
        except NotClaimed:
            self._queue.put_nowait(link.RefreshFailed(final=True))
        except SidechainError:
            self._queue.put_nowait(link.RefreshFailed(final=False))

    async def _apply(self, effect: link.ApplyEvents) -> None:
        posts = [payload.post for payload in effect.payloads if isinstance(payload, FeedNewPost)]
        if posts or effect.cursor is not None:
            await self._store.run(Store.apply_events, posts, effect.cursor)
        told = [payload for payload in effect.payloads if isinstance(payload, PresenceUpdate)]
        self._friends = present([*self._friends.values(), *told])
        await self._announce(posts)
        self._changed()

    async def _announce(self, posts: list[AudioPost]) -> None:
        """Posts of others; one's own come by the same channel and are no news here."""
        for post in posts:
            if post.username != self._account.name:
                await self._arrived(post)

    async def _refetch(self, effect: link.Refetch) -> None:
        """The whole truth by REST, stored with the cursor that it stands for. Of the pages named, those that are kept here."""
        posts: list[AudioPost] = []
        if TIMELINE.path in effect.paths:
            posts = (await self._account.relay().timeline(REFETCH_PAGE)).posts
        known = {post.id for post in await self._store.run(Store.items, REFETCH_PAGE * 10)}
        await self._store.run(Store.apply_events, posts, effect.cursor)
        await self._announce([post for post in reversed(posts) if post.id not in known])

    def _set_timer(self, at_us: int | None) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if at_us is not None:
            delay_s = max(0.0, at_us / 1e6 - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._queue.put_nowait, link.Tick())

    # what happens around us -----------------------------------------------------------------------------------------

    async def _watch_claims(self) -> None:
        """Every claim, the first and later ones, starts the link anew."""
        while True:
            await self._account.claimed.wait()
            self._account.claimed.clear()
            self._queue.put_nowait(link.ClaimedEvent())

    async def _watch_losses(self) -> None:
        while True:
            await self._account.given_up.wait()
            self._account.given_up.clear()
            self._queue.put_nowait(link.UnclaimedEvent())

    async def _watch_sleep(self) -> None:
        """CLOCK_BOOTTIME runs on in sleep, CLOCK_MONOTONIC does not: their distance grows when the computer slept."""

        def distance() -> float:
            return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()

        before = distance()
        while True:
            await asyncio.sleep(SLEEP_CHECK_S)
            now = distance()
            if now - before > SLEPT_S:
                self._queue.put_nowait(link.Woke())
            before = now
