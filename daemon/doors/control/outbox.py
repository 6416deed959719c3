"""Answers the control socket's requests about the outbox: list, try again, take back. A translation only."""

import asyncio
from collections.abc import Awaitable, Callable

import bridge.control as c
from daemon.core import outbox
from daemon.errors import TakeGone, UsageError
from daemon.features.rendering.renderer import Renderer
from daemon.library.entries import Entries
from daemon.library.store import Store
from daemon.library.takes import Takes

ALL = "all"


class OutboxAnswers:
    """All methods are [loop]. go: what waits for the relay goes out now; changed: status shows something new."""

    def __init__(
        self,
        store: Store,
        takes: Takes,
        entries: Entries,
        renderer: Renderer,
        go: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._takes = takes
        self._entries = entries
        self._renderer = renderer
        self._go = go
        self._changed = changed
        self.answers: dict[type, Callable[..., Awaitable[c.Reply]]] = {
            c.ListOutbox: self._list, c.RetryEntries: self._retry, c.DiscardEntry: self._discard,
            c.RenderTake: self._render,
        }  # fmt: skip

    async def _list(self, request: c.ListOutbox) -> c.Reply:
        entries = await self._store.run(Store.entries)
        shown = entries if request.ended else [e for e in entries if not _ended(e)]
        return c.EntryList(id=request.id, entries=[info(e) for e in shown[-request.limit :]])

    async def _retry(self, request: c.RetryEntries) -> c.Reply:
        """All that have not ended and can go; one by its id also after it was discarded."""
        entries = await self._store.run(Store.entries)
        if request.entry_id == ALL:
            after = [await self._retried(e) for e in entries if not _ended(e)]
        else:
            after = [await self._entries.retry(_only(entries, request.entry_id))]
        self._renderer.wake()
        self._go()
        self._changed()
        return c.EntryList(id=request.id, entries=[info(e) for e in after[-c.MAX_LIST :]])

    async def _retried(self, entry: outbox.Entry) -> outbox.Entry:
        try:
            return await self._entries.retry(entry)
        except TakeGone:  # it stays halted, and holds up no other
            return entry

    async def _discard(self, request: c.DiscardEntry) -> c.Reply:
        entry = _only(await self._store.run(Store.entries), request.entry_id)
        after = await self._entries.discard(entry)
        self._changed()
        return c.EntryList(id=request.id, entries=[info(after)])

    async def _render(self, request: c.RenderTake) -> c.Reply:
        take = await self._takes.find(request.take_id)
        await asyncio.to_thread(self._takes.require_sound, take)
        await self._store.run(Store.retry_take, take.take_id)
        self._renderer.wake()
        return c.Done(id=request.id)


def _ended(entry: outbox.Entry) -> bool:
    return entry.state in (outbox.State.ACCEPTED, outbox.State.DISCARDED)


def _only(entries: list[outbox.Entry], prefix: str) -> outbox.Entry:
    """By the start of its id, or of its take's. Raises UsageError."""
    found = [e for e in entries if e.entry_id.startswith(prefix) or e.take_id.startswith(prefix)]
    if len(found) != 1 or not prefix:
        many = "No entry has" if not found else "Several entries have"
        raise UsageError(f"{many} an id that starts with {prefix!r}.", "`sidechain outbox --all` lists them.")
    return found[0]


def info(entry: outbox.Entry) -> c.EntryInfo:
    """An Entry as the command line sees it."""
    return c.EntryInfo(
        entry_id=entry.entry_id, take_id=entry.take_id, account=entry.account, title=entry.title,
        created_us=entry.created_us, state=entry.state, attempts=entry.attempts,
        next_attempt_us=entry.next_attempt_us if entry.state is outbox.State.QUEUED else None,
        sent_bytes=entry.sent_bytes, size_bytes=entry.size_bytes, post_url=entry.post_url, reason=entry.reason[:512] if entry.reason else None,
    )  # fmt: skip
