"""A score played by formula: drums and tones whose sound is drawn for each loop. Quick, and like no sound font."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.score import DRUMS, Score

RATE_HZ = 44_100
Signal = NDArray[np.float64]
_KICKS = (35, 36)
_DRUMS_LIKE_SNARES = (37, 38, 39, 40)
_PITCHED_PERCUSSION = (41, 43, 45, 47, 48, 60, 61, 62, 63, 64, 76, 77, 75)


def played(score: Score, seed: int) -> NDArray[np.float32]:
    """float32 (frames, 1), peak 0.7: exactly score.beats long, what rings on laid under the beginning."""
    rng = np.random.default_rng((seed, 7))
    beat_frames = 60 / score.bpm * RATE_HZ
    frames = round(score.beats * beat_frames)
    mix = np.zeros(2 * frames + 4 * RATE_HZ)
    tones = {channel: _tone(rng) for channel in score.programs if channel != DRUMS}
    struck: dict[int, Signal] = {}
    for beat, length, channel, pitch, velocity in _played_notes(score):
        if channel == DRUMS:
            if pitch not in struck:
                struck[pitch] = _drum(rng, pitch)
            sound = struck[pitch]
        else:
            sound = tones[channel](pitch, length * 60 / score.bpm)
        first = round(beat * beat_frames)
        part = mix[first : first + len(sound)]
        part += (velocity / 100) ** 1.5 * sound[: len(part)]
    loop = mix[:frames] + mix[frames : 2 * frames]
    scaled: NDArray[np.float32] = (0.7 * loop / max(1e-9, float(np.abs(loop).max()))).astype(np.float32)
    return scaled[:, None]


def _played_notes(score: Score) -> list[tuple[float, float, int, int, int]]:
    """(beat, length, channel, pitch, velocity)."""
    pairs = zip(score.events[::2], score.events[1::2], strict=True)  # Score.note writes both
    return [(beat, end - beat, on[0] & 15, on[1], on[2]) for (beat, on), (end, _) in pairs]


def _drum(rng: np.random.Generator, pitch: int) -> Signal:
    noise = rng.standard_normal(3 * RATE_HZ)
    if pitch in _KICKS:
        seconds, hz, drop = rng.uniform(0.06, 0.3), rng.uniform(40, 80), rng.uniform(1, 5)
        time_s = _time(4 * seconds)
        body = np.sin(2 * np.pi * (hz * time_s + drop * (1 - np.exp(-35 * time_s))))
        click = rng.uniform(0, 0.3) * noise[: len(time_s)] * np.exp(-time_s / 0.004)
        return 0.9 * body * np.exp(-time_s / seconds) + click
    if pitch in _DRUMS_LIKE_SNARES:
        seconds = rng.uniform(0.03, 0.18)
        time_s = _time(5 * seconds)
        body = np.sin(2 * np.pi * rng.uniform(150, 260) * time_s) * np.exp(-time_s / rng.uniform(0.03, 0.12))
        rattle = _tilted(noise[: len(time_s)], rng.uniform(0, 0.8)) * np.exp(-time_s / seconds)
        return rng.uniform(0, 0.6) * body + 0.55 * rattle
    if pitch in _PITCHED_PERCUSSION:
        seconds = rng.uniform(0.03, 0.2)
        time_s = _time(5 * seconds)
        return 0.6 * np.sin(2 * np.pi * rng.uniform(90, 900) * time_s) * np.exp(-time_s / seconds)
    seconds = rng.uniform(0.15, 0.5) if pitch in (46, 51, 59) else rng.uniform(0.01, 0.06)
    time_s = _time(5 * seconds)
    return (
        rng.uniform(0.1, 0.4)
        * _tilted(noise[: len(time_s)], -rng.uniform(0.6, 0.98))
        * np.exp(-time_s / seconds)
    )


def _tone(rng: np.random.Generator) -> Callable[[int, float], Signal]:
    """A voice: pitch (MIDI) and seconds in, sound out."""
    brightness, decay_s, rise_s = (
        rng.uniform(0.1, 0.9),
        rng.choice((0.2, 0.5, 1.5, 20.0)),
        rng.choice((0.002, 0.005, 0.02, 0.12)),
    )
    odd, vibrato, level = rng.random() < 0.4, rng.choice((0.0, 0.0, 0.3)), rng.uniform(0.15, 0.4)

    def tone(pitch: int, seconds: float) -> Signal:
        time_s = _time(seconds + 0.05)
        hz = 440 * 2 ** ((pitch - 69) / 12)
        phase = 2 * np.pi * hz * time_s + vibrato * np.sin(2 * np.pi * 5.5 * time_s)
        partials = [k for k in range(1, 9) if hz * k < 10_000 and (k == 1 or not odd or k % 2)]
        sound = sum((brightness ** (k - 1) * np.sin(k * phase) for k in partials), np.zeros(len(time_s)))
        shape = np.minimum(1, time_s / rise_s) * np.clip((seconds + 0.05 - time_s) / 0.05, 0, 1)
        faded: Signal = level * sound * shape * np.exp(-time_s / decay_s)
        return faded

    return tone


def _time(seconds: float) -> Signal:
    return np.arange(max(2, round(seconds * RATE_HZ))) / RATE_HZ


def _tilted(noise: Signal, pole: float) -> Signal:
    """Darker for a pole above 0, brighter below."""
    filtered = noise.copy()
    filtered[1:] += pole * noise[:-1]
    filtered[2:] += pole**2 * noise[:-2]
    scaled: Signal = filtered / np.sqrt(1 + pole**2 + pole**4)
    return scaled
