"""Sound packed without loss: interleaved float32 in, fewer bytes out, and every bit back, NaN and -0.0 included.

Three steps, each undone exactly. *Numbers*: what came from a 16- or 24-bit file becomes those integers again; any other
float becomes its bit pattern, folded so that larger floats are larger integers. *Differences*: of each channel, once or
twice, folded so that small ones of both signs are small. *Planes*: the four bytes of each difference apart; a plane of
zeros is left out, one that Huffman's code shortens is coded (zlib), and one of noise stays as it is, which costs
nothing. Why this and not FLAC: docs/decisions/0030. Pure; numpy.

How it lies there, and how it comes back: unpacking.py.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from audio.kernels.portable_floats import ordered, samples_of
from daemon.core.unpacking import AS_IS, CODED, HEAD, LENGTH, PLANES, ZEROS

SCALES_BITS = (15, 23)  # of PCM in 16 and 24 bits
WORTH = (
    0.6  # a plane is coded when a sample of it shrinks below this: what is left of it is not worth the time
)
SAMPLE = 4_096

Ints = NDArray[np.int32]


def pack(sound: bytes | memoryview, channels: int) -> bytes:
    """sound: whole frames of float32. [any]"""
    samples = np.frombuffer(sound, np.float32).reshape(-1, channels)
    scale_bits, numbers = _numbers(samples)
    order = _fewest(numbers)
    planes = _folded(_differences(numbers, order)).view(np.uint8).reshape(-1, PLANES)
    kinds, parts = zip(*(_plane(planes[:, each]) for each in range(PLANES)), strict=True)
    return b"".join([HEAD.pack(scale_bits, order, *kinds, zlib.crc32(sound)), *parts])


def _numbers(samples: NDArray[np.float32]) -> tuple[int, Ints]:
    for bits in SCALES_BITS:
        few = samples[:SAMPLE]
        if _is_exact(few, _scaled(few, bits), bits):
            scaled = _scaled(samples, bits)
            if _is_exact(samples, scaled, bits):
                return bits, scaled
    return 0, ordered(samples.view(np.int32))


def _scaled(samples: NDArray[np.float32], bits: int) -> Ints:
    with np.errstate(invalid="ignore", over="ignore"):
        scaled: Ints = np.rint(samples * np.float32(2.0**bits)).astype(np.int32)
    return scaled


def _is_exact(samples: NDArray[np.float32], scaled: Ints, bits: int) -> bool:
    return np.array_equal(samples_of(scaled, bits).view(np.int32), samples.view(np.int32))


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


def _plane(plane: NDArray[np.uint8]) -> tuple[int, bytes]:
    if not plane.any():
        return ZEROS, b""
    data = plane.tobytes()
    middle = len(data) // 2
    sample = data[middle : middle + SAMPLE]
    if len(_coded(sample)) < WORTH * len(sample) and len(coded := _coded(data)) < len(data):
        return CODED, LENGTH.pack(len(coded)) + coded
    return AS_IS, data


def _coded(data: bytes) -> bytes:
    coder = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(data) + coder.flush()
