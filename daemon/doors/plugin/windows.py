"""The open windows of plugins: answers what they ask, and tells them what changes.

What a window asks may need the relay, so each ask is a task of its own, a few at a time for each Instance: heartbeats
and keeps of the same plugin do not wait for it. Not here: pages (features/feed), words (daemon.core.posting).
"""

import asyncio
import contextlib
from collections.abc import Callable

from bridge.plugin_endpoint import Peer
from daemon.core import outbox
from daemon.core.posting import posting
from daemon.doors.plugin.history import WindowHistory
from daemon.doors.plugin.items import item
from daemon.doors.plugin.people import WindowPeople
from daemon.doors.plugin.takes import TakeShelf
from daemon.doors.sentences import MAX_CHARACTERS, sentence_of
from daemon.errors import SidechainError
from daemon.events import (
    Bus,
    EntryChanged,
    EntryProgressed,
    FollowsChanged,
    ItemArrived,
    Pending,
    PostChanged,
    PostRemoved,
    TakeProgressed,
)
from daemon.features.browsing.browsing import Browsing
from daemon.features.exporting.exporting import Exporting
from daemon.features.feed.pages import FeedPages
from daemon.features.feed.social import Social
from daemon.features.keeping.asking import Ask as Wanted
from daemon.features.keeping.sets import SetKeeping
from daemon.features.posting.posting import Posting
from daemon.features.status.status import DaemonStatus
from daemon.identity.account import Account
from daemon.identity.claiming import Claiming
from daemon.library.entries import held_ms
from daemon.library.sounds import find_sound
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.rings.instances import Instance
from plugin_protocol.history_messages import GetEarlier, GetMarks, GetPeaks
from plugin_protocol.message_base import REACTIONS, TITLE_CHARACTERS
from plugin_protocol.messages import (
    Asked,
    AskFailed,
    Export,
    Exported,
    FeedPage,
    FromDaemon,
    GetFeed,
    ItemGone,
    KeepAll,
    KeptAll,
    LikePost,
    PostTake,
    ReactPost,
    UndoPost,
    WindowShown,
)
from plugin_protocol.people_messages import FromAccount
from plugin_protocol.take_messages import FromShelf
from relay.wire.rest import AudioPost

MAX_ASKS = 8  # of one Instance, under way at once

Ask = (
    GetFeed
    | GetPeaks
    | GetMarks
    | GetEarlier
    | PostTake
    | UndoPost
    | KeepAll
    | LikePost
    | ReactPost
    | Export
    | FromShelf
    | FromAccount
)
NEWEST = 20  # rows of the feed that are told when somebody was followed
Say = Callable[[Peer, FromDaemon], bool]


class Windows:
    """All methods are [loop]. say: something to a plugin; False when it is not there."""

    def __init__(
        self,
        *,
        say: Say,
        store: Store,
        takes: Takes,
        account: Account,
        status: DaemonStatus,
        pages: FeedPages,
        social: Social,
        posting: Posting,
        set_keeping: SetKeeping,
        exporting: Exporting,
        history: WindowHistory,
        shelf: TakeShelf,
        claiming: Claiming,
        bus: Bus,
    ) -> None:
        self._say = say
        self._store = store
        self._takes = takes
        self._account = account
        self._status = status
        self._pages = pages
        self._social = social
        self._posting = posting
        self._set_keeping = set_keeping
        self._exporting = exporting
        self._history = history
        self._shelf = shelf
        self._people = WindowPeople(
            social=social, browsing=Browsing(store, claiming), claiming=claiming, tell=self._tell, bus=bus
        )
        self._open: dict[bytes, Peer] = {}
        self._asks: dict[bytes, set[asyncio.Task[None]]] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._progress = Pending[str, tuple[outbox.State, float]]()
        self._hear(bus)

    def _hear(self, bus: Bus) -> None:
        bus.on(ItemArrived, lambda event: self._tell_row(event.post))
        bus.on(PostChanged, lambda event: self._tell_row(event.post))
        bus.on(FollowsChanged, self._followed)
        bus.on(PostRemoved, lambda event: self._tell(ItemGone(post_id=event.post_id)))
        bus.on(EntryChanged, lambda event: self._tell_entry(event.entry))
        bus.on(TakeProgressed, self._take_progressed)
        bus.on(EntryProgressed, self._entry_progressed)

    async def handle(self, instance: Instance, message: WindowShown | Ask) -> None:
        """One message of one window. The answer goes out when it is there."""
        peer = instance.peer
        match message:
            case WindowShown(open=True):
                self._open[peer.instance] = peer
            case WindowShown():
                self._open.pop(peer.instance, None)
            case _:
                self._start(instance, message)

    def gone(self, peer: Peer) -> None:
        """Its plugin is."""
        self._open.pop(peer.instance, None)
        for task in self._asks.pop(peer.instance, ()):
            task.cancel()

    def close(self) -> None:
        """Answer nobody any more."""
        for tasks in (*self._asks.values(), self._telling):
            for task in tasks:
                task.cancel()
        self._asks.clear()

    # what changes -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """For ever: how far takes are on their way. Raises LibraryStuck, LibraryDamaged."""
        while True:
            take_id, (state, fraction) = await self._progress.next()
            entry = await self._store.run(Store.entry_of, take_id)
            if entry and entry.state is state:
                self._tell_entry(entry, fraction)

    async def tell_takes(self) -> None:
        """For ever: which Takes are new, otherwise or gone. Raises LibraryStuck, LibraryDamaged."""
        while True:
            self._tell(await self._shelf.next_change())

    def _take_progressed(self, event: TakeProgressed) -> None:
        """Of no interest once the upload has begun."""
        if self._open:
            self._progress.put(event.take_id, (outbox.State.WAITING, event.fraction))

    def _entry_progressed(self, event: EntryProgressed) -> None:
        if self._open:
            fraction = event.sent_bytes / event.size_bytes if event.size_bytes else 1.0
            self._progress.put(event.take_id, (outbox.State.UPLOADING, fraction))

    def _tell_entry(self, entry: outbox.Entry, fraction: float = 0.0) -> None:
        """To all windows: a Take kept in one may be posted from the command line."""
        account, online = self._account.name, self._status.online
        if self._open:
            held = held_ms(entry)
            self._tell(posting(entry, account=account, online=online, fraction=fraction, held_ms=held))

    def _tell_row(self, post: AudioPost) -> None:
        """A row that is new or has changed."""
        if self._open:
            self._tell(item(post, self._account.name))

    def _followed(self, event: FollowsChanged) -> None:
        """Their posts are told, whoever has asked for it; those of somebody who is left are removed by events of their own."""
        if self._open and event.follow:
            task = asyncio.create_task(self._tell_newest())
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell_newest(self) -> None:
        with contextlib.suppress(SidechainError):  # the library's own: whoever asks next is told
            await self._pages.page("", NEWEST, self._tell_row)

    def _tell(self, message: FromDaemon) -> None:
        for peer in list(self._open.values()):
            self._say(peer, message)

    # answers ----------------------------------------------------------------------------------------------------

    def _start(self, instance: Instance, message: Ask) -> None:
        peer = instance.peer
        running = self._asks.setdefault(peer.instance, set())
        if len(running) >= MAX_ASKS:
            busy = AskFailed(id=message.id, code="busy", message="Too much was asked at once. Try again.")
            self._say(peer, busy)
            return
        task = asyncio.create_task(self._answer(instance, message))
        running.add(task)
        task.add_done_callback(running.discard)

    async def _answer(self, instance: Instance, message: Ask) -> None:
        try:
            reply: FromDaemon = await self._carry_out(instance, message)
        except Exception as error:
            told = sentence_of(error, type(message).__name__)
            reply = AskFailed(id=message.id, code=told.code, message=told.line)
        self._say(instance.peer, reply)

    async def _carry_out(self, instance: Instance, message: Ask) -> FromDaemon:
        if isinstance(message, FromShelf):
            return await self._shelf.carry_out(instance.peer, message)
        if isinstance(message, FromAccount):
            return await self._people.carry_out(message)
        match message:
            case GetFeed():
                return await self._page(instance.peer, message)
            case GetPeaks() | GetMarks() | GetEarlier():
                return await self._history.carry_out(instance, message)
            case KeepAll():
                return await self._keep_all(instance, message)
            case Export():
                return await self._export(instance, message)
            case UndoPost():
                await self._posting.undo(message.take_id)
            case PostTake():
                await self._posting.post(await self._takes.get(message.take_id), message.title)
            case LikePost():
                await self._social.like(message.post_id, message.like)
            case ReactPost():
                await self._social.react(message.post_id, REACTIONS[message.reaction], message.react)
        return Asked(id=message.id)

    async def _keep_all(self, instance: Instance, message: KeepAll) -> KeptAll:
        wanted = Wanted(
            bars=message.bars,
            title=message.title,
            at_frame=message.at_frame,
            generation=message.generation,
            asked=f"{instance.name}:all:{message.id}",
        )
        kept = await self._set_keeping.keep(wanted, instance)
        return KeptAll(
            id=message.id,
            set_id=kept.set_id,
            takes=len(kept.takes),
            name=kept.name,
            note=kept.note[:MAX_CHARACTERS],
        )

    async def _export(self, instance: Instance, message: Export) -> Exported:
        if message.kind == "history":
            sound = await self._history.sound(instance, message)
        else:
            sound = await find_sound(self._store, self._takes, message.kind, message.target)
        host = await asyncio.to_thread(instance.info)
        file = await self._exporting.export(sound, host.bpm)
        if message.show:
            await self._exporting.show(file.path)
        return Exported(id=message.id, path=str(file.path), name=file.name[:TITLE_CHARACTERS], note=file.note)

    async def _page(self, peer: Peer, ask: GetFeed) -> FeedPage:
        def tell(post: AudioPost) -> None:
            self._say(peer, item(post, self._account.name))

        after, note = await self._pages.page(ask.cursor, ask.limit, tell)
        return FeedPage(id=ask.id, next=after, note=note)
