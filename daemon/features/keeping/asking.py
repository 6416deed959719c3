"""Which part of a History is meant, and the cut that it is: by bars, by seconds, by the time of day, all, or exact frames.

What memory holds is asked first, the disk for what memory cannot give, and only as far back as is needed.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from daemon.config import Config
from daemon.core import capture
from daemon.core.choosing import Label
from daemon.core.heard import frame_at
from daemon.errors import NothingKept, UsageError
from daemon.events import Bus, SettingsChanged
from daemon.rings.instances import Instance
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Player, Reach, reach_of

REACHES_S = (60.0, 240.0, 960.0, 3600.0)  # how far back the disk is asked, one after the other
LINE_WITHIN_S = 16.0  # of the last sound: a bar line that is further off ends a rest, not what was played
MAX_TAKE_S = 900.0
MIN_PART_S = 0.1
SILENT_SINCE = "What came after it is silence."


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants kept of a History: `bars` or `seconds`, else as config says, up to `at_frame` or up to now.

    generation: of the Ring that frames count in; None: the newest. asked: see TakeRow. Or else, up to `ago_s` before now:
    also `from_ago_s` to there; or from `first_frame` to `at_frame`; or `whole`. snap: to the bar lines nearest to both.
    """

    bars: int | None = None
    seconds: float | None = None
    at_frame: int | None = None
    generation: int | None = None
    first_frame: int | None = None
    ago_s: float | None = None
    from_ago_s: float | None = None
    whole: bool = False
    snap: bool = True
    title: str = ""
    post: bool = False
    asked: str | None = None


def require_one_way(ask: Ask) -> None:
    """Raises UsageError when a part is asked for in two ways, or in one that makes no sense."""
    spans = ask.from_ago_s is not None or ask.first_frame is not None
    ways = [ask.bars is not None, ask.seconds is not None, spans, ask.whole]
    if sum(ways) > 1:
        raise UsageError(
            "A take is asked for in bars, in seconds, from one time to another, or whole, and only in one of these ways.",
            "Leave the others out.",
        )
    if ask.from_ago_s is not None and ask.from_ago_s - (ask.ago_s or 0.0) < MIN_PART_S:
        raise UsageError("That ends before it begins.", "Say first the earlier time, then the later one.")
    if ask.first_frame is not None and (ask.at_frame is None or ask.at_frame <= ask.first_frame):
        raise UsageError("That ends before it begins.", "Say the later frame as the end.")
    if ask.whole and ask.ago_s:
        raise UsageError("All of it ends now.", "Leave out how long ago.")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The part that was meant: a cut, what it was cut from, and where its sound is read."""

    reach: Reach
    history: capture.History
    cut: capture.Cut
    ask: Ask  # with the frames that it came to

    def played_by(self, player: Player) -> Label:
        """The plugin that was asked, or the one that is gone whose Ring it is."""
        origin = self.reach.origin
        if origin is None:
            assert isinstance(player, Instance), "memory is a loaded one's"
            return player.label
        return Label(instance=origin.instance, host_name=origin.host_name, track_name=origin.track_name)


class Parts:
    """[worker] Raises NothingKept, UsageError throughout."""

    def __init__(self, config: Config, journal: JournalFolder, bus: Bus) -> None:
        self._journal = journal
        self._config = config
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config = event.config

    def of(self, player: Player, ask: Ask) -> Part:
        """Of what one plugin has played."""
        require_one_way(ask)
        if ask.ago_s is not None or ask.from_ago_s is not None:
            return self._by_the_clock(player, ask)
        reach = self.newest(player, ask.generation)
        if ask.whole:
            return self._whole(reach, ask)
        if ask.first_frame is not None and ask.at_frame is not None:
            longest_frames = int(MAX_TAKE_S * reach.sample_rate_hz)
            if ask.at_frame - ask.first_frame > longest_frames:
                raise UsageError(
                    f"That is longer than {MAX_TAKE_S / 60:g} minutes.", "Select a shorter part."
                )
        memory = reach.memory()
        now = memory.commit_frame if ask.at_frame is None else min(ask.at_frame, memory.commit_frame)
        ask = msgspec.structs.replace(ask, at_frame=now)
        history, cut = self._far_enough(reach, memory, ask)
        if ask.first_frame is None:
            history, cut = self._sounding(reach, history, cut, ask)
        return Part(reach=reach, history=history, cut=cut, ask=ask)

    def cut(self, history: capture.History, ask: Ask) -> capture.Cut:
        """The cut of what this history holds."""
        end_frame = history.commit_frame if ask.at_frame is None else ask.at_frame
        try:
            if ask.first_frame is not None:
                return capture.between(history, ask.first_frame, end_frame, snap=ask.snap)
            if ask.seconds is not None:
                return capture.last_seconds(history, ask.seconds, end_frame)
            wanted = ask.bars or self._config.default_bars
            return capture.last_bars(history, wanted, end_frame, self._config.fallback_seconds)
        except capture.NothingToKeep as error:
            raise NothingKept(error.message, error.next_step) from error

    def _by_the_clock(self, player: Player, ask: Ask) -> Part:
        """Up to `ago_s` before now, in the Ring that was written then."""
        now_us = time.time_ns() // 1000
        reach, end_frame = self.written_at(player, now_us - round((ask.ago_s or 0.0) * 1e6))
        first_frame = None
        if ask.from_ago_s is not None:
            first_frame = frame_at(reach.ties(), now_us - round(ask.from_ago_s * 1e6), reach.sample_rate_hz)
            first_frame = max(first_frame, end_frame - int(MAX_TAKE_S * reach.sample_rate_hz))
            if first_frame >= end_frame:  # the host stood all the while
                raise _nothing_then()
        ask = msgspec.structs.replace(ask, at_frame=end_frame, first_frame=first_frame)
        history, cut = self._far_enough(reach, reach.memory(), ask)
        if first_frame is None:
            history, cut = self._sounding(reach, history, cut, ask)
        return Part(reach=reach, history=history, cut=cut, ask=ask)

    def written_at(self, player: Player, at_us: int) -> tuple[Reach, int]:
        """The Ring of it that was written at that time, and the frame that was heard then."""
        for reach in self._newest_first(player):
            tied = reach.ties()
            end_frame = frame_at(tied, at_us, reach.sample_rate_hz) if tied else 0
            if end_frame > min(reach.oldest_frame, reach.memory().oldest_frame):
                return reach, end_frame
        raise _nothing_then()  # each begins later

    def newest(self, player: Player, generation: int | None = None) -> Reach:
        """Its newest Ring, or of a loaded one that of a generation."""
        if isinstance(player, Instance):
            return reach_of(self._journal, player, generation)
        if (newest := next(self._newest_first(player), None)) is None:
            raise NothingKept("Nothing is left of it.", "`sidechain history` shows what there is.")
        return newest

    def _newest_first(self, player: Player) -> Iterator[Reach]:
        """The Rings that it has had, as far as anything is left of them."""
        newest: Path | None = None
        if isinstance(player, Instance) and player.ring is not None:
            reach = reach_of(self._journal, player, None)
            newest = self._journal.of(player.ring)
            reach.look()
            yield reach
        earlier = []
        for folder in self._journal.of_instance(player.name):
            with suppress(NothingKept):
                earlier += [Reach(self._journal, folder, None)] if folder != newest else []
        yield from sorted(earlier, key=lambda one: -one.heads[-1].wall_us)

    def _whole(self, reach: Reach, ask: Ask) -> Part:
        """All that sounded, as far as a Take may be long."""
        history = reach.back(None, MAX_TAKE_S)
        first_frame, end_frame = history.oldest_frame, history.commit_frame
        floor_frame = end_frame - int(MAX_TAKE_S * reach.sample_rate_hz)
        ended = reach.last_sound(end_frame)
        if ended is not None and ended < end_frame:
            history = reach.back(ended, MAX_TAKE_S)
            floor_frame, end_frame = ended - int(MAX_TAKE_S * reach.sample_rate_hz), ended
            first_frame = history.oldest_frame
        sounding = [h.first_frame for h in reach.heads if not h.silent and h.end_frame > first_frame]
        if sounding and reach.oldest_frame <= first_frame:
            first_frame = max(first_frame, min(sounding))
        first_frame = max(first_frame, floor_frame)
        ask = msgspec.structs.replace(ask, first_frame=first_frame, at_frame=end_frame, snap=False)
        return Part(reach=reach, history=history, cut=self.cut(history, ask), ask=ask)

    def _far_enough(
        self, reach: Reach, history: capture.History, ask: Ask
    ) -> tuple[capture.History, capture.Cut]:
        """The cut from what memory holds; as far as that is not enough, from ever more of the disk."""
        for reach_s in REACHES_S:
            cut = self._none_yet(history, ask)
            if cut and not self._is_short(cut, ask, history):
                return history, cut
            history = reach.back(ask.at_frame, reach_s)
            if history.oldest_frame <= reach.oldest_frame:
                break
        return history, self.cut(history, ask)

    def _none_yet(self, history: capture.History, ask: Ask) -> capture.Cut | None:
        try:
            return self.cut(history, ask)
        except NothingKept:
            return None

    def _is_short(self, cut: capture.Cut, ask: Ask, history: capture.History) -> bool:
        """Whether there may be more of it on the disk."""
        if ask.first_frame is not None:
            bar_frames = round(LINE_WITHIN_S * history.sample_rate_hz)  # it may be snapped to a line before
            return history.oldest_frame > max(ask.first_frame - bar_frames, 0)
        if ask.seconds is not None:
            return cut.frames < round(ask.seconds * history.sample_rate_hz)
        return (cut.bars or 0) < (ask.bars or self._config.default_bars)

    def _sounding(
        self, reach: Reach, history: capture.History, cut: capture.Cut, ask: Ask
    ) -> tuple[capture.History, capture.Cut]:
        """What was played last is what is wanted, also a minute after it: silence in full is never a Take."""
        if reach.sounds(cut.first_frame, cut.frames):
            return history, cut
        reach.look()
        end_frame = cut.first_frame + cut.frames
        ended = reach.last_sound(end_frame)
        if ended is None:
            return history, cut
        around = reach.back(min(ended + round(LINE_WITHIN_S * reach.sample_rate_hz), end_frame), REACHES_S[0])
        at_frame = min(capture.line_from(around, ended), end_frame)
        history, cut = self._far_enough(reach, history, msgspec.structs.replace(ask, at_frame=at_frame))
        return history, msgspec.structs.replace(cut, note=f"{cut.note} {SILENT_SINCE}".strip())


def _nothing_then() -> NothingKept:
    return NothingKept("Nothing that was played then is in reach.", "`sidechain history` shows what is.")
