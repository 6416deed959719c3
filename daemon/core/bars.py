"""Which lines of a Run bound bars, also when the loop that was heard is no whole number of them.

Each bar line that the transport crossed counts. Two things follow from loops (or jumps) inside a bar:

    a loop of half a bar that starts on a line crosses a line each time it turns. Turns that together make one bar
    are one bar, so that eight bars are as long as eight bars.
    a loop that lies between two lines crosses none. Its turns then count as lines.

What is left over is a bar of another length than its meter's (a jump, a loop of 3.5 beats). It counts, and is told.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from daemon.core.timeline import MERGE_FRAMES, Run

SLACK_QUARTERS = 1 / 48  # hosts round positions to ticks


class Bars(NamedTuple):
    """Ring frames of lines, rising, and what became of each bar between two of them."""

    lines: tuple[int, ...]
    odd: tuple[
        str, ...
    ]  # "": nothing; "jumped": the transport, inside it; "uneven": so that it is too short or long


class _Line(NamedTuple):
    frame: int
    quarters: float  # heard since the Run began


def bars_of(run: Run) -> Bars:
    """The bars of a Run, oldest first. [any]"""
    kept: list[_Line] = []
    odd: list[str] = []
    pieces: list[_Line] = []  # ends of what may become one bar, behind kept[-1]
    for line in sorted({*map(_Line, run.lines, run.line_quarters), *_turns(run)}):
        if not kept:
            kept.append(line)
            continue
        before = (pieces or kept)[-1]
        if line.frame - before.frame <= MERGE_FRAMES:
            continue
        bar_quarters = _bar_quarters(run, before.frame)
        if not _is_part(run, before, line, bar_quarters):
            kept += [*pieces, line]
            odd += ["uneven"] * len(pieces) + [_odd(run, before, line, bar_quarters)]
            pieces = []
        elif abs(line.quarters - kept[-1].quarters - bar_quarters) <= SLACK_QUARTERS:
            kept.append(line)
            odd.append("")
            pieces = []
        else:
            pieces.append(line)  # those that are left in the end are a bar that is not over yet
    return Bars(tuple(line.frame for line in kept), tuple(odd))


def _is_part(run: Run, start: _Line, end: _Line, bar_quarters: float) -> bool:
    """Whether a jump ended this after a half, a third, a quarter ... of a bar."""
    quarters = end.quarters - start.quarters
    if not 0 < quarters < bar_quarters - SLACK_QUARTERS:
        return False
    parts = bar_quarters / quarters
    return abs(parts - round(parts)) <= SLACK_QUARTERS / quarters and _jumped(run, start, end, at_end=True)


def _odd(run: Run, start: _Line, end: _Line, bar_quarters: float) -> str:
    is_full = abs(end.quarters - start.quarters - bar_quarters) <= SLACK_QUARTERS
    if not is_full and _jumped(run, start, end, at_end=True):
        return "uneven"
    return "jumped" if _jumped(run, start, end, at_end=False) else ""


def _jumped(run: Run, start: _Line, end: _Line, *, at_end: bool) -> bool:
    last = end.frame + MERGE_FRAMES if at_end else end.frame - MERGE_FRAMES - 1
    return _any_within(run.jumps, start.frame + MERGE_FRAMES + 1, last)


def _turns(run: Run) -> Iterable[_Line]:
    """Jumps that are a loop's: as long a way before each, twice at least, and no line on it."""
    jumps = [
        _Line(frame, quarters)
        for frame, quarters in zip(run.jumps, run.jump_quarters, strict=True)
        if run.start_frame <= frame <= run.end_frame
    ]
    passes = [
        (a, b)
        for a, b in pairwise(jumps)
        if b.quarters - a.quarters > SLACK_QUARTERS
        and not _any_within(run.lines, a.frame - MERGE_FRAMES, b.frame + MERGE_FRAMES)
    ]
    for (a, b), (c, d) in pairwise(passes):
        if b == c and abs((b.quarters - a.quarters) - (d.quarters - c.quarters)) <= SLACK_QUARTERS:
            yield from (a, b, d)


def _any_within(rising: Sequence[int], first: int, last: int) -> bool:
    index = bisect_left(rising, first)
    return index < len(rising) and rising[index] <= last


def _bar_quarters(run: Run, frame: int) -> float:
    """Length of a bar under the meter in force right behind `frame`."""
    index = bisect_right(run.meters, frame + MERGE_FRAMES, key=lambda change: change[0])
    numerator, denominator = run.meters[max(index - 1, 0)][1]
    return numerator * 4 / denominator
