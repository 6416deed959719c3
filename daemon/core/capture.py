"""Which frames of a Ring a Take gets: the last N bars, or the last S seconds.

A Cut is one contiguous span of Ring frames, what was heard, never spliced. A bar is the span between two bar lines
that follow each other in one Run (bars.py), whatever the transport did in between. Not here: audio, files, or where
bar lines are found.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

from daemon.core.bars import Bars, bars_of
from daemon.core.passages import MAX_BPM, MIN_BPM, Began, Meter, knows_bars
from daemon.core.timeline import MERGE_FRAMES, Run, runs
from plugin_protocol.layout import Flag, Record

MIN_TEMPO_CHANGE_BPM = 1e-3  # less is a host's rounding, not a tempo change

_GAP = int(Flag.GAP)
_BPM = int(Flag.VALID_BPM)
_METER = int(Flag.VALID_METER)
_LOOP_RANGE = int(Flag.LOOP_RANGE)

T = TypeVar("T")


class History(Struct, frozen=True, kw_only=True):
    """What a Ring remembers: frames `[oldest_frame, commit_frame)` and the records that speak of them.

    records: oldest first; older ones, and any that were overwritten while copied, may be missing.
    """

    records: Sequence[Record]
    oldest_frame: int
    commit_frame: int
    sample_rate_hz: float


class Cut(Struct, frozen=True, kw_only=True):
    """One span of Ring frames, and what is known of it. Unknown is None."""

    first_frame: int
    frames: int
    bars: int | None  # whole bars; None when unanchored
    anchored: bool
    bar_frames: tuple[int, ...]  # relative to first_frame: first 0, last == frames; empty when unanchored
    bpm: float | None  # None: unknown, or it varies inside the cut
    tempo_map: tuple[tuple[int, float], ...]  # (frame relative to first_frame, bpm from there on)
    meter: Meter | None  # None: unknown, or it varies
    note: str  # a sentence: why shorter, or unanchored; "" when as asked
    bpm_source: Literal["transport", "file", "given"] = "transport"  # who said bpm


class NothingToKeep(Exception):
    """Nothing was heard. code: "nothing_heard"; message and next_step are for people."""

    def __init__(self, code: str, message: str, next_step: str) -> None:
        super().__init__(code, message, next_step)
        self.code = code
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}"


def last_bars(history: History, bars: int, at_frame: int, fallback_seconds: float) -> Cut:
    """The last `bars` whole bars at or before `at_frame`, or as many as one Run holds (the note says why). [any]

    The Run is the one at `at_frame`, or, when it holds no whole bar, the last one before it that does. When there is
    none, or the host says nothing from which bar lines follow: unanchored, as long as `bars` by its tempo and meter, or
    else `fallback_seconds`, or what there is. Raises NothingToKeep.
    """
    end_frame = _end_frame(history, at_frame)
    found = runs(history.records, history.oldest_frame, end_frame, history.sample_rate_hz)
    for run in reversed(found):
        heard = bars_of(run)
        if len(heard.lines) > 1:
            current = run is found[-1] and run.end_frame == end_frame
            return _cut_bars(history, run, heard, bars, current)
    missing = _missing(history.records, found)
    if missing and found:
        return last_seconds(history, fallback_seconds, at_frame, missing)
    why = missing or "The transport has not played one whole bar, so this is not cut on bar lines."
    return _without_lines(history, bars, at_frame, fallback_seconds, why)


def between(history: History, first_frame: int, end_frame: int, *, snap: bool) -> Cut:
    """What was heard from `first_frame` to `end_frame`; with `snap`, when one Run alone has bars there, from the line
    nearest to the one to the line nearest to the other. [any] Raises NothingToKeep."""
    end_frame = _end_frame(history, end_frame)
    found = runs(history.records, history.oldest_frame, history.commit_frame, history.sample_rate_hz)
    with_bars = [
        (run, heard)
        for run in found
        if snap and run.start_frame < end_frame and run.end_frame > first_frame
        if len((heard := bars_of(run)).lines) > 1
    ]
    if len(with_bars) == 1:
        run, heard = with_bars[0]
        lines = heard.lines
        first = min(range(len(lines) - 1), key=lambda k: abs(lines[k] - first_frame))
        last = min(range(first + 1, len(lines)), key=lambda k: abs(lines[k] - end_frame))
        chosen = Bars(lines[first : last + 1], heard.odd[first:last])
        return _cut_bars(history, run, chosen, last - first, current=True)
    seconds = max(end_frame - first_frame, 1) / history.sample_rate_hz
    note = "The transport was stopped in between, so this is not cut on bar lines." if with_bars else ""
    return last_seconds(history, seconds, end_frame, note)


def line_from(history: History, frame: int) -> int:
    """The first bar line at or behind `frame`, in the Run that it lies in; without one, `frame`. [any]"""
    for run in runs(history.records, history.oldest_frame, history.commit_frame, history.sample_rate_hz):
        if run.start_frame <= frame <= run.end_frame:
            return next((line for line in bars_of(run).lines if line >= frame - MERGE_FRAMES), frame)
    return frame


def last_seconds(history: History, seconds: float, at_frame: int, note: str = "") -> Cut:
    """The last `seconds` at or before `at_frame`, unanchored; fewer when not so much was heard without a gap. [any]

    `note`: said first. Raises NothingToKeep.
    """
    end_frame = _end_frame(history, at_frame)
    asked = max(round(seconds * history.sample_rate_hz), 1)
    gaps = [r.ring_frame for r in history.records if int(r.flags) & _GAP and r.ring_frame < end_frame]
    floor_frame = max(history.oldest_frame, *gaps, 0)
    first_frame = max(end_frame - asked, floor_frame)
    notes = [note] if note else []
    if end_frame - first_frame < asked:
        why = "memory begins there" if floor_frame == history.oldest_frame else "audio is missing before that"
        notes.append(f"Only {(end_frame - first_frame) / history.sample_rate_hz:.1f} s are kept: {why}.")
    tempos, meters = _told(history, first_frame, end_frame)
    return Cut(
        first_frame=first_frame,
        frames=end_frame - first_frame,
        bars=None,
        anchored=False,
        bar_frames=(),
        bpm=_bpm(tempos, first_frame, end_frame),
        tempo_map=_tempo_map(tempos, first_frame, end_frame),
        meter=_only({meter for _, meter in _within(meters, first_frame, end_frame)}),
        note=" ".join(notes),
    )


def _without_lines(history: History, bars: int, at_frame: int, fallback_seconds: float, missing: str) -> Cut:
    """As long as `bars` at the tempo and meter that the host tells in the end, if it tells them."""
    end_frame = _end_frame(history, at_frame)
    tempos, meters = _told(history, end_frame - 1, end_frame)
    bpm, meter = tempos[-1][1], meters[-1][1]
    if bpm is None or meter is None:
        return last_seconds(history, fallback_seconds, at_frame, missing)
    seconds = bars * meter[0] * 4 / meter[1] * 60.0 / bpm
    length = f"It is as long as {bars} bar{'s' if bars > 1 else ''} of {meter[0]}/{meter[1]} at {bpm:g} BPM."
    return last_seconds(history, seconds, at_frame, f"{missing} {length}")


def _told(
    history: History, first_frame: int, end_frame: int
) -> tuple[list[tuple[int, float | None]], list[tuple[int, Meter | None]]]:
    """Tempo and meter in force in `[first_frame, end_frame)` by the host's word, each (ring frame, value from there
    on); the first entry is in force at `first_frame`. A tempo counts also while the transport stands or has no
    position."""
    tempos: list[tuple[int, float | None]] = [(first_frame, None)]
    meters: list[tuple[int, Meter | None]] = [(first_frame, None)]
    for record in history.records:
        flags = int(record.flags)
        if record.ring_frame >= end_frame:
            break
        if flags & _LOOP_RANGE:
            continue
        bpm = record.bpm if flags & _BPM and MIN_BPM <= record.bpm <= MAX_BPM else None
        known = flags & _METER and record.numerator > 0 and record.denominator > 0
        meter = (record.numerator, record.denominator) if known else None
        if record.ring_frame <= first_frame + MERGE_FRAMES:
            tempos, meters = [(first_frame, bpm)], [(first_frame, meter)]
            continue
        tempos.append((record.ring_frame, bpm))
        meters.append((record.ring_frame, meter))
    return tempos, meters


def _end_frame(history: History, at_frame: int) -> int:
    end_frame = min(at_frame, history.commit_frame)
    if end_frame <= history.oldest_frame:
        raise NothingToKeep(
            "nothing_heard",
            "The plugin remembers no audio from before that moment.",
            "Play something, then keep it again.",
        )
    return end_frame


def _cut_bars(history: History, run: Run, heard: Bars, bars: int, current: bool) -> Cut:
    lines, odd = heard.lines[-(bars + 1) :], heard.odd[-bars:]
    first, last = lines[0], lines[-1]
    return Cut(
        first_frame=first,
        frames=last - first,
        bars=len(lines) - 1,
        anchored=True,
        bar_frames=tuple(line - first for line in lines),
        bpm=_bpm(run.tempos, first, last),
        tempo_map=_tempo_map(run.tempos, first, last),
        meter=_only({meter for _, meter in _within(run.meters, first, last)}),
        note=" ".join(_notes(history, run, Bars(lines, odd), bars, current)),
    )


def _notes(history: History, run: Run, heard: Bars, bars: int, current: bool) -> Iterable[str]:
    """Sentences on how the cut differs from what was asked."""
    got = len(heard.lines) - 1
    if got < bars:
        memory_s = (history.commit_frame - history.oldest_frame) / history.sample_rate_hz
        since = {
            Began.STARTED: "since the transport started",
            Began.UNKNOWN: "since the host last did not say where it is in the song",
            Began.GAP: "since audio was last missing",
            Began.HORIZON: f"as far back as memory goes ({memory_s:.1f} s)",
        }[run.began]
        yield f"Only {got} whole bar{'s were' if got > 1 else ' was'} heard {since}."
    if not current:
        yield "They are from the last time the transport played."
    if run.bars_assumed:
        yield "The host does not say where bars start: they are counted from the start of the project."
    if "jumped" in heard.odd:
        yield "The transport jumped inside a bar."
    if "uneven" in heard.odd:
        yield "The transport jumped inside a bar, so not all bars are of full length."


def _missing(records: Sequence[Record], found: Sequence[Run]) -> str:
    """Why no bar line can ever be found in this history; "" when the transport just has not played a bar."""
    if any(not run.bars_known for run in found) and not any(run.bars_known for run in found):
        return (
            "The host does not say where bars start and its meter changes, so this is not cut on bar lines."
        )
    if not any(knows_bars(record) for record in records):
        return "The host gives no song position or no meter, so this is not cut on bar lines."
    return ""


def _is_inside(frame: int, first: int, last: int) -> bool:
    return first + MERGE_FRAMES < frame < last - MERGE_FRAMES


def _within(changes: Sequence[tuple[int, T]], first: int, last: int) -> list[tuple[int, T]]:
    """Values in force in `[first, last)`, relative to `first`; what changes within a wobble of an end is outside."""
    before = [value for frame, value in changes if frame <= first + MERGE_FRAMES]
    inside = [(frame - first, value) for frame, value in changes if _is_inside(frame, first, last)]
    return [(0, before[-1] if before else changes[0][1]), *inside]


def _tempo_map(
    tempos: Sequence[tuple[int, float | None]], first: int, last: int
) -> tuple[tuple[int, float], ...]:
    found: list[tuple[int, float]] = []
    for frame, bpm in _within(tempos, first, last):
        if bpm is not None and (not found or abs(bpm - found[-1][1]) >= MIN_TEMPO_CHANGE_BPM):
            found.append((frame, bpm))
    return tuple(found)


def _bpm(tempos: Sequence[tuple[int, float | None]], first: int, last: int) -> float | None:
    if any(bpm is None for _, bpm in _within(tempos, first, last)):
        return None
    return _only({bpm for _, bpm in _tempo_map(tempos, first, last)})


def _only(values: set[T]) -> T | None:
    return next(iter(values)) if len(values) == 1 else None
