"""What floats.py finds in floats.c, in numpy: for where the C file was not built."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def peak(sound: bytes | memoryview) -> float:
    """As floats.peak."""
    samples = np.frombuffer(sound, np.float32)
    largest = max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
    if np.isfinite(largest):
        return largest
    return float(np.abs(samples[np.isfinite(samples)]).max(initial=0.0))


def unpacked(planes: Sequence[bytes], channels: int, order: int, scale_bits: int) -> bytes:
    """As floats.unpacked."""
    parts = np.stack([np.frombuffer(plane, np.uint8) for plane in planes], axis=-1)
    folded = np.ascontiguousarray(parts).reshape(-1).view("<u4").astype(np.uint32, copy=False)
    numbers = ((folded >> 1).view(np.int32) ^ -(folded & 1).view(np.int32)).reshape(-1, channels)
    for _ in range(order):
        numbers = np.cumsum(numbers, axis=0, dtype=np.int32)
    return samples_of(numbers, scale_bits).tobytes()


def samples_of(numbers: NDArray[np.int32], scale_bits: int) -> NDArray[np.float32]:
    """Float32 out of integers of so many bits, or, when that is 0, of bit patterns in the order of floats."""
    if scale_bits:
        return numbers.astype(np.float32) * np.float32(2.0**-scale_bits)
    return ordered(numbers).view(np.float32)


def ordered(patterns: NDArray[np.int32]) -> NDArray[np.int32]:
    """Bit patterns of floats as integers of the same order; and back."""
    return patterns ^ ((patterns >> 31) & 0x7FFF_FFFF)


def numbers(sound: bytes, scale_bits: int) -> bytes | None:
    """As floats.numbers."""
    samples = np.frombuffer(sound, np.float32)
    if not scale_bits:
        return ordered(samples.view(np.int32)).tobytes()
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(samples * np.float32(2.0**scale_bits)).astype(np.int32)
    is_exact = np.array_equal(samples_of(scaled, scale_bits).view(np.int32), samples.view(np.int32))
    return scaled.tobytes() if is_exact else None


def difference_bits(numbers: bytes | bytearray, channels: int, order: int) -> int:
    """As floats.difference_bits."""
    sizes = np.frexp(_folded(numbers, channels, order).astype(np.float64))[1]
    return int(np.maximum(sizes, 1).sum())


def planes(numbers: bytes | bytearray, channels: int, order: int) -> list[bytes]:
    """As floats.planes."""
    parts = _folded(numbers, channels, order).astype("<u4").view(np.uint8).reshape(-1, 4)
    return [parts[:, each].tobytes() for each in range(4)]


def coded(data: bytes) -> bytes:
    """As floats.coded."""
    coder = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(data) + coder.flush()


def _folded(numbers: bytes | bytearray, channels: int, order: int) -> NDArray[np.uint32]:
    differences = np.frombuffer(numbers, np.int32).reshape(-1, channels)
    for _ in range(order):
        before = differences
        differences = before.copy()
        np.subtract(before[1:], before[:-1], out=differences[1:])  # wraps, and so does the sum
    return np.ascontiguousarray((differences << 1) ^ (differences >> 31)).view(np.uint32).reshape(-1)
