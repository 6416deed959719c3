"""What a person does with what was recovered: look, keep a stretch as a Take, discard it."""

from functools import partial

import msgspec

from daemon.config import Config
from daemon.core.choosing import named
from daemon.core.journal import Damaged
from daemon.errors import NothingKept, NothingThere, UsageError
from daemon.events import Bus, PartKept, SettingsChanged
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

    def __init__(self, config: Config, journal: Journal, takes: Takes, bus: Bus) -> None:
        self._config = config
        self._journal = journal
        self._takes = takes
        bus.on(PartKept, self._part_kept)
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config = event.config

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

    def gone(self, name: str | None = None) -> list[Recovered]:
        """What each plugin that is gone left last, the newest first; with a name, of those that it means."""
        newest: dict[str, Recovered] = {}
        for one in self._journal.newest_first():
            newest.setdefault(one.instance, one)
        if name is None:
            return list(newest.values())
        meant = {label.instance for label in named([one.label for one in newest.values()], name)}
        return [one for one in newest.values() if one.instance in meant]

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

    def _part_kept(self, part: PartKept) -> None:
        """Not by its id, but by a window that looked at a Ring that is gone: it is no news any more either."""
        for one in self._journal.recovered:
            both = one, *one.repeats
            for each in both if any(_is_of(each, part) for each in both) else ():
                if not each.kept:
                    self._journal.later(self._note, each, kept=True)

    def _only(self, prefix: str) -> Recovered:
        """By the start of its id, or "last". Raises UsageError."""
        newest = self._journal.newest_first()
        found = newest[:1] if prefix == LAST else [o for o in newest if o.stretch_id.startswith(prefix)]
        if len(found) != 1 or not prefix:
            if not newest:
                raise NothingThere(
                    "There is nothing that was recovered.", "`sidechain keep` keeps what a plugin holds."
                )
            many = "No stretch has" if not found else "Several stretches have"
            raise UsageError(f"{many} an id that starts with {prefix!r}.", "`sidechain recover` lists them.")
        return found[0]


def _is_of(one: Recovered, part: PartKept) -> bool:
    stretch = one.stretch
    return (
        one.folder.name == part.ring
        and stretch.first_frame < part.end_frame
        and part.first_frame < stretch.end_frame
    )
