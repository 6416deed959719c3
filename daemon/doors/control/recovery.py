"""Answers the control socket's questions about what was recovered: list, keep as a Take, discard. A translation only."""

from collections.abc import Awaitable, Callable

import msgspec

import bridge.control as c
from daemon.doors.control.told import take_info
from daemon.errors import UsageError
from daemon.features.history.journal import Journal
from daemon.features.history.journal_files import Mark, read_mark, read_ring, write_mark
from daemon.features.history.recovery import Recovered, sentence
from daemon.features.rendering.renderer import Renderer
from daemon.library.takes import Takes

ALL = "all"
LAST = "last"


class RecoveryAnswers:
    """All methods are [loop]. changed: status shows something new."""

    def __init__(
        self, journal: Journal, takes: Takes, renderer: Renderer, changed: Callable[[], None]
    ) -> None:
        self._journal = journal
        self._takes = takes
        self._renderer = renderer
        self._changed = changed
        self.answers: dict[type, Callable[..., Awaitable[c.Reply]]] = {
            c.GetRecovery: self._list, c.KeepRecovered: self._keep, c.DiscardRecovered: self._discard,
        }  # fmt: skip

    async def _list(self, request: c.GetRecovery | c.DiscardRecovered) -> c.Reply:
        config = self._journal.config
        return c.Recovery(
            id=request.id, stretches=[stretch_info(one) for one in self._journal.newest_first()],
            on=config.journal, minutes=config.journal_minutes, used_bytes=self._journal.used_bytes,
            budget_bytes=config.journal_budget_bytes, trouble=self._journal.trouble[:512],
        )  # fmt: skip

    async def _keep(self, request: c.KeepRecovered) -> c.Reply:
        if request.bars is not None and request.seconds is not None:
            raise UsageError("A take is asked for in bars or in seconds, not both.")
        one = self._only(request.stretch_id)
        take = await self._takes.keep_recovered(
            one, bars=request.bars, seconds=request.seconds, before_end_s=request.before_end_s, title=request.title
        )  # fmt: skip
        self._renderer.wake()
        await self._journal.do(self._note, one, kept=True)
        self._changed()
        return c.OneTake(
            id=request.id, take=take_info(take, None, busy=False), path=str(self._takes.folder / take.take_id)
        )

    async def _discard(self, request: c.DiscardRecovered) -> c.Reply:
        gone = (
            list(self._journal.recovered) if request.stretch_id == ALL else [self._only(request.stretch_id)]
        )
        for one in gone:
            await self._journal.do(self._note, one, kept=False)
        self._changed()
        return await self._list(request)

    def _note(self, one: Recovered, *, kept: bool) -> None:
        """Kept: no longer news. Discarded: its bytes go, as far as no other stretch lies in the same file.
        [the journal's thread]"""
        mark = read_mark(one.folder) or Mark(why=one.why)
        if kept:
            if one.stretch_id not in mark.kept:
                write_mark(one.folder, msgspec.structs.replace(mark, kept=[*mark.kept, one.stretch_id]))
            return self._journal.reread(one.folder)
        others = [o for o in self._journal.recovered if o.folder == one.folder and o != one]
        if not others:
            return self._journal.forget(one.folder)
        write_mark(one.folder, msgspec.structs.replace(mark, discarded=[*mark.discarded, one.stretch_id]))
        for segment in read_ring(one.folder, verify=False):
            heads = [chunk.head for chunk in segment.chunks]
            if not any(
                head.first_frame < o.stretch.end_frame and head.end_frame > o.stretch.first_frame
                for head in heads
                for o in others
            ):
                segment.path.unlink(missing_ok=True)
        return self._journal.reread(one.folder)

    def _only(self, prefix: str) -> Recovered:
        """By the start of its id, or "last". Raises UsageError."""
        newest = self._journal.newest_first()
        found = newest[:1] if prefix == LAST else [o for o in newest if o.stretch_id.startswith(prefix)]
        if len(found) != 1 or not prefix:
            if not newest:
                raise UsageError(
                    "There is nothing that was recovered.", "`sidechain keep` keeps what a plugin holds."
                )
            many = "No stretch has" if not found else "Several stretches have"
            raise UsageError(f"{many} an id that starts with {prefix!r}.", "`sidechain recover` lists them.")
        return found[0]


def stretch_info(one: Recovered) -> c.StretchInfo:
    """A stretch as tray and command line see it."""
    return c.StretchInfo(
        stretch_id=one.stretch_id, host_name=one.host_name, track_name=one.track_name, seconds=one.seconds,
        sample_rate_hz=one.sample_rate_hz, channels=one.channels, sounded_us=one.stretch.sounded_us,
        before_end_s=one.stretch.before_end_s, why=one.why, bars=one.bars, bpm=one.bpm,
        meter=f"{one.meter[0]}/{one.meter[1]}" if one.meter else None, kept=one.kept, sentence=sentence(one)[:512],
    )  # fmt: skip
