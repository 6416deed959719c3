"""The list of Takes in a plugin's window: what it asks for, and what is told unasked when a Take changes."""

import asyncio
from collections.abc import Callable

from bridge.plugin_endpoint import Peer
from daemon.core.outbox import Entry
from daemon.core.posting import state_of
from daemon.core.titles import joined
from daemon.errors import UsageError
from daemon.events import (
    Bus,
    Pending,
    TakeChanged,
    TakeDeleted,
    TakeDiscarded,
    TakeKept,
    TakeReset,
)
from daemon.features.posting.posting import Posting
from daemon.features.repairs.repairs import Repairs
from daemon.library.outlines import read_outline
from daemon.library.rows import TakeRow
from daemon.library.store import Store
from daemon.library.takes import Takes
from plugin_protocol.message_base import OUTLINE_COLUMNS, TITLE_CHARACTERS
from plugin_protocol.messages import Asked, FromDaemon
from plugin_protocol.take_messages import (
    DiscardTake,
    FromShelf,
    GetTakes,
    RenameTake,
    RepairTake,
    TagTake,
    TakeGone,
    TakeInfo,
    TakesPage,
)

MAX_BPM = 1000.0  # of a row


class TakeShelf:
    """All methods are [loop]. say: something to a plugin."""

    def __init__(
        self,
        *,
        say: Callable[[Peer, FromDaemon], bool],
        store: Store,
        takes: Takes,
        posting: Posting,
        repairs: Repairs,
        bus: Bus,
    ) -> None:
        self._say = say
        self._store = store
        self._takes = takes
        self._posting = posting
        self._repairs = repairs
        self._changed = Pending[str, None]()
        bus.on(TakeKept, lambda event: self._changed.put(event.take_id, None))
        bus.on(TakeChanged, lambda event: self._changed.put(event.take_id, None))
        bus.on(TakeReset, lambda event: self._changed.put(event.take_id, None))
        bus.on(TakeDiscarded, lambda event: self._changed.put(event.take_id, None))
        bus.on(TakeDeleted, lambda event: self._changed.put(event.take_id, None))

    async def next_change(self) -> TakeInfo | TakeGone:
        """Waits until a Take is new, otherwise or gone. Raises LibraryStuck, LibraryDamaged."""
        take_id, _ = await self._changed.next()
        found = await self._store.run(Store.takes_of, [take_id])
        if not found or found[0].discarded_us is not None:
            return TakeGone(take_id=take_id)
        return await self._info(found[0], await self._store.run(Store.entry_of, take_id), 0)

    async def carry_out(self, peer: Peer, message: FromShelf) -> TakesPage | Asked:
        """Raises UsageError, SidechainError."""
        match message:
            case GetTakes():
                return await self._page(peer, message)
            case RenameTake():
                await self._posting.rename(await self._known(message.take_id), message.title)
            case TagTake():
                take_id = await self._known(message.take_id)
                await self._takes.tag(take_id, add=_tags(message.add), remove=_tags(message.remove))
            case DiscardTake(discard=True):
                await self._takes.discard(await self._known(message.take_id))
            case DiscardTake():
                await self._takes.restore(message.take_id)
            case RepairTake(repair=True):
                await self._repairs.repair(await self._known(message.take_id), None)
            case RepairTake():
                await self._repairs.undo(await self._known(message.take_id))
        return Asked(id=message.id)

    async def _known(self, take_id: str) -> str:
        """A window names a Take whole: no start of an id, and not the last one. Raises UsageError."""
        return (await self._takes.get(take_id)).take_id

    async def _page(self, peer: Peer, ask: GetTakes) -> TakesPage:
        if ask.cursor and not (ask.cursor.isascii() and ask.cursor.isdigit() and len(ask.cursor) < 19):
            raise UsageError("The list cannot go on from there.", "Begin it anew.")
        before = int(ask.cursor) if ask.cursor else None
        page = await self._store.run(Store.page_of_takes, ask.limit, search=ask.search, before=before)
        for take, entry in page.takes:
            self._say(peer, await self._info(take, entry, ask.id))
        return TakesPage(id=ask.id, next=str(page.after) if page.after is not None else "")

    async def _info(self, take: TakeRow, entry: Entry | None, ask_id: int) -> TakeInfo:
        outline = await asyncio.to_thread(read_outline, self._takes.folder / take.take_id, OUTLINE_COLUMNS)
        return TakeInfo(
            id=ask_id,
            take_id=take.take_id,
            name=take.name[:TITLE_CHARACTERS],
            titled=bool(take.title),
            tags=joined(take.tags, TITLE_CHARACTERS),
            created_us=take.created_us,
            duration_ms=round(1000 * take.frames / take.sample_rate_hz),
            bars=take.cut.bars,
            bpm=take.bpm if take.bpm and 0.0 < take.bpm <= MAX_BPM else None,
            key=take.analysis.key if take.analysis else None,
            state=state_of(entry),
            page_url=(entry.post_url or "") if entry else "",
            repair=take.repair or "",
            outline=outline,
        )


def _tags(text: str) -> list[str]:
    return [tag for each in text.split(",") if (tag := each.strip())]
