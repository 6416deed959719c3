"""Timeline records as a reader may use them: in order, whole, and every field within reason.

layout.py says where the bytes are; this file says which of them to believe. It smooths and decides nothing: what
the host said stays as it said it, or becomes unknown.
"""

from bisect import bisect_left
from collections.abc import Sequence
from struct import Struct

from plugin_protocol.layout import MAX_BLOCK_FRAMES, RECORD_BYTES, Flag, Record, unpack_record

MIN_BPM = 1.0
MAX_BPM = 10_000.0
MAX_PPQ = 1e12
MAX_PROJECT_FRAME = 1 << 62
DENOMINATORS = frozenset({1, 2, 4, 8, 16, 32, 64, 128})

# Plain ints: a record's flags are asked ten times, and an IntFlag takes as long for each as all of the rest.
_PPQ = int(Flag.VALID_PPQ)
_BPM = int(Flag.VALID_BPM)
_METER = int(Flag.VALID_METER)
_PROJECT_FRAME = int(Flag.VALID_PROJECT_FRAME)
_BAR_START = int(Flag.VALID_BAR_START)
_LOOP_RANGE = int(Flag.LOOP_RANGE)
_FRAME = Struct("<8xQ")
_KINDS = bytes(bool(byte << 8 & _LOOP_RANGE) for byte in range(256))
"""Of the last byte of a record, which holds the upper flags: 1 for a loop range, 0 for a position."""
_ALL = _PPQ | _BPM | _METER | _PROJECT_FRAME | _BAR_START


def bounded(record: Record) -> Record:
    """`record` with the VALID flag taken from every field that cannot be true; that field becomes 0. [any]

    A LOOP_RANGE whose end is not behind its start, or is not finite, loses LOOP_RANGE, VALID_PPQ and VALID_BPM.
    """
    flags = _believed(record)
    if flags == record.flags and flags & _ALL == _ALL and record.block_frames <= MAX_BLOCK_FRAMES:
        return record
    is_loop = flags & _LOOP_RANGE
    return Record(
        ring_frame=record.ring_frame,
        project_frame=record.project_frame if flags & _PROJECT_FRAME else 0,
        ppq=record.ppq if is_loop or flags & _PPQ else 0.0,
        bpm=record.bpm if is_loop or flags & _BPM else 0.0,
        bar_start_ppq=record.bar_start_ppq if flags & _BAR_START else 0.0,
        host_ns=record.host_ns,
        block_frames=min(record.block_frames, MAX_BLOCK_FRAMES),
        numerator=record.numerator if flags & _METER else 0,
        denominator=record.denominator if flags & _METER else 0,
        flags=Flag(flags),
    )


def _believed(record: Record) -> int:
    """Its flags without those of fields that cannot be true; what compares is false of NaN."""
    flags = int(record.flags)
    ppq_ok = -MAX_PPQ <= record.ppq <= MAX_PPQ
    if flags & _LOOP_RANGE:
        if not (ppq_ok and record.ppq < record.bpm <= MAX_PPQ):
            flags &= ~(_LOOP_RANGE | _PPQ | _BPM)
    else:
        if not ppq_ok:
            flags &= ~_PPQ
        if not MIN_BPM <= record.bpm <= MAX_BPM:
            flags &= ~_BPM
    if not (record.numerator > 0 and record.denominator in DENOMINATORS):
        flags &= ~_METER
    if abs(record.project_frame) > MAX_PROJECT_FRAME:
        flags &= ~_PROJECT_FRAME
    if not -MAX_PPQ <= record.bar_start_ppq <= MAX_PPQ:
        flags &= ~_BAR_START
    return flags


def decode_records(
    first: int, data: bytes | bytearray | memoryview, reserve: int, since_frame: int = 0
) -> list[Record]:
    """The usable records of `data`, which holds record `first` and those after it, oldest first. [any]

    Left out: slots that hold another record or a half-written one, records that speak of frames never announced
    (`ring_frame` > `reserve`), and records that go back in ring time. Of those before `since_frame` only what is in
    force there: the last position and the last loop range.
    """
    records: list[Record] = []
    newest = 0
    view = memoryview(data)
    for place in _places(view, since_frame):
        record = unpack_record(first + place, view[place * RECORD_BYTES : (place + 1) * RECORD_BYTES])
        if record is not None and newest <= record.ring_frame <= reserve:
            newest = record.ring_frame
            records.append(bounded(record))
    return records


def _places(data: memoryview, since_frame: int) -> Sequence[int]:
    """Which of the records in `data` are wanted, by their bytes: they rise, and most may be of before."""
    count = len(data) // RECORD_BYTES
    if since_frame <= 0:
        return range(count)
    behind = bisect_left(
        range(count), since_frame, key=lambda place: int(_FRAME.unpack_from(data, place * RECORD_BYTES)[0])
    )
    kinds = bytes(data[RECORD_BYTES - 1 : behind * RECORD_BYTES : RECORD_BYTES]).translate(_KINDS)
    in_force = sorted(place for place in (kinds.rfind(0), kinds.rfind(1)) if place >= 0)
    return [*in_force, *range(behind, count)]
