"""Layout and arithmetic of a Return Ring: a file in memory by which the daemon hands a preview to one plugin.

The Ring's mirror image: the daemon makes, writes and unlinks it, the plugin only reads, with pread, on its worker
thread, into memory of its own; the audio thread never sees this file. One Return Ring is one preview: its frame 0 is
the first that is played, its generation names it, and it goes when the preview ends.

All integers are little-endian. No memory is touched here that is not given. The reader in C is return_ring.c.
"""

import struct
import zlib

import msgspec

from plugin_protocol.errors import LayoutError
from plugin_protocol.layout import MAX_CHANNELS, MAX_RATE_HZ, MIN_RATE_HZ, SAMPLE_BYTES, SAMPLE_FORMAT_F32

MAGIC = b"SDCHRTN\n"
ABI_MAJOR = 1
ABI_MINOR = 0
HEADER_BYTES = 4096
MIN_CAPACITY_FRAMES = 1 << 12
MAX_CAPACITY_FRAMES = 1 << 22
CAPACITY_S = 4.0  # at least this much sound is ahead of the reader when the daemon falls behind
NO_END = (1 << 64) - 1
MAX_PEAK = 4.0  # what lies outside is cut by the reader: 12 dB over full scale is nobody's music

# Identity: written once, before the name is told to anybody; its CRC is the last field.
#   0x00  8s   magic               0x38  u32  channels
#   0x08  u16  abi_major           0x3c  u32  sample_format
#   0x0a  u16  abi_minor           0x40  u64  capacity_frames   power of two
#   0x0c  u32  header_bytes        0x48  u64  audio_offset      multiple of 4096
#   0x10  u64  features_required   0x50  u64  total_bytes       size of the file
#   0x18  16s  instance_id         0x58  u32  crc32             of 0x00..0x57
#   0x28  u64  generation
#   0x30  f64  sample_rate_hz
IDENTITY = struct.Struct("<8sHHIQ16sQdIIQQQ")
IDENTITY_BYTES = IDENTITY.size
CRC_OFFSET = 0x58

RESERVE_OFFSET = 0x100  # u64: end of the frames that may be being overwritten; stored before the copy
COMMIT_OFFSET = 0x180  # u64: end of the frames that are complete
END_OFFSET = 0x200  # u64: where the preview ends, NO_END while that is not known


class ReturnHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The identity part of a Return Ring, checked."""

    instance_id: bytes
    generation: int
    sample_rate_hz: float
    channels: int
    capacity_frames: int
    audio_offset: int = HEADER_BYTES
    features_required: int = 0

    @property
    def frame_bytes(self) -> int:
        """Bytes of one interleaved frame."""
        return self.channels * SAMPLE_BYTES

    @property
    def total_bytes(self) -> int:
        """Bytes of the whole file."""
        return self.audio_offset + self.capacity_frames * self.frame_bytes


def capacity_for(sample_rate_hz: float) -> int:
    """Frames of the Return Ring that the daemon makes for a host at this rate. [any]"""
    capacity = MIN_CAPACITY_FRAMES
    while capacity < CAPACITY_S * sample_rate_hz:
        capacity *= 2
    return capacity


def pack_header(h: ReturnHeader) -> bytes:
    """The 4096 header bytes of a Return Ring without a frame and without a known end. [any]"""
    identity = IDENTITY.pack(
        MAGIC, ABI_MAJOR, ABI_MINOR, HEADER_BYTES, h.features_required, h.instance_id, h.generation,
        h.sample_rate_hz, h.channels, SAMPLE_FORMAT_F32, h.capacity_frames, h.audio_offset, h.total_bytes,
    )  # fmt: skip
    header = bytearray((identity + struct.pack("<I", zlib.crc32(identity))).ljust(HEADER_BYTES, b"\0"))
    struct.pack_into("<Q", header, END_OFFSET, NO_END)
    return bytes(header)


def unpack_header(data: bytes, file_bytes: int) -> ReturnHeader:
    """Check and decode a private copy of the first bytes of a Return Ring of `file_bytes` bytes. [any]

    Raises LayoutError naming the first field that is wrong.
    """
    if len(data) < CRC_OFFSET + 4:
        raise LayoutError("size", len(data), "shorter than a header")
    (magic, major, _, header_bytes, required, instance, generation, rate, channels, sample_format, capacity,
     audio_offset, total) = IDENTITY.unpack_from(data)  # fmt: skip
    crc = zlib.crc32(data[:IDENTITY_BYTES])
    power_of_two = capacity > 0 and capacity & (capacity - 1) == 0
    for field, found, ok, why in (
        ("magic", magic, magic == MAGIC, "this is no Return Ring"),
        ("abi_major", major, major == ABI_MAJOR, f"this side reads {ABI_MAJOR}; update the older of the two"),
        ("crc32", data[CRC_OFFSET : CRC_OFFSET + 4].hex(), crc.to_bytes(4, "little") == data[CRC_OFFSET : CRC_OFFSET + 4], f"does not match {crc:#010x}"),
        ("header_bytes", header_bytes, header_bytes == HEADER_BYTES, f"must be {HEADER_BYTES}"),
        ("features_required", required, required == 0, "needs a newer reader"),
        ("generation", generation, 0 < generation < 1 << 63, "1 to 2**63-1"),
        ("sample_rate_hz", rate, MIN_RATE_HZ <= rate <= MAX_RATE_HZ, f"{MIN_RATE_HZ} to {MAX_RATE_HZ}"),
        ("channels", channels, 1 <= channels <= MAX_CHANNELS, f"1 to {MAX_CHANNELS}"),
        ("sample_format", sample_format, sample_format == SAMPLE_FORMAT_F32, "only 32-bit float is known"),
        ("capacity_frames", capacity, power_of_two and MIN_CAPACITY_FRAMES <= capacity <= MAX_CAPACITY_FRAMES, "a power of two within the limits"),
        ("audio_offset", audio_offset, audio_offset == HEADER_BYTES, f"must be {HEADER_BYTES}"),
        ("total_bytes", total, total == HEADER_BYTES + capacity * channels * SAMPLE_BYTES, "must be header and audio"),
        ("file size", file_bytes, file_bytes >= total, f"the file is shorter than its {total} bytes"),
    ):  # fmt: skip
        if not ok:
            raise LayoutError(field, found, why)
    return ReturnHeader(
        instance_id=instance,
        generation=generation,
        sample_rate_hz=rate,
        channels=channels,
        capacity_frames=capacity,
    )


def return_name(instance_id: bytes, generation: int) -> str:
    """File name of a Return Ring: 25 characters. [any]"""
    return f"sdr.{instance_id[:6].hex()}.{generation & 0xFFFF_FFFF:08x}"


def writable(committed: int, copied: int, capacity: int) -> int:
    """How many frames may be written now without touching what the reader has not copied. 0: wait for it. [any]

    A reader that claims to have copied more than there is, or goes backwards, gets nothing more than an honest one.
    """
    return max(0, capacity - (committed - min(copied, committed)))
