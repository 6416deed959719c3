"""What a host that ended left in the journal, as stretches that may be kept: found, described, and cut into a Take.

A stretch is cut as a Ring is (daemon.core.capture), from the same records, so its bars are as exact. Its folder is only
read here; the journal (journal.py) owns it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from daemon.core import capture
from daemon.core.choosing import Label
from daemon.core.journal import Damaged
from daemon.core.passages import Meter
from daemon.core.stretches import Stretch, stretches
from daemon.errors import NothingKept, SidechainError
from daemon.rings.journal_files import (
    CLOSED,
    Mark,
    Segment,
    read_frames,
    read_mark,
    read_ring,
    read_timeline,
)

MOST_BARS = 64
MOST_BARS_S = 300.0  # as many bars at 50 BPM: further back nobody looks for them
MAX_TAKE_S = 900.0


class LastBars(Struct, frozen=True, kw_only=True):
    """Whole bars at the end of a stretch, at most MOST_BARS."""

    first_frame: int
    bars: int
    bpm: float | None
    meter: Meter | None


class Recovered(Struct, frozen=True, kw_only=True):
    """One stretch that is offered. Unknown is None."""

    stretch_id: str
    folder: Path
    host_name: str
    track_name: str
    sample_rate_hz: float
    channels: int
    stretch: Stretch
    why: str  # "host" or "machine" (or the session on it) went down; or CLOSED: it was closed
    kept: bool
    last: LastBars | None
    repeats: "tuple[Recovered, ...]" = ()  # the same sound once more, which is not told: repeats.py

    @property
    def bars(self) -> int | None:
        return self.last.bars if self.last else None

    @property
    def bpm(self) -> float | None:
        return self.last.bpm if self.last else None

    @property
    def meter(self) -> Meter | None:
        return self.last.meter if self.last else None

    @property
    def instance(self) -> str:
        """The name of who played it."""
        return self.folder.name.partition("-")[0]

    @property
    def label(self) -> Label:
        return Label(instance=self.instance, host_name=self.host_name, track_name=self.track_name)

    @property
    def seconds(self) -> float:
        return (self.stretch.end_frame - self.stretch.first_frame) / self.sample_rate_hz


def recovered_in(
    folder: Path, segments: list[Segment], why: str | None = None, before: Iterable[Recovered] = ()
) -> tuple[Recovered, ...]:
    """What the journal of one Ring offers, oldest first. segments: its files; why: it is offered, if the folder has no word
    on that; before: what it offered when more of its beginning was there. [worker] Raises OSError."""
    mark = Mark(why=why) if why else read_mark(folder) or Mark(why="host")
    if not segments:
        return ()
    origin = segments[-1].origin
    heads = [chunk.head for segment in segments for chunk in segment.chunks]
    known = {one.stretch_id: one for one in before}
    found = []
    for stretch in stretches(heads, origin.sample_rate_hz):
        stretch_id = f"{origin.generation & 0xFFFF_FFFF:08x}-{stretch.sound_end_frame:x}"
        if stretch_id in mark.discarded:
            continue
        last = _last_bars(segments, stretch, known.get(stretch_id))
        found.append(
            Recovered(
                stretch_id=stretch_id,
                folder=folder,
                host_name=origin.host_name,
                track_name=origin.track_name,
                sample_rate_hz=origin.sample_rate_hz,
                channels=origin.channels,
                stretch=stretch,
                why=mark.why,
                kept=stretch_id in mark.kept,
                last=last,
            )
        )
    return tuple(found)


def _last_bars(segments: list[Segment], stretch: Stretch, before: Recovered | None) -> LastBars | None:
    """None: it ends without any. Not counted again while those that were found are all there."""
    near_frame = stretch.end_frame - int(MOST_BARS_S * segments[-1].origin.sample_rate_hz)
    near = replace(stretch, oldest_frame=max(stretch.oldest_frame, near_frame))
    if before and before.stretch.end_frame == stretch.end_frame:
        known, is_less = before.last, before.stretch.first_frame <= stretch.first_frame
        if is_less and (known is None or known.first_frame >= max(near.oldest_frame, near.first_frame)):
            return known
    try:
        cut = capture.last_bars(_history(segments, near), MOST_BARS, stretch.end_frame, 1.0)
    except (capture.NothingToKeep, Damaged):
        return None
    if cut.bars is None:
        return None
    return LastBars(first_frame=cut.first_frame, bars=cut.bars, bpm=cut.bpm, meter=cut.meter)


def cut_of(
    one: Recovered, bars: int | None, seconds: float | None, before_end_s: float, fallback_s: float
) -> tuple[capture.Cut, Iterator[bytes | memoryview]]:
    """The Cut that ends `before_end_s` before the stretch does, and its sound; without bars and seconds all of it, as
    far as a Take may be long. [worker] Raises NothingKept, SidechainError; the sound raises Damaged, OSError."""
    try:
        segments = read_ring(one.folder, verify=False)
        history = _history(segments, one.stretch)
        at_frame = one.stretch.end_frame - round(before_end_s * one.sample_rate_hz)
        if bars is not None:
            cut = capture.last_bars(history, bars, at_frame, fallback_s)
        else:
            cut = capture.last_seconds(history, min(seconds or one.seconds, MAX_TAKE_S), at_frame)
        return cut, read_frames(segments, cut.first_frame, cut.first_frame + cut.frames)
    except capture.NothingToKeep as error:
        raise NothingKept(error.message, "Keep other bars of it, or seconds.") from error
    except (Damaged, OSError) as error:
        raise SidechainError(
            f"What was recovered cannot be read: {error}", "`sidechain recover` shows what still can."
        ) from error


def _history(segments: list[Segment], stretch: Stretch) -> capture.History:
    records = read_timeline(segments, stretch.oldest_frame, stretch.end_frame)
    return capture.History(
        records=records,
        oldest_frame=max(stretch.first_frame, stretch.oldest_frame),
        commit_frame=stretch.end_frame,
        sample_rate_hz=segments[-1].origin.sample_rate_hz,
    )


def sentence(one: Recovered) -> str:
    """How it is offered: "Recovered: 3:12 from REAPER / Drums, until 2 min before the crash." """
    if one.why == CLOSED:
        return f"Still here: {duration(one.seconds)} from {where(one)}, which was closed."
    crash = "the crash" if one.why == "host" else "the session or the computer went down"
    before_s = one.stretch.before_end_s
    until = "right before" if before_s < 1.0 else f"until {duration(before_s)} before"
    return f"Recovered: {duration(one.seconds)} from {where(one)}, {until} {crash}."


def where(one: Recovered) -> str:
    return f"{one.host_name} / {one.track_name}" if one.track_name else one.host_name


def duration(seconds: float) -> str:
    """3:12, or 12 s."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}" if whole >= 60 else f"{whole} s"
