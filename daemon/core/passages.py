"""Timeline records as passages: playing without a break, each point with a position and a meter.

What was interrupted (the transport stood, the host did not say where it is, frames are missing) is where one ends. Absurd
fields count as unknown, so that a lying plugin costs bar lines and no more. How a passage is walked: timeline.py.
"""

from bisect import bisect_right
from collections.abc import Sequence
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

from plugin_protocol.layout import Flag, Record

MIN_BPM, MAX_BPM = 1.0, 1000.0
MAX_PPQ = 1e9
MIN_BAR_QUARTERS = 0.25  # a shorter "bar" is no meter anybody plays
LAPSE_S = 1.0  # for so long a playing host may not say where it is (a NaN, a missing field) and is believed to go on

# Plain ints: an IntFlag operation costs as much as the rest of a record's work.
_PLAYING = int(Flag.PLAYING)
_PPQ = int(Flag.VALID_PPQ)
_BPM = int(Flag.VALID_BPM)
_METER = int(Flag.VALID_METER)
_BAR_START = int(Flag.VALID_BAR_START)
_PROJECT_FRAME = int(Flag.VALID_PROJECT_FRAME)
_GAP = int(Flag.GAP)
_LOOP_RANGE = int(Flag.LOOP_RANGE)
_USABLE = _PLAYING | _PPQ | _METER

Meter = tuple[int, int]


class Began(StrEnum):
    """Why a Run starts where it does."""

    STARTED = "started"  # the transport started
    UNKNOWN = "unknown"  # it played before, but the host did not say where
    GAP = "gap"  # frames are missing right before
    HORIZON = "horizon"  # the Ring, or its timeline, remembers no more


class Point(NamedTuple):
    """One usable record: playing, with position and meter."""

    frame: int
    ppq: float
    rate: float  # quarters per frame; 0.0 when the tempo is unknown
    bpm: float | None
    bar_start: float | None
    meter: Meter
    flags: int
    loop: tuple[float, float] | None  # in force before `frame`
    project_frame: int | None


class Passage(NamedTuple):
    """The points of one Run, and the loop range in force after the last."""

    points: list[Point]
    end_frame: int
    began: Began
    loop: tuple[float, float] | None
    open: bool = False  # nothing ended it but the end of what was asked for


def knows_bars(record: Record) -> bool:
    """Whether the host said, in this record, a position and a meter: enough for bar lines. [any]"""
    flags = int(record.flags)
    return not flags & _LOOP_RANGE and flags & (_PPQ | _METER) == _PPQ | _METER and _is_sane(record)


def _is_sane(record: Record) -> bool:
    return (
        abs(record.ppq) <= MAX_PPQ  # False for NaN too
        and record.numerator > 0
        and record.denominator > 0
        and record.numerator * 4 >= MIN_BAR_QUARTERS * record.denominator
    )


def passages(
    records: Sequence[Record], oldest_frame: int, end_frame: int, sample_rate_hz: float
) -> list[Passage]:
    """Split the usable records where transport, knowledge or audio was interrupted."""
    splitter = _Splitter(sample_rate_hz)
    last_frame = -1
    for record in _since(records, oldest_frame):
        if record.ring_frame < last_frame:
            continue  # a Ring's records rise; this one is a lie
        last_frame = record.ring_frame
        splitter.take(record)
    return splitter.finished(end_frame)


class _Splitter:
    """Records in their order become passages: the one that is open, what interrupts it, the loop range in force."""

    def __init__(self, sample_rate_hz: float) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._longest_lapse = LAPSE_S * sample_rate_hz
        self._found: list[Passage] = []
        self._points: list[Point] = []
        self._began = Began.HORIZON
        self._lapse_frame: int | None = None  # since when a host that plays does not say where
        self._loop: tuple[float, float] | None = None
        self._loop_before: tuple[float, float] | None = None  # as it stood before `_loop_frame`
        self._loop_frame = -1

    def take(self, record: Record) -> None:
        frame, flags = record.ring_frame, int(record.flags)
        if flags & _GAP:
            self._end(frame, Began.GAP)
        if flags & _LOOP_RANGE:
            self._set_loop(record)
            return
        if self._lapse_frame is not None and frame - self._lapse_frame > self._longest_lapse:
            self._end(frame, Began.UNKNOWN)
        if flags & _USABLE == _USABLE and _is_sane(record):
            self._lapse_frame = None
            if self._points and self._points[-1].frame == frame:
                self._points.pop()  # a block of 0 frames: what comes after it at the same frame is the truth
            in_force = self._loop if self._loop_frame < frame else self._loop_before
            self._points.append(_point(record, flags, in_force, self._sample_rate_hz))
        elif not flags & _PLAYING:
            self._end(frame, Began.STARTED)
        elif not self._points:
            self._began = Began.UNKNOWN
        elif self._lapse_frame is None:
            self._lapse_frame = frame

    def finished(self, end_frame: int) -> list[Passage]:
        if self._lapse_frame is not None and end_frame - self._lapse_frame > self._longest_lapse:
            self._end(end_frame, Began.UNKNOWN)
        if self._points:
            end_frame = max(end_frame, self._points[-1].frame)
            self._found.append(Passage(self._points, end_frame, self._began, self._loop, open=True))
        return self._found

    def _set_loop(self, record: Record) -> None:
        if record.ring_frame != self._loop_frame:
            self._loop_before, self._loop_frame = self._loop, record.ring_frame
        self._loop = (record.ppq, record.bpm) if isfinite(record.bpm - record.ppq) else None

    def _end(self, at_frame: int, next_began: Began) -> None:
        if self._points:
            end_frame = at_frame if self._lapse_frame is None else self._lapse_frame
            self._found.append(Passage(self._points, end_frame, self._began, self._loop))
        self._points, self._began, self._lapse_frame = [], next_began, None


def _since(records: Sequence[Record], oldest_frame: int) -> Sequence[Record]:
    """Without the records that speak only of frames before `oldest_frame`; the loop range in force stays."""
    first = max(bisect_right(records, oldest_frame, key=lambda r: r.ring_frame) - 1, 0)
    while first > 0 and int(records[first].flags) & _LOOP_RANGE:
        first -= 1  # no position: the one before it is still in force
    for index in range(first - 1, -1, -1):
        if int(records[index].flags) & _LOOP_RANGE:
            return [records[index], *records[first:]]
    return records[first:]


def _point(record: Record, flags: int, loop: tuple[float, float] | None, sample_rate_hz: float) -> Point:
    bpm = record.bpm if flags & _BPM and MIN_BPM <= record.bpm <= MAX_BPM else None
    return Point(
        frame=record.ring_frame,
        ppq=record.ppq,
        rate=bpm / (60.0 * sample_rate_hz) if bpm else 0.0,
        bpm=bpm,
        bar_start=record.bar_start_ppq
        if flags & _BAR_START and abs(record.bar_start_ppq) <= MAX_PPQ
        else None,
        meter=(record.numerator, record.denominator),
        flags=flags,
        loop=loop,
        project_frame=record.project_frame if flags & _PROJECT_FRAME else None,
    )


def without_lapses(points: list[Point], longest_frames: float) -> list[Point]:
    """Without the points that lack a tempo while those around them, not far away, have one."""
    kept: list[Point] = []
    for index, point in enumerate(points):
        if point.bpm is None and kept and kept[-1].bpm is not None:
            after = next((p for p in points[index + 1 :] if p.bpm is not None), None)
            if after is not None and after.frame - point.frame <= longest_frames:
                continue
        kept.append(point)
    return kept


def with_bar_starts(points: list[Point]) -> tuple[list[Point], bool, bool]:
    """The points with a bar start each, whether bar starts are known, and whether they are assumed.

    A bar start is never invented: only under one meter for the whole run does one bar line give all others, and
    only then, with none given at all, are lines taken as whole meters from quarter 0 (the Run says so).
    """
    if all(p.bar_start is not None for p in points):
        return points, True, False
    if any(p.meter != points[0].meter for p in points):
        return points, False, False
    given = next((p.bar_start for p in points if p.bar_start is not None), None)
    base = 0.0 if given is None else given
    return [p._replace(bar_start=base) for p in points], True, given is None
