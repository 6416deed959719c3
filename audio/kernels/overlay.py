"""One fingerprint laid over others, in every place and at every speed: what comes out, and the numpy way to get it.

Not the decision whether two are the same (audio.analyse.fingerprint).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BITS = 32

Words = NDArray[np.uint32]


class Overlays(NamedTuple):
    """One row for each known fingerprint. agreeing: share of equal bits at the best overlay, 0.0 where either is empty.

    places: where the shorter begins in the longer, frames; speeds: number of the speed it was tried at. Of equal
    overlays the first speed and the first place count.
    """

    agreeing: NDArray[np.float64]
    places: NDArray[np.int64]
    speeds: NDArray[np.int64]


def overlays(words: Words, starts: NDArray[np.int64], query: Words, speeds: NDArray[np.float64]) -> Overlays:
    """As audio.kernels.Kernels.overlays, by products of ±1 bits in the frequency domain. [any]"""
    found = Overlays(np.zeros(len(starts) - 1), *(np.zeros(len(starts) - 1, np.int64) for _ in range(2)))
    for row in range(len(starts) - 1):
        known = words[starts[row] : starts[row + 1]]
        short, long = (query, known) if len(query) <= len(known) else (known, query)
        if len(short):
            found.agreeing[row], found.places[row], found.speeds[row] = _best(short, long, speeds)
    return found


def _best(short: Words, long: Words, speeds: NDArray[np.float64]) -> tuple[float, int, int]:
    size = 1 << int(2 * len(long) - 1).bit_length()
    # Twice in a row: the short clip may run over the loop point.
    target = np.fft.rfft(np.tile(_signs(long), (2, 1)), size, axis=0)
    short_signs = _signs(short)
    best = (0.0, 0, 0)
    for number, speed in enumerate(speeds):
        frames = min(len(long), max(1, round(len(short) * speed)))
        index = np.minimum(np.rint(np.arange(frames) / speed).astype(np.int64), len(short) - 1)
        laid = np.fft.rfft(short_signs[index], size, axis=0)
        # Counts of bits: rounding takes away what the transform added.
        agreement = np.rint(np.fft.irfft((target * laid.conj()).sum(axis=1), size)[: len(long)])
        place = int(np.argmax(agreement))
        score = 0.5 + float(agreement[place]) / (2 * BITS * frames)
        if score > best[0]:
            best = (score, place, number)
    return best


def _signs(words: Words) -> NDArray[np.float32]:
    """Bits as -1 and 1, float32 (frames, BITS)."""
    octets = words.astype("<u4").view(np.uint8).reshape(-1, BITS // 8)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(np.float32) * 2 - 1
