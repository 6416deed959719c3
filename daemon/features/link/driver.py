"""The link to the relay: carries out what daemon.core.link decides.

One socket at a time. Everything that happens (frames, losses, the timer, tokens) enters one queue and is handled in
order, so the core sees a single history. An Item and the cursor that says it is applied go into one transaction.
"""

import asyncio
import logging
import random
import sqlite3
import time
from collections.abc import Iterable

import msgspec

from bridge.system import lifetime_s
from daemon.core import link_signals as link
from daemon.core.friends import present, producing
from daemon.core.items import fold, mentions
from daemon.core.link import Link
from daemon.errors import NotClaimed, Obstacle, Offline, SidechainError
from daemon.events import (
    Bus,
    ItemArrived,
    LinkChanged,
    NotificationsChanged,
    PostChanged,
    PostRemoved,
    PresenceChanged,
)
from daemon.identity.account import Account
from daemon.library.store import Store
from daemon.uplink.socket import Socket, SocketEnded, TokenRejected, open_socket
from relay.wire.events import (
    Frames,
    FromClient,
    NotificationsTold,
    PresenceUpdate,
)
from relay.wire.operations import TIMELINE
from relay.wire.rest import AudioPost, FeedPost

log = logging.getLogger(__name__)

REFETCH_PAGE = 50
MAX_WAITING = 64
"""Events that wait to be handled, above which nothing more is read from the socket."""
SLEEP_CHECK_S = 5.0
SLEPT_S = 5.0  # a gap this long between two checks means the computer slept


class LinkDriver:
    """All methods are [loop]. What arrives is stored first and told then."""

    def __init__(self, account: Account, store: Store, bus: Bus) -> None:
        self._account = account
        self._store = store
        self._bus = bus
        self._machine = Link()
        self._queue: asyncio.Queue[link.Event] = asyncio.Queue()
        self._handled = asyncio.Event()
        self._socket: Socket | None = None
        self._reader: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._friends: dict[str, PresenceUpdate] = {}
        self._obstacle: Obstacle = ""  # as of the last try
        self._frames = Frames(json=False)
        bus.on(
            PresenceChanged,
            lambda event: self._queue.put_nowait(link.PresenceChanged(presence=event.presence)),
        )

    @property
    def state(self) -> link.LinkState:
        return self._machine.state

    def _changed(self) -> None:
        self._bus.tell(
            LinkChanged(state=self.state, friends=producing(self._friends.values()), obstacle=self._obstacle)
        )

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
            self._obstacle = error.obstacle if isinstance(error, Offline) else ""
            self._queue.put_nowait(link.SocketLost(socket=number))
            return
        code = None
        try:
            async with open_socket(relay.base_url, token, relay.http.certificate) as socket:
                self._socket, self._obstacle = socket, ""
                cursor = await self._store.run(Store.cursor)
                self._queue.put_nowait(link.SocketOpened(socket=number, cursor=cursor))
                async for frame in socket.frames():
                    first, messages = self._frames.of_relay(frame)
                    self._queue.put_nowait(link.FrameReceived(socket=number, number=first, messages=messages))
                    while self._queue.qsize() > MAX_WAITING:
                        await self._handled.wait()
                        self._handled.clear()
        except TokenRejected:
            self._queue.put_nowait(link.TokenRefused(socket=number))
            return
        except SocketEnded as ended:
            log.info("socket %d: %s", number, ended)
            code, self._obstacle = ended.code, ended.obstacle
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            log.info("socket %d: what the relay says is not understood: %s", number, error)
        except (SidechainError, sqlite3.Error, OSError) as error:
            log.warning("socket %d: the cursor cannot be read: %s", number, error)
        self._queue.put_nowait(link.SocketLost(socket=number, code=code))

    async def _send(self, messages: list[FromClient]) -> None:
        if self._socket:
            await self._socket.send(msgspec.msgpack.encode(messages))

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
        """The last word on each Post counts; all of them are told as the Post is now."""
        about = mentions(effect.payloads)
        stored = await self._store.run(Store.items_about, *about) if any(about) else {}
        changes = fold(effect.payloads, stored)
        new, changed, removed = changes.new, changes.changed, changes.removed
        if new or changed or removed or effect.cursor is not None:
            kept = list(changed.values())
            await self._store.run(
                Store.apply_events, list(new.values()), effect.cursor, changed=kept, removed=removed
            )
        for payload in effect.payloads:
            if isinstance(payload, NotificationsTold):
                self._tell_notifications(payload)
        told = [payload for payload in effect.payloads if isinstance(payload, PresenceUpdate)]
        self._friends = present([*self._friends.values(), *told])
        self._announce(new.values())
        self._tell_changes(changed.values(), removed)
        self._changed()

    def _tell_changes(self, changed: Iterable[AudioPost], removed: Iterable[str]) -> None:
        for post in changed:
            self._bus.tell(PostChanged(post=post))
        for post_id in removed:
            self._bus.tell(PostRemoved(post_id=post_id))

    def _tell_notifications(self, told: NotificationsTold) -> None:
        new = told.new
        if new is None:
            self._bus.tell(NotificationsChanged(unread=told.unread))
            return
        self._bus.tell(
            NotificationsChanged(
                unread=told.unread, kind=new.kind, sentence=new.sentence, url=new.url, acts=len(new.ids)
            )
        )

    def _announce(self, posts: Iterable[AudioPost]) -> None:
        """What others post and show; what one does oneself comes by the same channel and is no news here."""
        for post in posts:
            shown_by = post.reposted_by if isinstance(post, FeedPost) else None
            if self._account.name not in (post.username, shown_by or post.username):
                self._bus.tell(ItemArrived(post=post))

    async def _refetch(self, effect: link.Refetch) -> None:
        """The whole truth by REST, stored with the cursor that it stands for. Of the pages named, those that are kept here."""
        if TIMELINE.path not in effect.paths:
            await self._store.run(Store.apply_events, [], effect.cursor)
            return
        page = await self._account.relay().timeline(REFETCH_PAGE)
        known = {post.id for post in await self._store.run(Store.items, REFETCH_PAGE * 10)}
        gone = await self._store.run(
            Store.apply_page, page.posts, is_last=page.next is None, cursor=effect.cursor
        )
        self._announce([post for post in reversed(page.posts) if post.id not in known])
        self._tell_changes((), gone)

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
        """One clock runs on in sleep, the other does not: their distance grows when the computer slept."""

        def distance() -> float:
            return lifetime_s() - time.monotonic()

        before = distance()
        while True:
            await asyncio.sleep(SLEEP_CHECK_S)
            now = distance()
            if now - before > SLEPT_S:
                self._queue.put_nowait(link.Woke())
            before = now
