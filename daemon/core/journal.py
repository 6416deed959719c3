"""The bytes of the Ring journal: what a segment file and the chunks in it look like, and which of them to believe.

A segment says whose sound it holds, then chunks follow, each a stretch of frames as they stood in the Ring and the
Timeline records that speak of them. Everything carries a checksum, seeded by the segment it belongs to, so that what a
disk serves from an older file's blocks is no chunk of this one. Pure values and bytes; files are journal_files.py.

    segment  = MAGIC, u32 length of origin, u32 crc32 of origin, origin (JSON), chunk…
    chunk    = HEAD (56 bytes), records (64 bytes each, as in a Ring), frames (interleaved float32, as they are or packed
               by packing.py; none when silent)
"""

import struct
import zlib
from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from audio.crc import crc32
from plugin_protocol.layout import (
    MAX_CHANNELS,
    MAX_RATE_HZ,
    MIN_RATE_HZ,
    RECORD_BYTES,
    Flag,
    Record,
    pack_record,
)
from plugin_protocol.layout import SAMPLE_BYTES as SAMPLE_BYTES
from plugin_protocol.message_base import U63, Line
from plugin_protocol.timeline import decode_records

MAGIC = b"SDCJRNL\n"
FORMAT = 2
CHUNK_MAGIC = b"SDCk"
MAX_ORIGIN_BYTES = 8_192
MAX_LIFE = 64
MAX_PROCESS = 64
MAX_CHUNK_BYTES = 256 * 1024  # of sound: 0.68 s of stereo at 48 kHz
MAX_PACKED_BYTES = (
    1024 * 1024
)  # of sound in a chunk that is packed: what one listener has to unpack at a time
MAX_CHUNK_RECORDS = 4_096
ANY_FRAME = 1 << 62

_START = struct.Struct("<8sII")
START_BYTES = _START.size
#   0x00 4s  magic            0x14 u32 records             0x28 i64 Unix time in microseconds at which its end was heard
#   0x04 u32 silent (0, 1)    0x18 u32 of them carried     0x30 u32 crc32 of records
#   0x08 u64 first_frame      0x1c u32 packed bytes, or 0  0x34 u32 crc32 of the sound as it lies there
#   0x10 u32 frames           0x20 f64 peak                0x38 u32 crc32 of this head; all seeded by the segment
_HEAD = struct.Struct("<4sIQIIIIdqII")
_CRC = struct.Struct("<I")
_NUMBER = struct.Struct("<Q")
HEAD_BYTES = _HEAD.size + _CRC.size

_POSITION_NOISE = ~int(Flag.GAP | Flag.DISCONTINUITY)


class Damaged(Exception):
    """Bytes that nobody wrote, or not to the end. what: which part."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"The journal is damaged: {self.what}."


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Whose sound a segment holds. number: 1 and up within one Ring, never used twice."""

    instance: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    generation: U63
    number: Annotated[int, Meta(gt=0)]
    sample_rate_hz: Annotated[float, Meta(ge=MIN_RATE_HZ, le=MAX_RATE_HZ)]
    channels: Annotated[int, Meta(ge=1, le=MAX_CHANNELS)]
    host_name: Line
    track_name: Line
    boot_id: Annotated[
        str, Meta(max_length=MAX_LIFE)
    ]  # of machine and run folder; "" when the system does not tell
    format: int = FORMAT
    packed: bool = False  # made of another file, whose place it took
    process: Annotated[str, Meta(max_length=MAX_PROCESS)] = (
        ""  # that wrote the Ring, told apart within one start of the machine; "" in files of before it was noted
    )

    @property
    def host(self) -> tuple[str, str]:
        """Whose plugins were called block by block together: a process; by its name where that is all that is known."""
        return self.boot_id, self.process or self.host_name

    @property
    def frame_bytes(self) -> int:
        return self.channels * SAMPLE_BYTES

    @property
    def seed(self) -> int:
        """What the checksums of this segment's chunks begin with."""
        return zlib.crc32(f"{self.generation} {self.number}".encode())


class Head(NamedTuple):
    """What a chunk says of itself."""

    first_frame: int
    frames: int
    silent: bool  # every sample is +0.0, and none is stored
    records: int
    carried: int  # of the records: were in force before the segment began, and stand in older segments too
    wall_us: int
    peak: float  # the largest |sample| of those that are finite
    packed_bytes: int  # 0: the frames lie there as they are
    records_crc: int
    sound_crc: int

    @property
    def end_frame(self) -> int:
        return self.first_frame + self.frames

    @property
    def records_bytes(self) -> int:
        return self.records * RECORD_BYTES

    def sound_bytes(self, frame_bytes: int) -> int:
        """As it lies there."""
        return 0 if self.silent else self.packed_bytes or self.frames * frame_bytes

    def payload_bytes(self, frame_bytes: int) -> int:
        return self.records_bytes + self.sound_bytes(frame_bytes)


class Body(NamedTuple):
    """What a chunk is made of. sound: the frames, or what they were packed to, or empty when they are silent."""

    first_frame: int
    frames: int
    timeline: bytes  # at most MAX_CHUNK_RECORDS, as timeline_of gives them
    carried: int
    wall_us: int
    peak: float
    sound: bytes | memoryview
    is_packed: bool = False


def pack_origin(origin: Origin) -> bytes:
    """The bytes that a segment starts with. [any]"""
    text = msgspec.json.encode(origin)
    return _START.pack(MAGIC, len(text), zlib.crc32(text)) + text


def unpack_origin(data: bytes) -> tuple[Origin, int]:
    """Whose segment it is, and where its chunks begin; from its first START_BYTES + MAX_ORIGIN_BYTES or fewer. [any]

    Raises Damaged.
    """
    if len(data) < START_BYTES:
        raise Damaged("a segment without a beginning")
    magic, length, crc = _START.unpack_from(data)
    text = data[START_BYTES : START_BYTES + length]
    if magic != MAGIC or length > MAX_ORIGIN_BYTES or len(text) != length or zlib.crc32(text) != crc:
        raise Damaged("the beginning of a segment")
    try:
        origin = msgspec.json.decode(text, type=Origin)
    except msgspec.MsgspecError as error:
        raise Damaged(f"the beginning of a segment, {error}") from error
    if origin.format != FORMAT:
        raise Damaged(f"it is of format {origin.format}, and this version reads {FORMAT}")
    return origin, START_BYTES + length


def timeline_of(records: Iterable[Record]) -> bytes:
    """Records as they lie in a chunk, numbered from 0. [any]"""
    return b"".join(pack_record(index, record) for index, record in enumerate(records))


def renumbered(timelines: Iterable[bytes]) -> bytes:
    """Those of several chunks as one; a record begins with its number, as in a Ring (plugin_protocol.layout). [any]"""
    data = bytearray().join(timelines)
    for index in range(len(data) // RECORD_BYTES):
        _NUMBER.pack_into(data, index * RECORD_BYTES, 2 * index + 2)
    return bytes(data)


def pack_chunk(origin: Origin, body: Body) -> tuple[bytes, bytes | memoryview]:
    """(head and records, sound to be written behind them) of one chunk. [any]"""
    timeline = body.timeline
    head = _HEAD.pack(
        CHUNK_MAGIC,
        not body.sound,
        body.first_frame,
        body.frames,
        len(timeline) // RECORD_BYTES,
        body.carried,
        len(body.sound) if body.is_packed else 0,
        body.peak,
        body.wall_us,
        zlib.crc32(timeline, origin.seed),
        crc32(body.sound, origin.seed),
    )
    return head + _CRC.pack(zlib.crc32(head, origin.seed)) + timeline, body.sound


def unpack_head(data: bytes, origin: Origin) -> Head:
    """Raises Damaged. [any]"""
    if len(data) < HEAD_BYTES:
        raise Damaged("a chunk that ends in its head")
    packed = data[: _HEAD.size]
    magic, silent, first, frames, records, carried, packed_bytes, peak, wall_us, of_records, of_sound = (
        _HEAD.unpack(packed)
    )
    if magic != CHUNK_MAGIC or _CRC.unpack_from(data, _HEAD.size)[0] != zlib.crc32(packed, origin.seed):
        raise Damaged("the head of a chunk")
    limit_bytes = MAX_PACKED_BYTES if packed_bytes else MAX_CHUNK_BYTES
    fits = silent or (frames * origin.frame_bytes <= limit_bytes and packed_bytes <= limit_bytes)
    if silent > 1 or not fits or not carried <= records <= MAX_CHUNK_RECORDS or not peak >= 0.0:
        raise Damaged("the head of a chunk")
    if frames == 0 or first + frames > ANY_FRAME or (silent and packed_bytes):
        raise Damaged("the head of a chunk")
    return Head(
        first, frames, bool(silent), records, carried, wall_us, peak, packed_bytes, of_records, of_sound
    )


def checked_records(
    head: Head, data: bytes | memoryview, origin: Origin
) -> tuple[list[Record], list[Record]]:
    """(carried, new) records out of their bytes, each field bounded as when they were read. Raises Damaged. [any]"""
    check_timeline(head, data, origin)
    carried, new = (
        memoryview(data)[: head.carried * RECORD_BYTES],
        memoryview(data)[head.carried * RECORD_BYTES :],
    )
    return decode_records(0, carried, ANY_FRAME), decode_records(head.carried, new, ANY_FRAME)


def check_timeline(head: Head, data: bytes | memoryview, origin: Origin) -> None:
    """Raises Damaged unless `data` is the records that the head speaks of. [any]"""
    if len(data) != head.records_bytes or zlib.crc32(data, origin.seed) != head.records_crc:
        raise Damaged("the records of a chunk")


def check_sound(head: Head, data: bytes | memoryview, origin: Origin) -> None:
    """Raises Damaged unless `data` is the sound that the head speaks of, as it lies there. [any]"""
    if len(data) != head.sound_bytes(origin.frame_bytes) or crc32(data, origin.seed) != head.sound_crc:
        raise Damaged("the sound of a chunk")


class Backlog:
    """Timeline records on their way into chunks: which belong to the next one, and what a new segment must repeat.

    A record belongs to the chunk that holds the frame it speaks of. A segment may be all that is left of a journal, so
    its first chunk repeats what was in force before it: the last position and the last loop range.
    """

    LIMIT = 4 * MAX_CHUNK_RECORDS  # a plugin that writes more of them than frames loses the oldest

    def __init__(self) -> None:
        self._waiting: list[Record] = []
        self._position: Record | None = None
        self._loop: Record | None = None

    def put(self, records: Iterable[Record]) -> None:
        self._waiting += records
        del self._waiting[: -self.LIMIT]

    def take(self, end_frame: int) -> list[Record]:
        """Those that speak of frames before `end_frame`, at most as many as a chunk takes."""
        count = 0
        for record in self._waiting[: MAX_CHUNK_RECORDS - 2]:  # room for what is carried
            if record.ring_frame >= end_frame:
                break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        for record in taken:
            if record.flags & Flag.LOOP_RANGE:
                self._loop = record
            else:
                self._position = record
        return taken

    def carried(self) -> list[Record]:
        """What is in force where the records that were taken end, oldest first."""
        found = [record for record in (self._position, self._loop) if record is not None]
        found.sort(key=lambda record: record.ring_frame)
        return [
            msgspec.structs.replace(record, flags=Flag(int(record.flags) & _POSITION_NOISE))
            for record in found
        ]
