"""One timeline of a Ring and of its journal on the disk: which frames are there, and which records speak of them.

Both count the same frames, so they are joined by number: what the disk holds in front, what memory holds behind, and
where neither holds anything, a hole. A hole is told to capture.py as a host tells missing audio: the transport's word
ends where the frames do, and begins anew behind it. Pure; the bytes are read by daemon.rings.reach.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from daemon.core.capture import History
from daemon.core.passages import MAX_BPM, MIN_BPM
from plugin_protocol.layout import Flag, Record

_GAP = int(Flag.GAP)
_LOOP_RANGE = int(Flag.LOOP_RANGE)
_MOVING = int(Flag.PLAYING | Flag.VALID_PPQ | Flag.VALID_BPM)


class There(NamedTuple):
    """Ring frames `[first_frame, end_frame)`, all there."""

    first_frame: int
    end_frame: int


def merged(spans: Iterable[tuple[int, int]]) -> list[There]:
    """Spans that touch or overlap as one, rising; empty ones are none. [any]"""
    found: list[There] = []
    for first, end in sorted(span for span in spans if span[0] < span[1]):
        if found and first <= found[-1].end_frame:
            found[-1] = There(found[-1].first_frame, max(found[-1].end_frame, end))
        else:
            found.append(There(first, end))
    return found


def history(
    disk: Sequence[There],
    disk_records: Sequence[Record],
    memory: There,
    memory_records: Sequence[Record],
    sample_rate_hz: float,
) -> History:
    """What disk and memory hold, as one. [any]

    disk: rising. disk_records: all that speak of its frames, and what was in force before. memory: empty when it is
    gone. memory_records: the newest, without a hole between those that speak of its frames, and what was in force before.
    """
    there = merged([*disk, memory])
    disk_end_frame = disk[-1].end_frame if disk else 0
    of_disk = disk_records[: bisect_left(disk_records, disk_end_frame, key=_frame)]
    records = joined(of_disk, disk_end_frame, memory_records, memory.first_frame)
    return History(
        records=with_holes(records, there, sample_rate_hz),
        oldest_frame=there[0].first_frame if there else 0,
        commit_frame=there[-1].end_frame if there else 0,
        sample_rate_hz=sample_rate_hz,
    )


def joined(
    disk: Sequence[Record], disk_end_frame: int, memory: Sequence[Record], memory_first_frame: int
) -> list[Record]:
    """All records once. Of the first frame that memory speaks of it may have lost some: there the disk is asked. [any]"""
    if not memory:
        return list(disk)
    seam_frame = max(memory[0].ring_frame, memory_first_frame)
    if seam_frame >= disk_end_frame:
        return [*disk, *memory[bisect_left(memory, disk_end_frame, key=_frame) :]]
    first, end = bisect_left(disk, seam_frame, key=_frame), bisect_right(disk, seam_frame, key=_frame)
    at, behind = bisect_left(memory, seam_frame, key=_frame), bisect_right(memory, seam_frame, key=_frame)
    at_seam = max(memory[at:behind], disk[first:end], key=len)
    return [*disk[:first], *at_seam, *memory[behind:]]


def with_holes(records: Sequence[Record], there: Sequence[There], sample_rate_hz: float) -> list[Record]:
    """The records, with two more at each hole: where it begins nothing is known, behind it is what was in force. [any]"""
    told = list(records)
    for before, after in pairwise(there):
        start, end = (
            bisect_left(told, before.end_frame, key=_frame),
            bisect_left(told, after.first_frame, key=_frame),
        )
        inside = told[start:end]
        loops = [replace(r, ring_frame=after.first_frame) for r in inside if int(r.flags) & _LOOP_RANGE]
        position = next((r for r in reversed(told[:end]) if not int(r.flags) & _LOOP_RANGE), None)
        behind = [_moved(position, after.first_frame, sample_rate_hz)] if position else []
        told[start:end] = [Record(ring_frame=before.end_frame, flags=Flag.GAP), *loops[-1:], *behind]
    return told


def within(there: Sequence[There], at_frame: int) -> int:
    """`at_frame`, or where the hole that it lies in begins. [any]"""
    index = bisect_right(there, at_frame - 1, key=lambda one: one.first_frame)
    return min(at_frame, there[index - 1].end_frame) if index else at_frame


def _moved(record: Record, frame: int, sample_rate_hz: float) -> Record:
    """What a position has become at `frame`, if nothing else happened."""
    quarters = 0.0
    if int(record.flags) & _MOVING == _MOVING and MIN_BPM <= record.bpm <= MAX_BPM:
        quarters = (frame - record.ring_frame) * record.bpm / (60.0 * sample_rate_hz)
    return replace(record, ring_frame=frame, ppq=record.ppq + quarters, flags=Flag(int(record.flags) | _GAP))


def _frame(record: Record) -> int:
    return record.ring_frame
