"""What floats.py finds in kernels.c, in numpy: for where the C file was not built."""

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
