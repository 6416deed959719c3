"""Sound packed without loss: interleaved float32 in, fewer bytes out, and every bit back, NaN and -0.0 included.

Three steps, each undone exactly. *Numbers*: what came from a 16- or 24-bit file becomes those integers again; any other
float becomes its bit pattern, folded so that larger floats are larger integers. *Differences*: of each channel, once or
twice, folded so that small ones of both signs are small. *Planes*: the four bytes of each difference apart; a plane of
zeros is left out, one that Huffman's code shortens is coded (zlib), and one of noise stays as it is, which costs
nothing. Why this and not FLAC: docs/decisions/0030. Pure; numpy.

    packed = u8 scale bits (0: patterns), u8 differences, 4 × u8 kind of plane, u32 crc32 of the sound, planes…
    plane  = nothing (ZEROS), bytes (AS_IS), or u32 length and raw deflate (CODED)
"""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from daemon.core.journal import Damaged

SCALES_BITS = (15, 23)  # of PCM in 16 and 24 bits
ZEROS, AS_IS, CODED = 0, 1, 2
PLANES = 4
WORTH = (
    0.6  # a plane is coded when a sample of it shrinks below this: what is left of it is not worth the time
)
SAMPLE = 4_096
_HEAD = struct.Struct("<BB4BI")
_LENGTH = struct.Struct("<I")

Ints = NDArray[np.int32]


def pack(sound: bytes | memoryview, channels: int) -> bytes:
    """sound: whole frames of float32. [any]"""
    samples = np.frombuffer(sound, np.float32).reshape(-1, channels)
    scale_bits, numbers = _numbers(samples)
    order = _fewest(numbers)
    planes = _folded(_differences(numbers, order)).view(np.uint8).reshape(-1, PLANES)
    kinds, parts = zip(*(_plane(planes[:, each]) for each in range(PLANES)), strict=True)
    return b"".join([_HEAD.pack(scale_bits, order, *kinds, zlib.crc32(sound)), *parts])


def unpack(packed: bytes | memoryview, frames: int, channels: int) -> bytes:
    """The sound that became `packed`. Raises Damaged. [any]"""
    try:
        scale_bits, order, *kinds, crc = _HEAD.unpack_from(packed)
        planes = np.zeros((frames * channels, PLANES), np.uint8)
        rest = memoryview(packed)[_HEAD.size :]
        for each, kind in enumerate(kinds):
            rest = _fill(planes[:, each], kind, rest)
        numbers = _unfolded(planes.reshape(-1).view("<u4").astype(np.uint32, copy=False)).reshape(
            -1, channels
        )
        for _ in range(order):
            numbers = np.cumsum(numbers, axis=0, dtype=np.int32)
        sound = _samples(numbers, scale_bits).tobytes()
    except (struct.error, zlib.error, ValueError) as error:
        raise Damaged("packed sound") from error
    if zlib.crc32(sound) != crc:
        raise Damaged("packed sound, which is not what was packed")
    return sound


def _numbers(samples: NDArray[np.float32]) -> tuple[int, Ints]:
    for bits in SCALES_BITS:
        few = samples[:SAMPLE]
        if _is_exact(few, _scaled(few, bits), bits):
            scaled = _scaled(samples, bits)
            if _is_exact(samples, scaled, bits):
                return bits, scaled
    return 0, _ordered(samples.view(np.int32))


def _scaled(samples: NDArray[np.float32], bits: int) -> Ints:
    with np.errstate(invalid="ignore", over="ignore"):
        scaled: Ints = np.rint(samples * np.float32(2.0**bits)).astype(np.int32)
    return scaled


def _is_exact(samples: NDArray[np.float32], scaled: Ints, bits: int) -> bool:
    return np.array_equal(_samples(scaled, bits).view(np.int32), samples.view(np.int32))


def _samples(numbers: Ints, scale_bits: int) -> NDArray[np.float32]:
    if scale_bits:
        return numbers.astype(np.float32) * np.float32(2.0**-scale_bits)
    return _ordered(numbers).view(np.float32)


def _ordered(patterns: Ints) -> Ints:
    """Bit patterns of floats as integers of the same order; and back."""
    return patterns ^ ((patterns >> 31) & 0x7FFF_FFFF)


def _fewest(numbers: Ints) -> int:
    """How many times to take differences: what makes a sample smallest."""
    few = numbers[:SAMPLE]
    return min((1, 2), key=lambda order: float(np.log2(_folded(_differences(few, order)) + 1.0).sum()))


def _differences(numbers: Ints, order: int) -> Ints:
    for _ in range(order):
        difference = numbers.copy()
        np.subtract(numbers[1:], numbers[:-1], out=difference[1:])  # wraps, and so does the sum
        numbers = difference
    return numbers


def _folded(differences: Ints) -> NDArray[np.uint32]:
    return np.ascontiguousarray(((differences << 1) ^ (differences >> 31)).view(np.uint32), "<u4")


def _unfolded(folded: NDArray[np.uint32]) -> Ints:
    return (folded >> 1).view(np.int32) ^ -(folded & 1).view(np.int32)


def _plane(plane: NDArray[np.uint8]) -> tuple[int, bytes]:
    if not plane.any():
        return ZEROS, b""
    data = plane.tobytes()
    middle = len(data) // 2
    sample = data[middle : middle + SAMPLE]
    if len(_coded(sample)) < WORTH * len(sample) and len(coded := _coded(data)) < len(data):
        return CODED, _LENGTH.pack(len(coded)) + coded
    return AS_IS, data


def _coded(data: bytes) -> bytes:
    coder = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(data) + coder.flush()


def _fill(plane: NDArray[np.uint8], kind: int, rest: memoryview) -> memoryview:
    """One plane out of what is left, and what is left then. Raises ValueError, struct.error, zlib.error."""
    if kind == ZEROS:
        return rest
    if kind == AS_IS:
        plane[:] = np.frombuffer(rest[: len(plane)], np.uint8)
        return rest[len(plane) :]
    if kind != CODED:
        raise ValueError(kind)
    (length,) = _LENGTH.unpack_from(rest)
    decoder = zlib.decompressobj(-15)
    plane[:] = np.frombuffer(
        decoder.decompress(rest[_LENGTH.size : _LENGTH.size + length], len(plane)), np.uint8
    )
    return rest[_LENGTH.size + length :]
