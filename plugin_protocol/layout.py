"""Shared-memory layout of a Ring: every offset, size and flag, once.

`layout_gen.h` of the C client is generated from this file, and SPEC.md section 3 tabulates it. This file does
no arithmetic on indices (that is ring.py) and touches no memory it is not given.

All integers are little-endian. Hot words lie 128 bytes apart, so that no two share a cache line on any CPU in
use (Apple cores prefetch pairs of 64-byte lines). A reader copies the header once and trusts only the copy.
"""

import struct
import zlib
from enum import IntEnum, IntFlag

import msgspec

from plugin_protocol.errors import LayoutError

MAGIC = b"SDCHRNG\n"  # the newline catches text-mode mangling
ABI_MAJOR = 1  # differs: do not map
ABI_MINOR = 0  # differs: ignore what is new
HEADER_BYTES = 4096
RECORD_BYTES = 64
SAMPLE_FORMAT_F32 = 1
SAMPLE_BYTES = 4

MIN_RATE_HZ = 8_000.0
MAX_RATE_HZ = 768_000.0
MAX_CHANNELS = 2
MIN_CAPACITY_FRAMES = 1 << 12
MAX_CAPACITY_FRAMES = 1 << 25
DEFAULT_CAPACITY_FRAMES = 1 << 21  # 43.7 s at 48 kHz, 16 MiB of stereo
MIN_TIMELINE_RECORDS = 1 << 6
MAX_TIMELINE_RECORDS = 1 << 16  # a reader decodes all of them at each keep: 0.2 s at the most
DEFAULT_TIMELINE_RECORDS = 1 << 14
MAX_BLOCK_FRAMES = 16_384
COALESCE_FRAMES = 2_048  # steady play needs no record more often than this
SUSPENDED_US = 1_000_000  # without a process call, after which what comes next was not heard right behind it
PREDICTION_TOLERANCE_FRAMES = 2.0  # CLAP positions wobble by one sample; more is a discontinuity
ROUNDING_QUARTERS = (
    1 / 480
)  # unless the place in frames moved on as it should: hosts round the other to ticks
MAX_RING_BYTES = (
    HEADER_BYTES + MAX_TIMELINE_RECORDS * RECORD_BYTES + MAX_CAPACITY_FRAMES * MAX_CHANNELS * SAMPLE_BYTES
)

# Identity part: written once, before state leaves INIT; its CRC is the last field.
#   0x000  8s   magic               0x050  u32  channels
#   0x008  u16  abi_major           0x054  u32  sample_format
#   0x00a  u16  abi_minor           0x058  u64  capacity_frames    power of two
#   0x00c  u32  header_bytes        0x060  u64  audio_offset       multiple of 4096
#   0x010  u64  features_required   0x068  u64  timeline_offset    multiple of 64
#   0x018  u64  features_optional   0x070  u32  timeline_capacity  power of two
#   0x020  16s  instance_id         0x074  u32  record_bytes
#   0x030  u64  generation          0x078  u32  max_block_frames
#   0x038  u32  writer_pid          0x07c  u32  identity_bytes     this part without the CRC: 0x88
#   0x03c  u32  writer_uid          0x080  u64  total_bytes        size of the file
#   0x040  u64  writer_start        0x088  u32  crc32              of 0x000..0x087
#   0x048  f64  sample_rate_hz
IDENTITY = struct.Struct("<8sHHIQQ16sQIIQdIIQQQIIIIQ")
IDENTITY_BYTES = IDENTITY.size
CRC_OFFSET = 0x088

STATE_OFFSET = 0x100  # a32
RESERVE_OFFSET = 0x180  # a64: end of the frames the writer may be overwriting with; stored before the copy
COMMIT_OFFSET = 0x200  # a64: end of the frames that are complete; stored after audio and timeline
TIMELINE_COMMIT_OFFSET = 0x280  # a64: number of timeline records ever completed
PROCESS_COUNT_OFFSET = 0x300  # a64: calls of sc_ring_write, also those of 0 frames
LAST_BLOCK_NS_OFFSET = 0x308  # a64: CLOCK_MONOTONIC when a call was last noticed
DISCONTINUITIES_OFFSET = 0x380  # a64: positions that were not where the last block led
OVERSIZE_BLOCKS_OFFSET = 0x388  # a64: blocks longer than max_block_frames (split, not lost)
OFFLINE_BLOCKS_OFFSET = 0x390  # a64: blocks not recorded because the host rendered offline
INVALID_POSITIONS_OFFSET = 0x398  # a64: positions with a non-finite or absurd field (field dropped)

# Timeline record: a per-record seqlock, then raw host values; validity per field in flags.
#   0x00 u64 seq (2i+1 while writing record i, 2i+2 when done)    0x30 u64 host_ns (CLOCK_MONOTONIC)
#   0x08 u64 ring_frame (first frame it speaks of)                0x38 u32 block_frames
#   0x10 i64 project_frame                                        0x3c u8  numerator
#   0x18 f64 ppq             (LOOP_RANGE: start)                  0x3d u8  denominator
#   0x20 f64 bpm             (LOOP_RANGE: end ppq)                0x3e u16 flags
#   0x28 f64 bar_start_ppq
RECORD = struct.Struct("<QQqdddQIBBH")


class RingState(IntEnum):
    """Life of a Ring, in the order it goes; FROZEN and READY alternate."""

    INIT = 0  # being built: nothing may be read
    READY = 1  # recording
    FROZEN = 2  # the host renders offline: history stands still and stays readable
    RETIRED = 3  # replaced by a newer generation, or closed


class Flag(IntFlag):
    """What a timeline record knows. A field without its VALID flag is unknown, never zero."""

    PLAYING = 1 << 0
    LOOPING = 1 << 1
    RECORDING = 1 << 2
    OFFLINE = 1 << 3
    VALID_PPQ = 1 << 4
    VALID_BPM = 1 << 5
    VALID_METER = 1 << 6
    VALID_PROJECT_FRAME = 1 << 7
    VALID_BAR_START = 1 << 8
    DISCONTINUITY = 1 << 9  # the position is not where the record before led: a loop wrap or a jump
    GAP = 1 << 10  # frames before this one were not heard right before it: a take never spans it
    LOOP_RANGE = 1 << 11  # not a position: ppq and bpm hold the loop's start and end


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The identity part of a Ring header, checked; field meanings as in the table above."""

    instance_id: bytes
    generation: int
    writer_pid: int
    writer_uid: int
    writer_start: int
    sample_rate_hz: float
    channels: int
    capacity_frames: int
    audio_offset: int
    timeline_offset: int
    timeline_capacity: int
    max_block_frames: int
    total_bytes: int
    abi_minor: int = ABI_MINOR
    features_required: int = 0
    features_optional: int = 0

    @property
    def frame_bytes(self) -> int:
        """Bytes of one interleaved frame."""
        return self.channels * SAMPLE_BYTES


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One timeline record as the writer left it. Fields are meaningful only with their VALID flag."""

    ring_frame: int
    project_frame: int = 0
    ppq: float = 0.0
    bpm: float = 0.0
    bar_start_ppq: float = 0.0
    host_ns: int = 0
    block_frames: int = 0
    numerator: int = 0
    denominator: int = 0
    flags: Flag = Flag(0)


def pack_header(h: Header) -> bytes:
    """The 4096 header bytes of a Ring in state INIT. [any]"""
    identity = IDENTITY.pack(
        MAGIC, ABI_MAJOR, h.abi_minor, HEADER_BYTES, h.features_required, h.features_optional,
        h.instance_id, h.generation, h.writer_pid, h.writer_uid, h.writer_start, h.sample_rate_hz,
        h.channels, SAMPLE_FORMAT_F32, h.capacity_frames, h.audio_offset, h.timeline_offset,
        h.timeline_capacity, RECORD_BYTES, h.max_block_frames, IDENTITY_BYTES, h.total_bytes,
    )  # fmt: skip
    return (identity + struct.pack("<I", zlib.crc32(identity))).ljust(HEADER_BYTES, b"\0")


def _is_power_of_two(n: int) -> bool:
    return n > 0 and n & (n - 1) == 0


def unpack_header(data: bytes, file_bytes: int) -> Header:
    """Check and decode a private copy of the first bytes of a Ring file of `file_bytes` bytes. [any]

    Every number is bounded before anybody computes with it, so a lying peer costs an exception and no more.
    Raises LayoutError naming the first field that is wrong.
    """
    if len(data) < CRC_OFFSET + 4:
        raise LayoutError("size", len(data), "shorter than a header")
    (magic, major, minor, header_bytes, required, optional, instance, generation, pid, uid, start, rate, channels,
     sample_format, capacity, audio_offset, timeline_offset, timeline_capacity, record_bytes, max_block,
     identity_bytes, total) = IDENTITY.unpack_from(data)  # fmt: skip
    crc = zlib.crc32(data[:IDENTITY_BYTES])
    _require(
        ("magic", magic, magic == MAGIC, "this is no Ring"),
        ("abi_major", major, major == ABI_MAJOR, f"this side reads {ABI_MAJOR}; update the older of the two"),
        ("identity_bytes", identity_bytes, identity_bytes >= IDENTITY_BYTES, f"at least {IDENTITY_BYTES}"),
        ("crc32", data[CRC_OFFSET : CRC_OFFSET + 4].hex(), crc == int.from_bytes(data[CRC_OFFSET : CRC_OFFSET + 4], "little"), f"does not match {crc:#010x}"),
        ("header_bytes", header_bytes, header_bytes == HEADER_BYTES, f"must be {HEADER_BYTES}"),
        ("features_required", required, required == 0, "needs a newer reader"),
        ("sample_format", sample_format, sample_format == SAMPLE_FORMAT_F32, "only 32-bit float is known"),
        ("record_bytes", record_bytes, record_bytes == RECORD_BYTES, f"must be {RECORD_BYTES}"),
    )  # fmt: skip
    header = Header(
        instance_id=instance, generation=generation, writer_pid=pid, writer_uid=uid, writer_start=start,
        sample_rate_hz=rate, channels=channels, capacity_frames=capacity, audio_offset=audio_offset,
        timeline_offset=timeline_offset, timeline_capacity=timeline_capacity, max_block_frames=max_block,
        total_bytes=total, abi_minor=minor, features_required=required, features_optional=optional,
    )  # fmt: skip
    _require_bounds(header, file_bytes)
    return header


def _require_bounds(h: Header, file_bytes: int) -> None:
    audio_end = h.audio_offset + h.capacity_frames * h.channels * SAMPLE_BYTES
    timeline_end = h.timeline_offset + h.timeline_capacity * RECORD_BYTES
    _require(
        ("generation", h.generation, 0 < h.generation < 1 << 63, "1 to 2**63-1"),
        ("sample_rate_hz", h.sample_rate_hz, MIN_RATE_HZ <= h.sample_rate_hz <= MAX_RATE_HZ, f"{MIN_RATE_HZ} to {MAX_RATE_HZ}"),
        ("channels", h.channels, 1 <= h.channels <= MAX_CHANNELS, f"1 to {MAX_CHANNELS}"),
        ("capacity_frames", h.capacity_frames, _is_power_of_two(h.capacity_frames) and MIN_CAPACITY_FRAMES <= h.capacity_frames <= MAX_CAPACITY_FRAMES, "a power of two within the limits"),
        ("timeline_capacity", h.timeline_capacity, _is_power_of_two(h.timeline_capacity) and MIN_TIMELINE_RECORDS <= h.timeline_capacity <= MAX_TIMELINE_RECORDS, "a power of two within the limits"),
        ("max_block_frames", h.max_block_frames, 1 <= h.max_block_frames <= MAX_BLOCK_FRAMES, f"1 to {MAX_BLOCK_FRAMES}"),
        ("timeline_offset", h.timeline_offset, h.timeline_offset % RECORD_BYTES == 0 and h.timeline_offset >= HEADER_BYTES, "aligned, behind the header"),
        ("audio_offset", h.audio_offset, h.audio_offset % 4096 == 0 and h.audio_offset >= timeline_end, "page aligned, behind the timeline"),
        ("total_bytes", h.total_bytes, audio_end <= h.total_bytes <= MAX_RING_BYTES, "must hold the audio and stay within the limit"),
        ("file size", file_bytes, file_bytes >= h.total_bytes, f"the file is shorter than its {h.total_bytes} bytes"),
    )  # fmt: skip


def _require(*checks: tuple[str, object, bool, str]) -> None:
    """(field, what was found, whether it is right, what it should be): LayoutError of the first that is wrong."""
    for field, found, is_right, why in checks:
        if not is_right:
            raise LayoutError(field, found, why)


def pack_record(index: int, r: Record) -> bytes:
    """Record number `index` (0 is the first ever) as 64 finished bytes. [any]"""
    return RECORD.pack(
        2 * index + 2, r.ring_frame, r.project_frame, r.ppq, r.bpm, r.bar_start_ppq, r.host_ns,
        r.block_frames, r.numerator, r.denominator, r.flags,
    )  # fmt: skip


def unpack_record(index: int, data: bytes | memoryview) -> Record | None:
    """Record number `index` from its 64 bytes, or None when the slot holds another or a half-written one. [any]"""
    seq, ring_frame, project, ppq, bpm, bar_start, host_ns, frames, num, den, flags = RECORD.unpack(data)
    if seq != 2 * index + 2:
        return None
    return Record(
        ring_frame=ring_frame, project_frame=project, ppq=ppq, bpm=bpm, bar_start_ppq=bar_start, host_ns=host_ns,
        block_frames=frames, numerator=num, denominator=den, flags=Flag(flags & 0x0FFF),
    )  # fmt: skip


def segment_name(instance_id: bytes, generation: int) -> str:
    """File name of a Ring: 25 characters, under the 31 that the strictest system allows. [any]"""
    return f"sdc.{instance_id[:6].hex()}.{generation & 0xFFFF_FFFF:08x}"
