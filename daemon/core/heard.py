"""When each frame was heard: Ring frames and the time of day, and pictures of how loud it was. Pure.

A host that stands plays no frames, and frames are played faster than time by one that renders; so the two are tied at
many frames, each chunk of the journal and now, and between two of them by the sample rate, backwards from the later.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import log10
from typing import NamedTuple

from daemon.core.journal import Head

FLOOR_DB = -60.0  # what is softer is drawn as the softest
MAX_LEVEL = 255


class Tie(NamedTuple):
    """The sound up to `frame` had been heard at this time."""

    frame: int
    wall_us: int


def ties(heads: Iterable[Head], now: Tie | None) -> list[Tie]:
    """Rising in frames and in time. heads: in the order of their files; now: where memory ends. [any]

    Times are those of the clock as it is last: what was noted before it was set back, and lies ahead of it, says nothing.
    """
    told = [*(Tie(head.end_frame, head.wall_us) for head in heads), *([now] if now else [])]
    found: list[Tie] = []
    for tie in told:
        is_later = not found or (tie.frame > found[-1].frame and tie.wall_us >= found[-1].wall_us)
        if is_later and tie.wall_us <= told[-1].wall_us:
            found.append(tie)
    return found


def frame_at(tied: Sequence[Tie], wall_us: int, sample_rate_hz: float) -> int:
    """The frame that was heard then; while the host stood, the last before. `tied` is not empty. [any]"""
    index = bisect_left(tied, wall_us, key=lambda tie: tie.wall_us)
    if index == len(tied):
        return tied[-1].frame
    later = tied[index]
    back = round((later.wall_us - wall_us) * sample_rate_hz / 1e6)
    return max(later.frame - back, tied[index - 1].frame if index else 0)


def wall_at(tied: Sequence[Tie], frame: int, sample_rate_hz: float) -> int:
    """Unix time in microseconds at which this frame was heard. `tied` is not empty. [any]"""
    later = tied[min(bisect_left(tied, frame, key=lambda tie: tie.frame), len(tied) - 1)]
    return later.wall_us - round((later.frame - frame) * 1e6 / sample_rate_hz)


def levels(heads: Iterable[Head], first_frame: int, end_frame: int, columns: int) -> bytes:
    """How loud each of `columns` equal parts of the span was: 0 silence, 1 FLOOR_DB or softer, MAX_LEVEL 0 dBFS. [any]"""
    peaks = [0.0] * columns
    step = (end_frame - first_frame) / columns
    for head in heads:
        if head.silent or head.end_frame <= first_frame or head.first_frame >= end_frame:
            continue
        first = max(int((head.first_frame - first_frame) / step), 0)
        last = min(int((head.end_frame - 1 - first_frame) / step), columns - 1)
        for column in range(first, last + 1):
            peaks[column] = max(peaks[column], head.peak)
    return bytes(_level(peak) for peak in peaks)


def _level(peak: float) -> int:
    if peak <= 0.0:
        return 0
    share = 1.0 - min(max(20.0 * log10(peak), FLOOR_DB), 0.0) / FLOOR_DB
    return 1 + round(share * (MAX_LEVEL - 1))
