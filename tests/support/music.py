"""Short pieces made by formula whose tempo and key are known: chords, bass, lead and drums with random voices.

Not recorded music: figures reached on it say that the code works, not how well it does on a record.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Signal = NDArray[np.float64]
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
PROGRESSIONS = {
    "major": ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (0, 1, 4, 0)),
    "minor": ((0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 4), (0, 5, 3, 6)),
}


@dataclass(frozen=True)
class Piece:
    """samples: (frames, 2), exactly bars of four beats at bpm. key: as str(audio.analyse.key.Key), None for drums alone."""

    samples: Samples
    sample_rate_hz: int
    bpm: float
    bars: int
    key: str | None


def piece(
    seed: int,
    *,
    bpm: float | None = None,
    bars: int = 4,
    sample_rate_hz: int = 44_100,
    drums: bool = True,
    notes: bool = True,
    cents: float = 0.0,
) -> Piece:
    """A loop; everything not given follows from the seed."""
    rng = np.random.default_rng(seed)
    tempo = bpm if bpm is not None else float(rng.integers(84, 146))
    mode = ("major", "minor")[seed % 2]
    tonic = int(rng.integers(12))
    beat = 60 / tempo * sample_rate_hz
    frames = round(4 * bars * beat)
    mix = np.zeros(frames)
    if notes:
        _play_notes(mix, rng, tonic, mode, beat, bars, sample_rate_hz * 2 ** (-cents / 1200))
    if drums:
        _play_drums(mix, rng, beat, 4 * bars, sample_rate_hz)
    width = 0.02 * rng.standard_normal(2)
    stereo = np.stack([mix * (1 + width[0]), mix * (1 + width[1])], axis=1)
    samples: Samples = (0.7 * stereo / np.abs(stereo).max()).astype(np.float32)
    return Piece(samples, sample_rate_hz, tempo, bars, f"{TONICS[tonic]} {mode}" if notes else None)


def _play_notes(
    mix: Signal, rng: np.random.Generator, tonic: int, mode: str, beat: float, bars: int, rate_hz: float
) -> None:
    scale = SCALES[mode]
    progression = PROGRESSIONS[mode][int(rng.integers(4))]
    brightness, arpeggio = rng.uniform(0.3, 0.7), rng.random() < 0.5
    for bar in range(bars):
        degree = progression[bar % 4]
        chord = [tonic + scale[(degree + third) % 7] for third in (0, 2, 4)]
        start = 4 * bar * beat
        for eighth in (0, 3, 4, 6):
            _note(mix, start + eighth * beat / 2, 0.9 * beat, 36 + chord[0] % 12, 0.5, 0.5, rate_hz)
        for step in range(8):
            if arpeggio or step in (0, 4):
                for pitch in chord[step % 3 :][:1] if arpeggio else chord:
                    length = beat / 2 if arpeggio else 2 * beat
                    _note(mix, start + step * beat / 2, length, 60 + pitch % 12, 0.25, brightness, rate_hz)
        for step in range(4):
            if rng.random() < 0.7:
                pitch = chord[int(rng.integers(3))] if step % 2 == 0 else tonic + scale[int(rng.integers(7))]
                _note(mix, start + step * beat, beat, 72 + pitch % 12, 0.2, brightness, rate_hz)


def _note(
    mix: Signal, start: float, length: float, midi: int, level: float, brightness: float, rate_hz: float
) -> None:
    first = round(start)
    count = min(round(length), len(mix) - first)
    if count <= 0:
        return
    time_s = np.arange(count) / rate_hz
    hz = 440 * 2 ** ((midi - 69) / 12)
    tone = sum(brightness ** (k - 1) * np.sin(2 * np.pi * hz * k * time_s) for k in range(1, 7))
    fade = np.minimum(1, np.minimum(np.arange(count) / 200, (count - np.arange(count)) / 400))
    mix[first : first + count] += level * tone * fade * np.exp(-1.5 * time_s)


def _play_drums(mix: Signal, rng: np.random.Generator, beat: float, beats: int, rate_hz: int) -> None:
    broken = rng.random() < 0.4
    for number in range(beats):
        at = number * beat
        if not broken or number % 4 == 0:
            _hit(mix, rng, at, 0.9, 0.12, rate_hz, hz=55)
        if broken and number % 4 == 2:
            _hit(mix, rng, at + beat / 2, 0.8, 0.12, rate_hz, hz=55)
        if number % 2 == 1:
            _hit(mix, rng, at, 0.5, 0.1, rate_hz)
        _hit(mix, rng, at, 0.15, 0.03, rate_hz)
        _hit(mix, rng, at + beat / 2, 0.2, 0.03, rate_hz)


def drum_loop(
    kit: int, pattern: int, *, bpm: float = 120.0, bars: int = 4, sample_rate_hz: int = 44_100
) -> Samples:
    """A loop of kick, snare and hat, sixteenths: the kit's sounds and the pattern's places, both the same for the same number."""
    voices, places = np.random.default_rng(kit), np.random.default_rng((kit, pattern))
    kick_hz, kick_s, snare_s, hat_s = voices.uniform((42, 0.08, 0.05, 0.015), (75, 0.2, 0.14, 0.05))
    kick, snare, hat = (places.random((3, 16)) < np.array([[0.2], [0.06], [0.4]])).astype(float)
    kick[0] = snare[4] = snare[12] = 1
    hat[:: (1, 2, 2, 4)[pattern % 4]] = 1
    step = 15 / bpm * sample_rate_hz
    mix = np.zeros(round(16 * bars * step))
    for number in range(16 * bars):
        at = number * step
        for struck, level, seconds, hz in (
            (kick, 0.9, kick_s, kick_hz),
            (snare, 0.5, snare_s, None),
            (hat, 0.15, hat_s, None),
        ):
            if struck[number % 16]:
                # A sampled kit: the same noise at every stroke.
                _hit(
                    mix,
                    np.random.default_rng((kit, round(1000 * level))),
                    at,
                    level,
                    seconds,
                    sample_rate_hz,
                    hz=hz,
                )
    return np.repeat((0.7 * mix / np.abs(mix).max()).astype(np.float32)[:, None], 2, axis=1)


def bass_line(
    seed: int,
    *,
    intervals: tuple[int, ...] = (0, 0, 3, 7),
    drive: float = 4.0,
    slides: bool = False,
    bpm: float = 140.0,
    sample_rate_hz: int = 44_100,
) -> tuple[Samples, str]:
    """A distorted bass of a few notes of a minor key, by default its root, third and fifth; and that key.

    intervals: from the root, in semitones. slides: each note begins higher, as a bass drum does.
    """
    root = int(np.random.default_rng(seed).integers(28, 40))
    step = round(2 * 60 / bpm * sample_rate_hz)
    time_s = np.arange(step) / sample_rate_hz
    parts = []
    slide = 0.015 * (1 - np.exp(-40 * time_s)) if slides else 0 * time_s
    for interval in intervals * 2:
        hz = 440 * 2 ** ((root + interval - 69) / 12)
        note = np.sin(2 * np.pi * hz * (time_s + slide)) * np.exp(-time_s / 0.6)
        parts.append(np.tanh(drive * note) * (time_s < 1.8 * 60 / bpm))
    return (0.7 * np.concatenate(parts)).astype(np.float32)[:, None], f"{TONICS[root % 12]} minor"


def two_part_plucks(seed: int, *, bpm: float = 120.0, bars: int = 4, sample_rate_hz: int = 44_100) -> Samples:
    """A melody over a bass, both plucked, in one voice, key and rhythm for all seeds; the notes are the seed's."""
    pitches = np.random.default_rng((seed, 77))
    step = 30 / bpm * sample_rate_hz
    mix = np.zeros(round(8 * bars * step))
    time_s = np.arange(round(0.9 * sample_rate_hz)) / sample_rate_hz
    for number in range(8 * bars):
        for lowest, level, plays in ((69, 0.3, True), (45, 0.5, number % 2 == 0)):
            hz = 440 * 2 ** ((lowest + (0, 3, 5, 7, 10)[int(pitches.integers(5))] - 69) / 12)
            if plays:
                tone = sum(0.6 ** (k - 1) * np.sin(2 * np.pi * hz * k * time_s) for k in range(1, 7))
                first = round(number * step)
                part = mix[first : first + len(time_s)]
                part += (level * tone * np.exp(-time_s / 0.3) * np.minimum(1, time_s / 0.002))[: len(part)]
    return _levelled(mix)


def drums_with_tuned_snare(seed: int, *, ring_level: float = 0.6, octave: float = 0.0) -> Samples:
    """Drums without notes, whose snare rings at a pitch. octave: how strong its first overtone is, against the ring."""
    loop = piece(seed, notes=False)
    mix = loop.samples[:, 0].astype(np.float64)
    hz = np.random.default_rng(seed).uniform(150, 260)
    for beat in range(1, 4 * loop.bars, 2):
        first = int(beat * 60 / loop.bpm * loop.sample_rate_hz)
        time_s = np.arange(min(loop.sample_rate_hz // 4, len(mix) - first)) / loop.sample_rate_hz
        ring = np.sin(2 * np.pi * hz * time_s) + 0.5 * np.sin(2 * np.pi * 1.6 * hz * time_s)
        ring += octave * np.sin(4 * np.pi * hz * time_s)
        mix[first : first + len(time_s)] += ring_level * ring * np.exp(-time_s / 0.09)
    return _levelled(mix)


def _levelled(mix: Signal) -> Samples:
    """One channel whose highest sample is 0.7."""
    samples: Samples = (0.7 * mix / np.abs(mix).max()).astype(np.float32)
    return samples[:, None]


def _hit(
    mix: Signal,
    rng: np.random.Generator,
    at: float,
    level: float,
    seconds: float,
    rate_hz: int,
    hz: float | None = None,
) -> None:
    first = round(at)
    count = min(round(5 * seconds * rate_hz), len(mix) - first)
    if count <= 0:
        return
    time_s = np.arange(count) / rate_hz
    sound = rng.standard_normal(count)
    if hz is not None:
        sound = np.sin(2 * np.pi * (hz * time_s + 3 * (1 - np.exp(-40 * time_s))))
    mix[first : first + count] += level * sound * np.exp(-time_s / seconds)


def shifted(samples: Samples, frames: int) -> Samples:
    """The clip beginning later: its first frames are gone."""
    return np.ascontiguousarray(samples[frames:])


def rotated(samples: Samples, frames: int) -> Samples:
    """The same loop, started elsewhere."""
    return np.roll(samples, frames, axis=0)


def faster(samples: Samples, factor: float) -> Samples:
    """Played at another speed, pitch and tempo alike, as a record or a varispeed tape does; same nominal rate."""
    frames = round(len(samples) / factor)
    position = np.linspace(0, len(samples) - 1, frames)
    channels = [np.interp(position, np.arange(len(samples)), channel) for channel in samples.T]
    return np.stack(channels, axis=1).astype(np.float32)
