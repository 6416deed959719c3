"""How the frames of two Rings lie to each other: by how much one counts ahead of the other at the same moment of the music.

Plugins of one host are called for the same blocks with the same position, so where both say "here is project frame p" the
difference of their own counts is the answer, exact to the frame. Which two records speak of the same moment is seen by
their clock (of this machine, good to some milliseconds), which tells one turn of a loop from the next. Pairs that met
wrongly, around a turn, are outvoted. Not here: which plugins belong to one host, and what is done without positions.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from math import isfinite

from plugin_protocol.layout import Flag, Record

MAX_PAIRS = 256  # spread over what is compared: as many outvote any turn
MIN_SHARE = 0.5  # of the pairs have to agree
MAX_APART_NS = 1_000_000_000  # two records that speak of one moment: steady play has one every 2,048 frames

_PLAYING, _LOOP_RANGE = int(Flag.PLAYING), int(Flag.LOOP_RANGE)
_PPQ, _BPM, _PROJECT_FRAME = int(Flag.VALID_PPQ), int(Flag.VALID_BPM), int(Flag.VALID_PROJECT_FRAME)


def frames_ahead(
    first: Sequence[Record], second: Sequence[Record], start_frame: int, end_frame: int, sample_rate_hz: float
) -> int | None:
    """What to add to a frame of the first Ring to have the second's of the same moment; None: their records do not say. [any]

    first, second: timelines, oldest first, of one sample rate. start_frame, end_frame: of the first, what is compared.
    """
    theirs = sorted((r for r in second if _is_position(r)), key=lambda record: record.host_ns)
    times_ns = [record.host_ns for record in theirs]
    ours = [r for r in first if _is_position(r)]
    spoken = [r for r in ours if start_frame <= r.ring_frame < end_frame] or _before(ours, end_frame)
    step = max(1, len(spoken) // MAX_PAIRS)
    found: Counter[int] = Counter()
    for record in spoken[::step]:
        other = _nearest(theirs, times_ns, record.host_ns)
        ahead = None if other is None else _ahead(record, other, sample_rate_hz)
        if ahead is not None:
            found[ahead] += 1
    if not found:
        return None
    ahead, votes = found.most_common(1)[0]
    return ahead if votes >= MIN_SHARE * found.total() else None


def _is_position(record: Record) -> bool:
    flags = int(record.flags)
    return bool(flags & _PLAYING and not flags & _LOOP_RANGE and flags & (_PPQ | _PROJECT_FRAME))


def _before(records: Sequence[Record], frame: int) -> list[Record]:
    """The last that speaks of what is before `frame`."""
    return [r for r in records if r.ring_frame < frame][-1:]


def _nearest(records: Sequence[Record], times_ns: Sequence[int], at_ns: int) -> Record | None:
    if not records:
        return None
    index = bisect_left(times_ns, at_ns)
    nearest = min(records[max(0, index - 1) : index + 1], key=lambda record: abs(record.host_ns - at_ns))
    return nearest if abs(nearest.host_ns - at_ns) <= MAX_APART_NS else None


def _ahead(a: Record, b: Record, sample_rate_hz: float) -> int | None:
    """By the song position of both: in frames, or in quarters while the tempo is the same."""
    flags = int(a.flags) & int(b.flags)
    counted = b.ring_frame - a.ring_frame
    if flags & _PROJECT_FRAME:
        return counted - (b.project_frame - a.project_frame)
    if not flags & _PPQ or not isfinite(b.ppq - a.ppq):
        return None
    if b.ppq == a.ppq:
        return counted
    if not flags & _BPM or a.bpm != b.bpm or not a.bpm > 0:
        return None
    return counted - round((b.ppq - a.ppq) * 60 / a.bpm * sample_rate_hz)
