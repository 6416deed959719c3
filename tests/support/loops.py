"""Short loops as audio files, for whoever uploads: decaying notes on a grid, seeded, so that each sounds its own."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

BARS = 4


def loop_flac(seed: int, *, sample_rate_hz: int = 48_000, bpm: float = 128.0) -> tuple[bytes, list[int]]:
    """BARS bars of 4/4 as 24-bit stereo FLAC, and the frames of its bar lines."""
    rng = np.random.default_rng(seed)
    beat = int(sample_rate_hz * 60 / bpm)
    frames = beat * 4 * BARS
    mix = np.zeros(frames)
    for step in range(16 * BARS):
        if rng.random() < 0.6:
            time_s = np.arange(frames - step * beat // 4) / sample_rate_hz
            pitch = rng.choice([55, 110, 165, 220, 440])
            note = np.sin(2 * np.pi * pitch * time_s) * np.exp(-time_s * rng.uniform(4, 22))
            mix[frames - len(time_s) :] += rng.uniform(0.1, 0.6) * note
    mix *= 0.7 / np.abs(mix).max()
    return as_file(np.stack([mix, mix], axis=1), sample_rate_hz), [beat * 4 * bar for bar in range(BARS + 1)]


def short_flac(frames: int = 24_000, sample_rate_hz: int = 48_000) -> bytes:
    """Half a second of a tone: the cheapest upload there is."""
    tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(frames) / sample_rate_hz)
    return as_file(np.stack([tone, tone], axis=1), sample_rate_hz)


def as_file(
    samples: NDArray[np.float64] | NDArray[np.int16],
    sample_rate_hz: int,
    *,
    format: str = "FLAC",
    subtype: str = "PCM_24",
) -> bytes:
    """samples: (frames, channels)."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sample_rate_hz, format=format, subtype=subtype)
    return buffer.getvalue()


def noise_flac(seed: int, size_bytes: int) -> bytes:
    """What hardly packs: about size_bytes of FLAC."""
    frames = size_bytes // 6
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, 2))
    return as_file(samples, 48_000)
