"""The open windows of plugins: answers what they ask, and tells them what changes.

What a window asks may need the relay, so each ask is a task of its own, a few at a time for each Instance: heartbeats
and keeps of the same plugin do not wait for it. Not here: pages (window_feed.py), words (daemon.core.posting).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.plugin_endpoint import Peer
from daemon.core import outbox
from daemon.core.posting import posting
from daemon.errors import NotClaimed, SidechainError, UsageError
from daemon.features.feed.window_feed import WindowFeed, item
from daemon.identity.account import Account
from daemon.library.entries import Entries
from daemon.library.store import Store
from plugin_protocol.messages import (
    Asked,
    AskFailed,
    FeedPage,
    FromDaemon,
    FromWindow,
    GetFeed,
    Goodbye,
    LikePost,
    PostTake,
    ReactPost,
    WindowShown,
)
from plugin_protocol.session import PeerLost
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)

MAX_ASKS = 8  # of one Instance, under way at once

Ask = GetFeed | PostTake | LikePost | ReactPost
Send = Callable[[Peer, FromDaemon], Awaitable[bool]]


class Windows:
    """All methods are [loop]. send: says something to a plugin. go: there is a new Entry to be seen to.

    online: whether the relay can be reached now.
    """

    def __init__(
        self,
        store: Store,
        entries: Entries,
        account: Account,
        send: Send,
        go: Callable[[], None],
        online: Callable[[], bool],
    ) -> None:
        self._store = store
        self._entries = entries
        self._account = account
        self._send = send
        self._go = go
        self._online = online
        self._feed = WindowFeed(account, store)
        self._open: dict[bytes, Peer] = {}
        self._asks: dict[bytes, set[asyncio.Task[None]]] = {}

    async def handle(self, peer: Peer, message: FromWindow | Goodbye | PeerLost) -> None:
        """One message of one window, or the end of its plugin. The answer goes out when it is there."""
        match message:
            case WindowShown(open=True):
                self._open[peer.instance] = peer
            case WindowShown():
                self._open.pop(peer.instance, None)
            case Goodbye() | PeerLost():
                self._gone(peer.instance)
            case _:
                await self._start(peer, message)

    async def _start(self, peer: Peer, message: Ask) -> None:
        running = self._asks.setdefault(peer.instance, set())
        if len(running) >= MAX_ASKS:
            busy = AskFailed(id=message.id, code="busy", message="Too much was asked at once. Try again.")
            await self._send(peer, busy)
            return
        task = asyncio.create_task(self._answer(peer, message))
        running.add(task)
        task.add_done_callback(running.discard)

    def _gone(self, instance: bytes) -> None:
        self._open.pop(instance, None)
        for task in self._asks.pop(instance, ()):
            task.cancel()

    def close(self) -> None:
        for instance in list(self._asks):
            self._gone(instance)

    async def arrived(self, post: AudioPost) -> None:
        """A row that is new or has changed."""
        if self._open:
            await self._tell(item(post, self._account.name))

    async def stage(self, take_id: str, fraction: float) -> None:
        """The pipeline has done a part. Of no interest once the upload has begun."""
        await self._progress(take_id, outbox.State.WAITING, fraction)

    async def sent(self, take_id: str, fraction: float) -> None:
        """A part has been uploaded."""
        await self._progress(take_id, outbox.State.UPLOADING, fraction)

    async def entry_changed(self, entry: outbox.Entry, fraction: float = 0.0) -> None:
        """Told to all windows: a Take kept in one may be posted from the command line."""
        if self._open:
            await self._tell(
                posting(entry, account=self._account.name, online=self._online(), fraction=fraction)
            )

    async def _progress(self, take_id: str, state: outbox.State, fraction: float) -> None:
        if not self._open:
            return
        entry = await self._store.run(Store.entry_of, take_id)
        if entry and entry.state is state:
            await self.entry_changed(entry, fraction)

    async def _tell(self, message: FromDaemon) -> None:
        for peer in list(self._open.values()):
            await self._send(peer, message)

    # answers --------------------------------------------------------------------------------------------------

    async def _answer(self, peer: Peer, message: Ask) -> None:
        try:
            reply: FromDaemon = await self._carry_out(peer, message)
        except SidechainError as error:
            reply = AskFailed(id=message.id, code=error.code, message=str(error)[:512])
        except Exception as error:  # a bug must reach the person as a sentence, and must not end the daemon
            log.exception("%s failed", type(message).__name__)
            sentence = f"The daemon failed: {type(error).__name__}. Its log says more; nothing kept is lost."
            reply = AskFailed(id=message.id, code="internal", message=sentence)
        await self._send(peer, reply)

    async def _carry_out(self, peer: Peer, message: Ask) -> FromDaemon:
        match message:
            case GetFeed():
                return await self._page(peer, message)
            case PostTake():
                await self._post(message)
            case LikePost():
                await self.arrived(await self._feed.like(message.post_id, message.like))
            case ReactPost():
                await self.arrived(await self._feed.react(message.post_id, message.reaction, message.react))
        return Asked(id=message.id)

    async def _page(self, peer: Peer, ask: GetFeed) -> FeedPage:
        async def tell(post: AudioPost) -> None:
            await self._send(peer, item(post, self._account.name))

        after, note = await self._feed.page(ask.cursor, ask.limit, tell)
        return FeedPage(id=ask.id, next=after, note=note)

    async def _post(self, ask: PostTake) -> None:
        if not self._account.relay_url:
            raise NotClaimed(
                "No relay is configured, so nothing can be posted.", "Set relay_url, then `sidechain claim`."
            )
        takes = await self._store.run(Store.find_take, ask.take_id)
        if len(takes) != 1:
            raise UsageError("This take is no longer in the library.", "Keep again, then post.")
        entry = await self._entries.post(takes[0], ask.title, self._account.owner)
        self._go()
        await self.entry_changed(entry)
