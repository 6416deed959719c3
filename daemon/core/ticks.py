"""Positions that a host rounds to ticks, made exact again by the frames that lie between them.

Ardour 7 tells its position in whole 1920ths of a quarter note: 8 frames either way at 93 BPM. While it plays on
under one tempo, its place in frames says how far the positions truly lie apart, so each of them gives the offset of
the straight line `ppq = offset + project_frame * rate` to within half a tick, and the offsets of many positions
leave one narrow interval. Its middle is taken, over the positions told last, so that later ones move nothing.

Method: set-membership estimation under bounded noise; the middle of the interval is the estimate with the least
greatest error. Not here: hosts that tell exact positions, or no frames; theirs are left as they are.
"""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

TICKS_PER_QUARTER = 1920  # and so also 960 and 480
ON_TICK = 0.01  # ticks beside a whole one: a 32-bit float's rounding, not a place between ticks
WINDOW = 256  # positions; 11 s of records that are 2048 frames apart, at 48 kHz
MAX_SPREAD_QUARTERS = 1.05 / TICKS_PER_QUARTER  # of the offsets; more is no rounding of one straight line


class Placed(Protocol):
    """One told position; see timeline.py."""

    @property
    def frame(self) -> int: ...
    @property
    def project_frame(self) -> int | None: ...
    @property
    def ppq(self) -> float: ...
    @property
    def rate(self) -> float: ...


def unrounded(told: Sequence[Placed]) -> list[float]:
    """The positions in quarters, one for each of `told`; those that are not rounded to ticks, unchanged. [any]"""
    exact: list[float] = []
    line = _Line()
    last: Placed | None = None
    for place in told:
        ticks = place.ppq * TICKS_PER_QUARTER
        if place.project_frame is None or not place.rate or abs(ticks - round(ticks)) > ON_TICK:
            last = None
            exact.append(place.ppq)
            continue
        ahead = place.project_frame - place.frame
        if (
            last is None
            or last.rate != place.rate
            or last.project_frame is None
            or last.project_frame - last.frame != ahead
        ):
            line = _Line()
        last = place
        along = place.project_frame * place.rate
        offset = line.middle(place.ppq - along)
        exact.append(place.ppq if offset is None else along + offset)
    return exact


class _Line:
    """The offsets of the last WINDOW positions: their least and their greatest, in constant time for each."""

    def __init__(self) -> None:
        self._count = 0
        self._least: deque[tuple[int, float]] = deque()  # rising: each is the least from there on
        self._greatest: deque[tuple[int, float]] = deque()  # falling

    def middle(self, offset: float) -> float | None:
        """The middle with this offset among them; None when they do not lie on one line, which then begins anew."""
        _push(self._least, self._count, offset, 1.0)
        _push(self._greatest, self._count, offset, -1.0)
        self._count += 1
        low, high = self._least[0][1], self._greatest[0][1]
        if high - low > MAX_SPREAD_QUARTERS:
            self._least.clear()
            self._greatest.clear()
            return None
        return (low + high) / 2


def _push(queue: deque[tuple[int, float]], index: int, offset: float, sign: float) -> None:
    while queue and sign * queue[-1][1] >= sign * offset:
        queue.pop()
    queue.append((index, offset))
    if queue[0][0] <= index - WINDOW:
        queue.popleft()
