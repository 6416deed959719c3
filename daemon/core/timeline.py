"""Where bar lines fell in a Ring: timeline records folded into Runs, in ring time (what was heard).

Method. A record gives the host's position at the first frame of a block; between two records the position goes on
at the first one's tempo, so a bar line's frame follows from the last record before it alone. Records that come
later therefore do not move a line, and consecutive cuts share it. How two records of a run join is tried in this
order (`_Walker.join`), each within a few frames:

    steady   the second is where the first leads
    tempo    the host did not split its block at a tempo change: the point of change is solved for
    wrap     the host did not split its block at the loop's end: the loop range says where it turned
    step     the host's positions advance in steps (up to STEP_QUARTERS): followed, but no line is passed twice
    jump     anything else: the transport was moved, at the second record

Positions that the host rounds to ticks are made exact first (ticks.py).

A line's frame is rounded to the nearest whole one, ties down. Not here: which bars are kept (capture.py), audio,
or trust: absurd fields count as unknown, so that a lying plugin costs bar lines and no more.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, inf
from typing import NamedTuple

from daemon.core.passages import (
    LAPSE_S,
    Began,
    Meter,
    Passage,
    Point,
    passages,
    with_bar_starts,
    without_lapses,
)
from daemon.core.ticks import unrounded
from plugin_protocol.layout import PREDICTION_TOLERANCE_FRAMES, Flag, Record

STEP_QUARTERS = 0.25  # FL-like positions stand still and catch up by less than this
MAX_TURNS = 64  # of a loop between two records
STEADY_FRAMES = PREDICTION_TOLERANCE_FRAMES + 0.5  # the writer's rule, and room for its rounding
# A loop's end and its start, each a wobble off, are one line.
MERGE_FRAMES = int(2 * PREDICTION_TOLERANCE_FRAMES)
_LOOPING = int(Flag.LOOPING)
_DISCONTINUITY = int(Flag.DISCONTINUITY)


class Run(NamedTuple):
    """A maximal playing stretch of Ring frames `[start_frame, end_frame)` in which positions are known."""

    start_frame: int
    end_frame: int
    began: Began
    lines: tuple[int, ...]  # ring frames of the bar lines, rising; may equal end_frame
    line_quarters: tuple[float, ...]  # quarters heard since the Run began, at each of `lines`
    tempos: tuple[tuple[int, float | None], ...]  # (ring frame, bpm from there on)
    meters: tuple[tuple[int, Meter], ...]
    jumps: tuple[int, ...]  # where the transport wrapped or was moved
    jump_quarters: tuple[float, ...]  # as line_quarters
    bars_known: bool  # False: the host does not say where bars start, and the meter changes
    bars_assumed: bool  # True: the host does not say where bars start, taken as whole meters from quarter 0


def runs(
    records: Sequence[Record], oldest_frame: int, end_frame: int, sample_rate_hz: float
) -> tuple[Run, ...]:
    """The Runs within `[oldest_frame, end_frame)`, oldest first. [any]

    `records` oldest first; those behind `end_frame` are used too, they tell what the last block did.
    """
    found = []
    for passage in passages(records, oldest_frame, end_frame, sample_rate_hz):
        exact = unrounded(passage.points)
        points = without_lapses(
            [
                p if p.ppq == ppq else p._replace(ppq=ppq)
                for p, ppq in zip(passage.points, exact, strict=True)
            ],
            LAPSE_S * sample_rate_hz,
        )
        walker = _Walker(*with_bar_starts(points))
        for a, b in pairwise(walker.points):
            walker.join(a, b)
        walker.leave(walker.points[-1], passage.end_frame, passage.loop)
        run = walker.run(passage, oldest_frame, end_frame)
        if run.end_frame > run.start_frame:
            found.append(run)
    return tuple(found)


def _bar_quarters(meter: Meter) -> float:
    return meter[0] * 4 / meter[1]


class _Walker:
    """Follows one passage from point to point and notes the bar lines it passes."""

    def __init__(self, points: list[Point], bars_known: bool, bars_assumed: bool) -> None:
        self.points = points
        self._bars_known = bars_known
        self._bars_assumed = bars_assumed
        self._passed = -inf  # ppq of the last line passed since the last jump
        self._heard = 0.0  # quarters swept so far
        self._lines: list[tuple[int, float]] = []  # ring frame, quarters heard
        self._jumps: list[tuple[int, float]] = []
        self._tempos: list[tuple[float, float | None]] = [(points[0].frame, points[0].bpm)]
        self._meters: list[tuple[float, Meter]] = [(points[0].frame, points[0].meter)]

    def join(self, a: Point, b: Point) -> None:
        """Go from `a` to `b`; see the table in the module's docstring."""
        frames = b.frame - a.frame
        if not a.rate:
            self._join_without_tempo(a, b, frames)
        elif a.bpm == b.bpm and abs((b.ppq - a.ppq) / a.rate - frames) <= STEADY_FRAMES:
            self._sweep(a.frame, a.ppq, a.rate, frames, a, b)
        elif not (self._join_tempo(a, b, frames) or self._join_wrap(a, b, frames)):
            self._join_step_or_jump(a, b, frames)
        if a.bpm != b.bpm and self._tempos[-1][1] != b.bpm:
            self._tempos.append((b.frame, b.bpm))
        if a.meter != b.meter and self._meters[-1][1] != b.meter:
            self._meters.append((b.frame, b.meter))

    def leave(self, a: Point, end_frame: int, loop: tuple[float, float] | None) -> None:
        """Go on from the last point to the end of the passage, or to the end of the loop if that comes first:
        what a wrap leads to is known only from the next record."""
        frames: float = end_frame - a.frame
        if a.rate and loop and a.flags & _LOOPING and a.ppq < loop[1]:
            frames = min(frames, (loop[1] - a.ppq) / a.rate)
        if a.rate:
            self._sweep(a.frame, a.ppq, a.rate, frames, a, None)

    def run(self, passage: Passage, oldest_frame: int, end_frame: int) -> Run:
        """What was found, within the frames that are there."""
        first = passage.points[0].frame
        start, end = max(first, oldest_frame), min(passage.end_frame, end_frame)
        lines, quarters = [], []
        for line, heard in self._lines:
            if first - STEADY_FRAMES <= line < first:
                line = first  # the position at the start wobbles
            elif not passage.open and passage.end_frame < line <= passage.end_frame + STEADY_FRAMES:
                line = passage.end_frame
            if start <= line <= end:
                lines.append(line)
                quarters.append(heard)
        return Run(
            start_frame=start,
            end_frame=end,
            began=Began.HORIZON if first < oldest_frame else passage.began,
            lines=tuple(lines),
            line_quarters=tuple(quarters),
            tempos=tuple((_nearest(frame), bpm) for frame, bpm in self._tempos),
            meters=tuple((_nearest(frame), meter) for frame, meter in self._meters),
            jumps=tuple(frame for frame, _ in self._jumps),
            jump_quarters=tuple(heard for _, heard in self._jumps),
            bars_known=self._bars_known,
            bars_assumed=self._bars_assumed,
        )

    def _join_without_tempo(self, a: Point, b: Point, frames: int) -> None:
        """Positions without a tempo: what lies between two of them is a straight line, or else unknown."""
        rate = (b.ppq - a.ppq) / frames if frames else 0.0
        if b.flags & _DISCONTINUITY or rate <= 0.0 or abs(b.ppq - a.ppq) > 4 * STEP_QUARTERS:
            self._jump(b.frame)
        else:
            self._sweep(a.frame, a.ppq, rate, frames, a, b)

    def _join_tempo(self, a: Point, b: Point, frames: int) -> bool:
        """Solve `a.ppq + x * a.rate + (frames - x) * b.rate == b.ppq` for the frame x of the change."""
        if not b.rate or a.rate == b.rate:
            return False
        x = (b.ppq - a.ppq - frames * b.rate) / (a.rate - b.rate)
        x = min(max(x, 0.0), float(frames))
        landed = a.ppq + x * a.rate + (frames - x) * b.rate
        if abs(landed - b.ppq) > STEADY_FRAMES * a.rate:
            return False
        # A position that wobbles by a frame moves x by many: when the change may lie on the record, it does.
        led = abs((b.ppq - a.ppq) / a.rate - frames) <= STEADY_FRAMES
        self._tempos.append((b.frame if led else a.frame + x, b.bpm))
        self._sweep(a.frame, a.ppq, a.rate, x, a, b)
        self._sweep(a.frame + x, a.ppq + x * a.rate, b.rate, frames - x, a, b)
        return True

    def _join_wrap(self, a: Point, b: Point, frames: int) -> bool:
        """The loop turned inside the span, at `(end - a.ppq) / a.rate`; the landing must agree with `b`."""
        if b.loop is None:
            return False
        start, end = b.loop
        length, x = end - start, (end - a.ppq) / a.rate
        if not -MERGE_FRAMES <= x <= frames + MERGE_FRAMES or length <= 2 * MERGE_FRAMES * a.rate:
            return False
        x = min(max(x, 0.0), float(frames))
        for rate in (a.rate, b.rate):
            rest = (frames - x) * rate
            turns = floor((rest - (b.ppq - start)) / length + 0.5)
            if (
                rate
                and 0 <= turns <= MAX_TURNS
                and abs(start + rest - turns * length - b.ppq) <= MERGE_FRAMES * rate
            ):
                break
        else:
            return False
        self._sweep(a.frame, a.ppq, a.rate, x, a, None)
        turn_frame = a.frame + x
        for _ in range(turns):
            self._jump(turn_frame)
            self._sweep(turn_frame, start, rate, length / rate, b, None)
            turn_frame += length / rate
        self._jump(turn_frame)
        self._tempos.append((turn_frame, b.bpm))
        self._meters.append((turn_frame, b.meter))
        self._sweep(turn_frame, start, rate, b.frame - turn_frame, b, None)
        return True

    def _join_step_or_jump(self, a: Point, b: Point, frames: int) -> None:
        if abs(b.ppq - a.ppq - frames * a.rate) > STEP_QUARTERS:
            self._sweep(a.frame, a.ppq, a.rate, frames, a, None)
            self._jump(b.frame)
        elif b.ppq > a.ppq and frames:
            self._sweep(a.frame, a.ppq, (b.ppq - a.ppq) / frames, frames, a, b)

    def _jump(self, frame: float) -> None:
        self._jumps.append((_nearest(frame), self._heard))
        self._passed = -inf

    def _sweep(
        self, frame: float, ppq: float, rate: float, frames: float, grid: Point, then: Point | None
    ) -> None:
        """Note the lines of `grid` between `ppq` and `ppq + frames * rate`, both ends a wobble wider.

        `then`: the point this leads to without a jump. When it counts bars otherwise (a new meter), its bar start
        is a line and the old grid ends before it.
        """
        heard_before = self._heard - ppq
        self._heard += frames * rate
        base = grid.bar_start
        if base is None or not self._bars_known:
            return
        slack = STEADY_FRAMES * rate
        low, high = max(ppq - slack, self._passed + 2 * slack), ppq + frames * rate + slack
        quarters, turn = _bar_quarters(grid.meter), inf
        if then is not None and (then.bar_start != base or then.meter != grid.meter):
            turn = _turn(grid, then, slack)
        k = ceil((low - base) / quarters)
        while (line := base + k * quarters) <= high and line < turn - slack:
            self._note(frame + (line - ppq) / rate, line, heard_before)
            k += 1
        if then is not None and max(ppq - slack, self._passed + 2 * slack) <= turn <= high:
            at = frame + (turn - ppq) / rate
            self._note(at, turn, heard_before)
            self._meters.append((at, then.meter))

    def _note(self, at: float, line: float, heard_before: float) -> None:
        self._passed = line
        frame = _nearest(at)
        if not self._lines or frame - self._lines[-1][0] > MERGE_FRAMES:
            self._lines.append((frame, heard_before + line))


def _turn(grid: Point, then: Point, slack: float) -> float:
    """The ppq from which `then` counts bars in another way than `grid` does; infinite when it does not."""
    if grid.bar_start is None or then.bar_start is None:
        return inf
    quarters = _bar_quarters(grid.meter)
    apart = (then.bar_start - grid.bar_start) / quarters
    same = grid.meter == then.meter and abs(apart - floor(apart + 0.5)) * quarters <= slack
    return inf if same else then.bar_start


def _nearest(frame: float) -> int:
    """Nearest whole frame, ties down."""
    return ceil(frame - 0.5)
