"""The loop that the demo plays: eight bars, made from oscillators and noise, the same bytes every time.

Written for the demo so that the repository needs no sample of anybody's. Drums, bass and chords in A minor over a
i–VI–III–VII turn; the second half is fuller than the first, so that levelling has dynamics to keep.
"""

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float64]

STEPS_PER_BAR = 16
CHORDS = ((57, 60, 64), (53, 57, 60), (48, 55, 64), (55, 59, 62))  # Am F C G as MIDI notes
BASS_STEPS = (0, 3, 6, 8, 11, 14)


def _hz(midi: float) -> float:
    return float(440.0 * 2.0 ** ((midi - 69) / 12))


def _decay(frames: int, rate_hz: int, seconds: float) -> Mono:
    return np.asarray(np.exp(-np.arange(frames) / (seconds * rate_hz)))


def _kick(rate_hz: int) -> Mono:
    t = np.arange(int(0.25 * rate_hz)) / rate_hz
    return np.asarray(np.sin(2 * np.pi * (48 * t + 14 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.09))


def _noise_hit(rng: np.random.Generator, rate_hz: int, seconds: float, tone_hz: float = 0.0) -> Mono:
    frames = int(4 * seconds * rate_hz)
    hiss = np.diff(rng.standard_normal(frames + 1)) * 0.35  # a first difference: bright
    tone = np.sin(2 * np.pi * tone_hz * np.arange(frames) / rate_hz) if tone_hz else np.zeros(frames)
    return (hiss + 0.6 * tone) * _decay(frames, rate_hz, seconds)


def _saw(midi: float, frames: int, rate_hz: int, partials: int = 12) -> Mono:
    t = np.arange(frames) / rate_hz
    hz = _hz(midi)
    top = min(partials, int(0.45 * rate_hz / hz))
    return sum((np.sin(2 * np.pi * hz * k * t) / k for k in range(1, top + 1)), np.zeros(frames)) * 0.6


def groove(bpm: float, bars: int, rate_hz: int) -> NDArray[np.float32]:
    """`bars` bars of 4/4 at `bpm`: float32 (frames, 2), frames = round(bars · 240 / bpm · rate_hz), peak 0.5."""
    frames = round(bars * 240 / bpm * rate_hz)
    step = 240 / bpm * rate_hz / STEPS_PER_BAR
    left, right = np.zeros(frames), np.zeros(frames)
    rng = np.random.default_rng(20260101)

    def put(sound: Mono, at: float, gain: float, pan: float = 0.0) -> None:
        start = round(at)
        part = sound[: max(0, frames - start)]
        left[start : start + len(part)] += part * gain * (1 - max(0.0, pan))
        right[start : start + len(part)] += part * gain * (1 + min(0.0, pan))

    kick, snare = _kick(rate_hz), _noise_hit(rng, rate_hz, 0.06, 190.0)
    hat, open_hat = _noise_hit(rng, rate_hz, 0.012), _noise_hit(rng, rate_hz, 0.05)
    for bar in range(bars):
        full = bar >= bars // 2
        chord = CHORDS[bar % len(CHORDS)]
        for s in range(STEPS_PER_BAR):
            at = (bar * STEPS_PER_BAR + s) * step
            if s % 4 == 0:
                put(kick, at, 1.0)
            if s in (4, 12) and full:
                put(snare, at, 0.55)
            if s % 2 == 0 or full:
                put(open_hat if s % 4 == 2 else hat, at, 0.22 if full else 0.15, pan=0.3)
            if s in BASS_STEPS:
                tone = _saw(chord[0] - 24, int(2 * step), rate_hz)
                put(tone * _decay(len(tone), rate_hz, 0.16), at, 0.5)
        for i, note in enumerate(chord):
            pad = _saw(note, int(STEPS_PER_BAR * step), rate_hz, 6)
            put(
                pad * np.minimum(1.0, np.arange(len(pad)) / (0.02 * rate_hz)),
                bar * STEPS_PER_BAR * step,
                0.12 if full else 0.08,
                pan=(-0.5, 0.0, 0.5)[i],
            )
    mix = np.tanh(1.8 * np.stack([left, right], axis=1))  # a mix bus that is pushed a little, as they are
    return np.asarray(mix * (0.5 / np.max(np.abs(mix))), dtype=np.float32)
