"""Posting, and the outbox, as tray and command line ask for them."""

import bridge.control as c
from daemon.core import outbox
from daemon.doors.control.answers import Answers
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.features.posting.pausing import Pausing
from daemon.features.posting.posting import Posting
from daemon.library.entries import held_s
from daemon.library.takes import Takes


class OutboxAnswers:
    """All methods are [loop]."""

    def __init__(self, posting: Posting, pausing: Pausing, takes: Takes) -> None:
        self._posting = posting
        self._pausing = pausing
        self._takes = takes
        self.answers: Answers = {
            c.PostTake: self._post,
            c.ListOutbox: self._list,
            c.RetryEntries: self._retry,
            c.DiscardEntry: self._discard,
            c.UndoPost: self._undo,
            c.PausePosting: self._pause,
            c.ResumePosting: self._resume,
        }

    async def _post(self, request: c.PostTake) -> c.Reply:
        entry = await self._posting.post(
            await self._takes.find(request.take_id), request.title, request.visibility
        )
        return c.Posted(
            entry_id=entry.entry_id,
            take_id=entry.take_id,
            state=entry.state,
            post_url=entry.post_url,
            held_s=held_s(entry),
        )

    async def _list(self, request: c.ListOutbox) -> c.Reply:
        entries = await self._posting.listed(ended=request.ended, limit=request.limit)
        return await self._told(entries)

    async def _retry(self, request: c.RetryEntries) -> c.Reply:
        after = await self._posting.retry(request.entry_id)
        return await self._told(after[-c.MAX_LIST :])

    async def _discard(self, request: c.DiscardEntry) -> c.Reply:
        return await self._told([await self._posting.discard(request.entry_id)])

    async def _undo(self, request: c.UndoPost) -> c.Reply:
        return await self._told([await self._posting.undo(request.entry_id)])

    async def _pause(self, request: c.PausePosting) -> c.Reply:
        await self._pausing.pause(request.seconds)
        return c.Done()

    async def _resume(self, request: c.ResumePosting) -> c.Reply:
        await self._pausing.resume()
        return c.Done()

    async def _told(self, entries: list[outbox.Entry]) -> c.EntryList:
        names = await self._takes.names([entry.take_id for entry in entries])
        return c.EntryList(entries=[info(e, e.title or names.get(e.take_id, "")) for e in entries])


def info(entry: outbox.Entry, name: str) -> c.EntryInfo:
    """An Entry as the command line sees it. name: what it is called by."""
    return c.EntryInfo(
        entry_id=entry.entry_id,
        take_id=entry.take_id,
        account=entry.account,
        title=entry.title,
        name=name,
        created_us=entry.created_us,
        state=entry.state,
        attempts=entry.attempts,
        next_attempt_us=entry.next_attempt_us if entry.state is outbox.State.QUEUED else None,
        sent_bytes=entry.sent_bytes,
        size_bytes=entry.size_bytes,
        post_url=entry.post_url,
        reason=entry.reason[:MAX_CHARACTERS] if entry.reason else None,
        held_s=held_s(entry),
    )
