"""Timeline records as a reader may use them: in order, whole, and every field within reason.

layout.py says where the bytes are; this file says which of them to believe. It smooths and decides nothing: what
the host said stays as it said it, or becomes unknown.
"""

import math

from plugin_protocol.layout import MAX_BLOCK_FRAMES, RECORD_BYTES, Flag, Record, unpack_record

MIN_BPM = 1.0
MAX_BPM = 10_000.0
MAX_PPQ = 1e12
MAX_PROJECT_FRAME = 1 << 62
DENOMINATORS = frozenset({1, 2, 4, 8, 16, 32, 64, 128})


def bounded(record: Record) -> Record:
    """`record` with the VALID flag taken from every field that cannot be true; that field becomes 0. [any]

    A LOOP_RANGE whose end is not behind its start, or is not finite, loses LOOP_RANGE, VALID_PPQ and VALID_BPM.
    """
    flags = record.flags
    ppq_ok = math.isfinite(record.ppq) and abs(record.ppq) <= MAX_PPQ
    if Flag.LOOP_RANGE in flags:
        end_ok = math.isfinite(record.bpm) and abs(record.bpm) <= MAX_PPQ
        if not (ppq_ok and end_ok and record.bpm > record.ppq):
            flags &= ~(Flag.LOOP_RANGE | Flag.VALID_PPQ | Flag.VALID_BPM)
        bpm_known = Flag.LOOP_RANGE in flags
        ppq_known = bpm_known
    else:
        ppq_known = Flag.VALID_PPQ in flags and ppq_ok
        bpm_known = Flag.VALID_BPM in flags and MIN_BPM <= record.bpm <= MAX_BPM
        if not ppq_known:
            flags &= ~Flag.VALID_PPQ
        if not bpm_known:
            flags &= ~Flag.VALID_BPM
    meter_known = Flag.VALID_METER in flags and record.numerator > 0 and record.denominator in DENOMINATORS
    if not meter_known:
        flags &= ~Flag.VALID_METER
    frame_known = Flag.VALID_PROJECT_FRAME in flags and abs(record.project_frame) <= MAX_PROJECT_FRAME
    if not frame_known:
        flags &= ~Flag.VALID_PROJECT_FRAME
    bar_known = (
        Flag.VALID_BAR_START in flags
        and math.isfinite(record.bar_start_ppq)
        and abs(record.bar_start_ppq) <= MAX_PPQ
    )
    if not bar_known:
        flags &= ~Flag.VALID_BAR_START
    return Record(
        ring_frame=record.ring_frame,
        project_frame=record.project_frame if frame_known else 0,
        ppq=record.ppq if ppq_known else 0.0,
        bpm=record.bpm if bpm_known else 0.0,
        bar_start_ppq=record.bar_start_ppq if bar_known else 0.0,
        host_ns=record.host_ns,
        block_frames=min(record.block_frames, MAX_BLOCK_FRAMES),
        numerator=record.numerator if meter_known else 0,
        denominator=record.denominator if meter_known else 0,
        flags=flags,
    )


def decode_records(first: int, data: bytes | bytearray | memoryview, reserve: int) -> list[Record]:
    """The usable records of `data`, which holds record `first` and those after it, oldest first. [any]

    Left out: slots that hold another record or a half-written one, records that speak of frames never announced
    (`ring_frame` > `reserve`), and records that go back in ring time.
    """
    records: list[Record] = []
    newest = 0
    view = memoryview(data)
    for at in range(0, len(view) - RECORD_BYTES + 1, RECORD_BYTES):
        record = unpack_record(first + at // RECORD_BYTES, view[at : at + RECORD_BYTES])
        if record is not None and newest <= record.ring_frame <= reserve:
            newest = record.ring_frame
            records.append(bounded(record))
    return records
