"""What the kit is made of: times, envelopes, sines, noise between two frequencies. All at one rate, all float64, (frames,)."""

import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
HIGHEST_HZ = 20_000.0
_BLOCK = 512
Wave = NDArray[np.float64]


def times(seconds: float) -> Wave:
    """Of each frame, in s."""
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def decay(t: Wave, seconds: float, attack: float = 0.0005) -> Wave:
    """Down by 60 dB in `seconds`, after a straight rise of `attack` s."""
    return np.minimum(t / attack, 1.0) * 10.0 ** (-3.0 * t / seconds)


def sweep(t: Wave, from_hz: float, to_hz: float, seconds: float) -> Wave:
    """A sine that falls from one frequency towards another, most of it within `seconds`."""
    turns = to_hz * t + (from_hz - to_hz) * seconds * (1.0 - np.exp(-t / seconds))
    return np.sin(2 * np.pi * turns)


def sines(
    t: Wave,
    hz: Sequence[float],
    amounts: Sequence[float],
    *,
    decays: Sequence[float] | None = None,
    phases: Sequence[float] | None = None,
) -> Wave:
    """A sum of sines, each with its own fall of 60 dB where `decays` are given (s), from its own phase (radians).

    What lies above HIGHEST_HZ is left out. t: of `times`. Each is a power of one complex number, so it is made of two short ones multiplied:
    a fifth of the time of as many sines.
    """
    found = np.zeros_like(t)
    blocks = -(-len(t) // _BLOCK)
    for n, (each, amount) in enumerate(zip(hz, amounts, strict=True)):
        if each >= HIGHEST_HZ:
            continue
        falling = 0.0 if decays is None else math.log(1000) / decays[n]
        turn = complex(-falling, 2 * math.pi * each) / RATE_HZ
        first = np.exp(turn * np.arange(_BLOCK)) * np.exp(1j * (phases[n] if phases is not None else 0.0))
        later = np.exp(turn * _BLOCK * np.arange(blocks))
        found += amount * np.outer(later, first).imag.ravel()[: len(t)]
    return found


def noise(name: str, frames: int, low_hz: float, high_hz: float) -> Wave:
    """White between two frequencies, with an RMS of 0.3; the same for the same name, always."""
    spectrum = np.fft.rfft(np.random.default_rng(zlib.crc32(name.encode())).standard_normal(frames))
    hz = np.fft.rfftfreq(frames, 1 / RATE_HZ)
    edge = np.clip(
        np.minimum((hz - low_hz) / (0.2 * low_hz) + 1.0, (high_hz - hz) / (0.2 * high_hz) + 1.0), 0.0, 1.0
    )
    shaped = np.fft.irfft(spectrum * edge, frames)
    return np.asarray(shaped * (0.3 / max(float(np.sqrt(np.mean(shaped**2))), 1e-9)))


def hz_of(number: int) -> float:
    """Equal temperament, A4 (69) is 440 Hz."""
    return float(440.0 * 2.0 ** ((number - 69) / 12))
