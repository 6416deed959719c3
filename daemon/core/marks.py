"""Marks of a History, as a window draws them: bar lines, and where tempo, meter or transport change.

Where bars begin is daemon.core.timeline's and bars' word, the same that a cut goes by. A bar has a number only where the
host's position says it: whole bars from the project's start under one meter. Pure.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from daemon.core.bars import bars_of
from daemon.core.capture import History
from daemon.core.passages import MAX_BPM, MIN_BPM, knows_bars
from daemon.core.timeline import MERGE_FRAMES, Run, runs
from plugin_protocol.history_messages import MAX_MARKS, Mark, MarkFlag
from plugin_protocol.layout import Flag, Record

NUMBER_TOLERANCE_BARS = 0.02  # hosts round positions to ticks
TURN_S = 0.5  # so long after a loop's turn the host may first say that it turned: a block, and more
_GAP = int(Flag.GAP)
_PLAYING = int(Flag.PLAYING)
_BPM = int(Flag.VALID_BPM)

T = TypeVar("T")


def marks_of(history: History, first_frame: int, end_frame: int) -> tuple[list[Mark], int]:
    """The marks in `[first_frame, end_frame)`, rising, and up to which frame they are told. [any]

    At most MAX_MARKS; the first is at first_frame, or where the history begins, and says what holds there.
    """
    first_frame = max(first_frame, history.oldest_frame)
    end_frame = min(end_frame, history.commit_frame)
    if end_frame <= first_frame:
        return [], max(end_frame, 0)
    places: dict[int, Mark] = {}
    for run in runs(history.records, history.oldest_frame, history.commit_frame, history.sample_rate_hz):
        for mark in _of_run(run, history):
            there = places.get(mark.frame)
            if there is None or not there.flags & MarkFlag.PLAYING or mark.flags & MarkFlag.PLAYING:
                places[mark.frame] = mark
    for frame in sorted({record.ring_frame for record in history.records if int(record.flags) & _GAP}):
        if first_frame <= frame < end_frame:
            there = places.get(frame) or _in_force(places, frame)
            places[frame] = there._replace(flags=there.flags | MarkFlag.GAP)
    begins = places.get(first_frame) or _in_force(places, first_frame)
    found = [begins, *(places[frame] for frame in sorted(places) if first_frame < frame < end_frame)]
    return (found[:MAX_MARKS], found[MAX_MARKS].frame) if len(found) > MAX_MARKS else (found, end_frame)


def _in_force(places: dict[int, Mark], frame: int) -> Mark:
    """What the marks before say of this frame; nothing when there are none."""
    rising = sorted(places)
    index = bisect_left(rising, frame)
    if index == 0:
        return Mark(frame, 0.0, 0, 0, 0, MarkFlag(0))
    before = places[rising[index - 1]]
    return before._replace(frame=frame, bar=0, flags=before.flags & MarkFlag.PLAYING)


def _of_run(run: Run, history: History) -> Iterator[Mark]:
    """Its marks; where it ends, one without a transport."""
    lines = dict.fromkeys(bars_of(run).lines)
    changes = [frame for frame, _ in (*run.tempos, *run.meters)]
    number = _numbers(run, history)
    for frame in sorted({run.start_frame, *lines, *changes}):
        if not run.start_frame <= frame < run.end_frame:
            continue
        numerator, denominator = _at(run.meters, frame) or (0, 0)
        is_line = frame in lines
        bar = number(frame) if is_line else None
        flags = (
            MarkFlag.PLAYING
            | (MarkFlag.LINE if is_line else 0)
            | (MarkFlag.NUMBERED if bar is not None else 0)
        )
        meter = (numerator, denominator) if max(numerator, denominator) < 256 else (0, 0)
        bpm = _at(run.tempos, frame)
        yield Mark(frame, bpm or 0.0, bar or 0, *meter, MarkFlag(flags))
    yield Mark(run.end_frame, 0.0, 0, 0, 0, MarkFlag.LINE if run.end_frame in lines else MarkFlag(0))


def _at(changes: Sequence[tuple[int, T]], frame: int) -> T | None:
    """The value in force at a frame; a change within a wobble of it counts."""
    index = bisect_right(changes, frame + MERGE_FRAMES, key=lambda change: change[0])
    return changes[max(index - 1, 0)][1] if changes else None


def _numbers(run: Run, history: History) -> Callable[[int], int | None]:
    """Which bar of the project begins at a line; None: the host does not say, or its meter has changed."""
    rate_hz = history.sample_rate_hz
    positions = [
        record
        for record in history.records
        if int(record.flags) & _PLAYING and knows_bars(record) and record.ring_frame < run.end_frame
    ]
    frames = [record.ring_frame for record in positions]

    def number(line: int) -> int | None:
        if len({meter for _, meter in run.meters}) != 1 or not positions:
            return None
        index = max(bisect_right(frames, line + MERGE_FRAMES) - 1, 0)
        turned = any(abs(jump - line) <= MERGE_FRAMES for jump in run.jumps)
        behind = positions[index + 1 : index + 2] if turned and frames[index] < line - MERGE_FRAMES else []
        if behind and behind[0].ring_frame - line > TURN_S * rate_hz:
            behind = []
        return _bar_of([*behind, positions[index]][0], line, run, rate_hz)

    return number


def _bar_of(record: Record, line: int, run: Run, rate_hz: float) -> int | None:
    """By a position near by, at its tempo."""
    numerator, denominator = run.meters[0][1]
    bpm = record.bpm if int(record.flags) & _BPM and MIN_BPM <= record.bpm <= MAX_BPM else 0.0
    ppq = record.ppq + (line - record.ring_frame) * bpm / (60.0 * rate_hz)
    bars = ppq * denominator / (4 * numerator)
    whole = round(bars)
    return whole + 1 if abs(bars - whole) <= NUMBER_TOLERANCE_BARS and abs(whole) < 1 << 30 else None
