"""Test signals by formula: what the measuring standards ask for, and material with a known shape.

All return float32 arrays (frames, channels). Not music: nothing here says anything about how a codec sounds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def amplitude(level_db: float) -> float:
    """Linear amplitude of a level in dB re full scale."""
    return float(10 ** (level_db / 20))


def sine(
    frequency_hz: float,
    level_dbfs: float,
    seconds: float,
    sample_rate_hz: int,
    *,
    channels: int = 2,
    phase_degrees: float = 0.0,
) -> Samples:
    """A sine in all channels alike; its level is that of its peak."""
    frames = round(seconds * sample_rate_hz)
    angle = 2 * np.pi * frequency_hz / sample_rate_hz * np.arange(frames) + np.radians(phase_degrees)
    tone = (amplitude(level_dbfs) * np.sin(angle)).astype(np.float32)
    return np.repeat(tone[:, None], channels, axis=1)


def level_steps(steps: Sequence[tuple[float, float]], sample_rate_hz: int) -> Samples:
    """A stereo 1 kHz sine in steps of (level in dBFS, seconds), as EBU Tech 3341 builds its cases."""
    return np.concatenate([sine(1000, level, seconds, sample_rate_hz) for level, seconds in steps])


def between_samples(
    divisor: int, phase_degrees: float, full_scale_fraction: float, sample_rate_hz: int
) -> Samples:
    """EBU Tech 3341 cases 15 to 19: a sine of rate / divisor whose crest falls between samples, 10 ms fades."""
    tone = sine(
        sample_rate_hz / divisor,
        20 * float(np.log10(full_scale_fraction)),
        0.5,
        sample_rate_hz,
        channels=1,
        phase_degrees=phase_degrees,
    )
    fade = np.linspace(0, 1, sample_rate_hz // 100, dtype=np.float32)[:, None]
    tone[: len(fade)] *= fade
    tone[-len(fade) :] *= fade[::-1]
    return tone


def soft_noise(frames: int, *, channels: int = 2, level_dbfs: float = -20.0, seed: int = 1) -> Samples:
    """Noise without its top octave (an MP3 keeps none of that), so that a decoded copy can be laid over it."""
    noise = np.random.default_rng(seed).standard_normal((frames + 8, channels))
    smoothed = np.lib.stride_tricks.sliding_window_view(noise, 9, axis=0).mean(axis=2)
    levelled: Samples = (smoothed * 3 * amplitude(level_dbfs)).astype(np.float32)
    return levelled


def clicks(frames: int, every_frames: int, *, level_dbfs: float = -3.0, channels: int = 2) -> Samples:
    """Decaying bursts over near silence: a high crest, so the ceiling is met long before the target."""
    position = np.arange(frames) % every_frames
    burst = amplitude(level_dbfs) * np.exp(-position / 200) * np.cos(position * 0.3)
    return np.repeat(burst.astype(np.float32)[:, None], channels, axis=1)


def music_like(seconds: float, sample_rate_hz: int, *, level_dbfs: float = -12.0, seed: int = 3) -> Samples:
    """Chords, bass, a beat and hiss in stereo: busy enough for an encoder to work as hard as on a song."""
    frames = round(seconds * sample_rate_hz)
    time_s = np.arange(frames) / sample_rate_hz
    rng = np.random.default_rng(seed)
    left, right = np.zeros(frames), np.zeros(frames)
    for frequency_hz in (55.0, 110.0, 220.0, 277.18, 329.63, 440.0, 659.26, 1318.5):
        for harmonic in (1, 2, 3, 5):
            pan = rng.random()
            voice = np.sin(2 * np.pi * frequency_hz * harmonic * time_s + 6.28 * rng.random())
            voice *= (0.6 + 0.4 * np.sin(2 * np.pi * rng.random() * time_s)) / harmonic
            left += voice * pan
            right += voice * (1 - pan)
    beat = np.exp(-(time_s % 0.46875) * 30)
    drum = 6 * beat * np.sin(2 * np.pi * 60 * time_s) + 1.5 * beat * rng.standard_normal(frames)
    hiss = 0.05 * rng.standard_normal((frames, 2))
    mix = np.stack([left + drum, right + drum], axis=1) + hiss
    levelled: Samples = (mix * (amplitude(level_dbfs) / np.abs(mix).max() * 4)).clip(-1, 1).astype(np.float32)
    return levelled
