"""What a person does with what was recovered: look, keep a stretch as a Take, discard it."""

from functools import partial

import msgspec

from daemon.config import Config
from daemon.core.journal import Damaged
from daemon.errors import NothingKept, UsageError
from daemon.features.history.journal import Journal
from daemon.features.history.recovery import Recovered, cut_of, where
from daemon.library.rows import TakeRow
from daemon.library.takes import Made, Takes, new_take, require_one_length
from daemon.rings.journal_files import CLOSED, Mark, read_mark, read_ring, write_mark
from plugin_protocol.layout import SAMPLE_BYTES

ALL = "all"
LAST = "last"


class Recovering:
    """All methods are [loop]. stretch_id: any unique prefix, or "last". Raises UsageError for one that is not there."""

    def __init__(self, config: Config, journal: Journal, takes: Takes) -> None:
        self._config = config
        self._journal = journal
        self._takes = takes

    async def keep(
        self, stretch_id: str, *, bars: int | None, seconds: float | None, before_end_s: float, title: str
    ) -> TakeRow:
        """Make a Take of what a host left behind. Raises UsageError, NothingKept, NoSpace, LibraryStuck."""
        require_one_length(bars, seconds)
        one = self._only(stretch_id)
        copy = partial(self._copy, one, bars=bars, seconds=seconds, before_end_s=before_end_s, title=title)
        take, _ = await self._takes.add(copy)
        for each in (one, *one.repeats):
            await self._journal.do(self._note, each, kept=True)
        self._journal.tell()
        return take

    async def keep_newest(
        self, *, bars: int | None, seconds: float | None, title: str
    ) -> tuple[Recovered, TakeRow]:
        """Of the plugin that is gone and sounded last: as `keep`. Raises NothingKept when there is none."""
        newest = self._journal.newest_first()[:1]
        if not newest:
            raise NothingKept(
                "No plugin is connected.", "Load Sidechain on a track of your DAW and press play."
            )
        wanted = bars or (None if seconds else self._config.default_bars)
        (one,) = newest
        return one, await self.keep(
            one.stretch_id, bars=wanted, seconds=seconds, before_end_s=0.0, title=title
        )

    async def discard(self, stretch_id: str) -> None:
        """Nobody wants it; also "all"."""
        gone = list(self._journal.recovered) if stretch_id == ALL else [self._only(stretch_id)]
        for one in gone:
            for each in (one, *one.repeats):
                await self._journal.do(self._note, each, kept=False)
        self._journal.tell()

    def _copy(
        self, one: Recovered, *, bars: int | None, seconds: float | None, before_end_s: float, title: str
    ) -> Made:
        cut, sound = cut_of(one, bars, seconds, before_end_s, self._config.fallback_seconds)
        self._takes.require_space(cut.frames * one.channels * SAMPLE_BYTES)
        how = "was closed" if one.why == CLOSED else "went down"
        note = f"Recovered after {where(one)} {how}. {cut.note}".strip()
        take = new_take(
            msgspec.structs.replace(cut, note=note),
            title=title,
            host_name=one.host_name,
            track_name=one.track_name,
            sample_rate_hz=one.sample_rate_hz,
            channels=one.channels,
        )
        try:
            self._takes.publish(take, None, sound)
        except Damaged as error:
            raise NothingKept(str(error), "Keep a shorter stretch of it.") from error
        return take, None

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
