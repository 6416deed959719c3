"""Composes loops, renders them, cuts stretches of them and keeps what the tempo is found from:
`python -m benchmarks.tempo_fit.corpus FILE [COUNT]`.

Every third loop is played by fluidsynth (benchmarks.score), the others by formula. Of each the whole is read, one or two bars, or
four; and a stretch that begins and ends anywhere. FILE is one pickle after another, a list of Stretch each.
"""

import contextlib
import os
import pickle
import random
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import soundfile

from audio.analyse.key_notes import FRAME_RATE_HZ as NOTE_RATE_HZ
from audio.analyse.key_notes import HOP_FRAMES as NOTE_HOP_FRAMES
from audio.analyse.key_notes import WINDOW_FRAMES as NOTE_WINDOW_FRAMES
from audio.analyse.key_notes import harmonic_change, note_frames
from audio.analyse.onsets import HOP_FRAMES, WINDOW_FRAMES, OnsetEnvelope, onset_envelope, onset_times_s
from audio.analyse.spectrum import analysis_mono, magnitudes
from audio.analyse.tempo import MIN_ONSETS, MIN_SECONDS
from audio.analyse.tempo_readings import Series
from audio.intake import Samples
from benchmarks.score import render
from benchmarks.tempo_fit.grooves import composed
from benchmarks.tempo_fit.voices import RATE_HZ, played

COUNT = 2_640
MAX_SECONDS = 24.0


@dataclass(frozen=True)
class Stretch:
    """What tempo_of_audio is given, and the truth. group: one loop's stretches; is_whole: cut on bars."""

    group: int
    bpm: float
    envelope: OnsetEnvelope
    harmony: Series
    harmony_rate_hz: float
    seconds: float
    is_whole: bool


def read(samples: Samples, sample_rate_hz: int, bpm: float, group: int, *, is_whole: bool) -> Stretch | None:
    """None for what has too few onsets to have a tempo. [any]"""
    mono = analysis_mono(samples, sample_rate_hz)
    envelope = onset_envelope(magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES))
    notes = note_frames(magnitudes(mono, NOTE_WINDOW_FRAMES, NOTE_HOP_FRAMES))
    seconds = len(samples) / sample_rate_hz
    if seconds < MIN_SECONDS or len(onset_times_s(envelope)) < MIN_ONSETS:
        return None
    harmony = harmonic_change(notes.strength)
    return Stretch(group, bpm, envelope, harmony, NOTE_RATE_HZ, seconds, is_whole)


def _stretches(seed: int) -> list[Stretch]:
    (score, beats), rng = composed(seed), random.Random(seed)
    if seed % 3:
        samples, rate_hz = played(score, seed), RATE_HZ
    else:
        with tempfile.TemporaryDirectory() as folder:
            name = render(score, Path(folder))
            samples, rate_hz = soundfile.read(Path(folder) / name, dtype="float32", always_2d=True)
    beat_frames = 60 / score.bpm * rate_hz
    cuts = [(0.0, min(float(len(samples)), _whole_bars(MAX_SECONDS * rate_hz, beats * beat_frames)), True)]
    shorter = [bars for bars in (1, 2, 4) if bars * beats < score.beats]
    if shorter:
        bars = rng.choice(shorter)
        first = beats * beat_frames * rng.randrange(round(score.beats / beats) - bars + 1)
        cuts.append((first, first + bars * beats * beat_frames, True))
    length = len(samples) * rng.uniform(0.5, 0.9)
    first = rng.uniform(0, len(samples) - length)
    cuts.append((first, first + min(length, MAX_SECONDS * rate_hz), False))
    found = [
        read(samples[round(start) : round(end)], rate_hz, score.bpm, seed, is_whole=whole)
        for start, end, whole in cuts
    ]
    return [each for each in found if each is not None]


def _whole_bars(most_frames: float, bar_frames: float) -> float:
    bars = 1
    while 2 * bars * bar_frames <= most_frames:
        bars *= 2
    return bars * bar_frames


def stretches_in(file: Path) -> list[Stretch]:
    found: list[Stretch] = []
    with file.open("rb") as data, contextlib.suppress(EOFError):
        while True:
            found += pickle.load(data)
    return found


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else COUNT
    with Path(sys.argv[1]).open("wb") as target, Pool(os.cpu_count()) as pool:
        for number, each in enumerate(pool.imap_unordered(_stretches, range(count), chunksize=10), 1):
            pickle.dump(each, target)
            if number % 100 == 0:
                target.flush()
                print(f"{number} of {count}", flush=True)


if __name__ == "__main__":
    main()
