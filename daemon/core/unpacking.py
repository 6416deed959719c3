"""Packed sound as it lies on the disk, and back again to the bit. What the planes are: packing.py. Pure; no numpy.

packed = u8 scale bits (0: patterns), u8 differences, 4 × u8 kind of plane, u32 crc32 of the sound, planes…
plane  = nothing (ZEROS), bytes (AS_IS), or u32 length and raw deflate (CODED)
"""

import struct
import zlib

from audio.crc import crc32
from audio.floats import unpacked
from daemon.core.journal import Damaged

ZEROS, AS_IS, CODED = 0, 1, 2
HEAD = struct.Struct("<BB4BI")
LENGTH = struct.Struct("<I")


def unpack(packed: bytes | memoryview, frames: int, channels: int) -> bytes | bytearray:
    """The sound that became `packed`. Raises Damaged. [any]"""
    try:
        scale_bits, order, *kinds, crc = HEAD.unpack_from(packed)
        rest = memoryview(packed)[HEAD.size :]
        planes: list[bytes] = []
        for kind in kinds:
            plane, rest = _plane(kind, rest, frames * channels)
            planes.append(plane)
    except (struct.error, zlib.error, ValueError) as error:
        raise Damaged("packed sound") from error
    sound = unpacked(planes, channels, order, scale_bits)
    if crc32(sound) != crc:
        raise Damaged("packed sound, which is not what was packed")
    return sound


def _plane(kind: int, rest: memoryview, size_bytes: int) -> tuple[bytes, memoryview]:
    """One plane out of what is left, and what is left then. Raises ValueError, struct.error, zlib.error."""
    if kind == ZEROS:
        return bytes(size_bytes), rest
    if kind == AS_IS:
        plane, rest = bytes(rest[:size_bytes]), rest[size_bytes:]
    elif kind == CODED:
        (length,) = LENGTH.unpack_from(rest)
        coded, rest = rest[LENGTH.size : LENGTH.size + length], rest[LENGTH.size + length :]
        plane = zlib.decompressobj(-15).decompress(coded, size_bytes)
    else:
        raise ValueError(f"a plane of kind {kind}")
    if len(plane) != size_bytes:
        raise ValueError("a plane that ends early")
    return plane, rest
