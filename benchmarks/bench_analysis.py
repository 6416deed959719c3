"""Tempo and key: how often right, at what cost; other analysers beside it if importable.

Run by `python -m benchmarks.run analysis`. Material: benchmarks/material.py. essentia, librosa, aubio and mixxx-analyzer
are copyleft or heavy and never a dependency: the table has those that somebody installed, with their versions, each
called as its documentation shows.
"""

import importlib.metadata
import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from itertools import chain, pairwise

import numpy as np

from audio.analyse.analysis import analyse
from audio.encode.wave import wav_f32_header
from audio.intake import Samples
from benchmarks.cpu_time import median_cpu_ms
from benchmarks.material import (
    Clip,
    at_fractions,
    debian_loops,
    drums_at_fractions,
    fixtures,
    synthesised,
)
from tests.support.music import piece

Row = tuple[str, float | str, str, str]
"""What was measured, the figure, the limit it should keep, what stood beside it."""
SAME_TEMPO = 0.04
CONFIDENCE_STEPS = (0.2, 0.4, 0.6, 0.8, 0.9, 1.01)
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)


Answer = tuple[float | None, str | None]
"""bpm and key."""
Analyser = Callable[[Samples, int], Answer]
"""Samples and rate in."""


def _ours(samples: Samples, sample_rate_hz: int) -> Answer:
    found = analyse(samples, sample_rate_hz, transport_bpm=None, transport_meter=None, bars=None)
    return found.tempo.bpm, None if found.key.key is None else str(found.key.key)


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else float("nan")


def is_near(bpm: float | None, truth: float, factors: Sequence[float] = (1.0,)) -> bool:
    """Within 4 %, or at one of the factors; nothing is near nothing."""
    return bpm is not None and any(abs(bpm * factor / truth - 1) < SAME_TEMPO for factor in factors)


def _accuracy(label: str, clips: list[Clip], found: list[Answer], who: str) -> list[Row]:
    timed = [(clip.bpm, bpm) for clip, (bpm, _) in zip(clips, found, strict=True) if clip.bpm is not None]
    keyed = [(clip.key, key) for clip, (_, key) in zip(clips, found, strict=True) if clip.key is not None]
    answered = [(truth, key) for truth, key in keyed if key is not None]
    return [
        (f"{label}: tempo within 4 %", _share([is_near(b, t) for t, b in timed]), "≥ 0.90", who),
        (f"{label}: tempo, octave-blind", _share([is_near(b, t, OCTAVES) for t, b in timed]), "≥ 0.99", who),
        (f"{label}: key exact, of those answered", _share([t == k for t, k in answered]), "≥ 0.75", who),
        (
            f"{label}: key answered",
            len(answered) / max(1, len(keyed)),
            "≥ 0.70",
            f"{len(clips)} clips, {who}",
        ),
    ]


def _calibration() -> list[Row]:
    """Of the answers that are so sure, how many are right: all sets, withheld answers by their best guess left out."""
    clips = [*synthesised(), *debian_loops(), *chain(*fixtures().values())]
    tempos: list[tuple[float, bool]] = []
    keys: list[tuple[float, bool]] = []
    for clip in clips:
        found = analyse(
            clip.samples, clip.sample_rate_hz, transport_bpm=None, transport_meter=None, bars=None
        )
        if clip.bpm is not None and found.tempo.bpm is not None:
            tempos.append((found.tempo.confidence, is_near(found.tempo.bpm, clip.bpm)))
        if clip.key is not None and found.key.key is not None:
            keys.append((found.key.confidence, str(found.key.key) == clip.key))
    rows: list[Row] = []
    for what, judged in (("tempo", tempos), ("key", keys)):
        for low, high in pairwise(CONFIDENCE_STEPS):
            inside = [(sure, right) for sure, right in judged if low <= sure < high]
            mean = sum(sure for sure, _ in inside) / max(1, len(inside))
            label = f"{what} told with confidence {low:.1f} to {min(high, 1.0):.1f}: right"
            rows.append(
                (label, _share([right for _, right in inside]), f"≈ {mean:.2f}", f"{len(inside)} clips")
            )
    return rows


def _fractions() -> list[Row]:
    """The second and third set are looked at for figures only, never to choose anything by."""
    rows: list[Row] = []
    for name, fraction in (("N", 0.0), ("N½", 1 / 2), ("N¼", 1 / 4), ("N⅓", 1 / 3)):
        sets = {
            "pieces": at_fractions(fraction),
            "pieces of other seeds": at_fractions(fraction, first_seed=9000),
            "drum loops": drums_at_fractions(fraction),
        }
        for label, clips in sets.items():
            right = [is_near(_ours(clip.samples, clip.sample_rate_hz)[0], clip.bpm or 0.0) for clip in clips]
            what = f"{label} at {name} bpm, 60 to 180: tempo within 4 %"
            rows.append((what, _share(right), "≥ 0.96", f"{len(clips)} clips"))
    return rows


def _cost() -> list[Row]:
    samples = np.tile(piece(7, bpm=120.0).samples, (2, 1))
    return [
        (
            "16 s: all of analyse(), CPU ms",
            median_cpu_ms(lambda: _ours(samples, 44_100)),
            "≤ 150",
            "tempo, key, onsets, …",
        ),
    ]


def _opponents() -> dict[str, Analyser]:
    """Those that are importable here, called as their documentation shows."""
    known = {"librosa": _librosa, "essentia": _essentia, "aubio": _aubio, "mixxx_analyzer": _mixxx}
    packages = importlib.metadata.packages_distributions()
    return {
        f"{name} {importlib.metadata.version(packages[name][0])}": run
        for name, run in known.items()
        if importlib.util.find_spec(name)
    }


def _librosa(samples: Samples, sample_rate_hz: int) -> Answer:
    librosa = importlib.import_module("librosa")
    tempo, _ = librosa.beat.beat_track(y=samples.mean(axis=1), sr=sample_rate_hz)
    return float(np.ravel(tempo)[0]) or None, None


def _essentia(samples: Samples, sample_rate_hz: int) -> Answer:
    standard = importlib.import_module("essentia.standard")
    mono = samples.mean(axis=1)
    bpm = standard.RhythmExtractor2013(method="degara")(mono)[0]
    tonic, mode, _ = standard.KeyExtractor(profileType="bgate", sampleRate=sample_rate_hz)(mono)
    return bpm or None, _with_sharps(f"{tonic} {mode}")


def _aubio(samples: Samples, sample_rate_hz: int) -> Answer:
    aubio = importlib.import_module("aubio")
    tracker = aubio.tempo("default", 1024, 512, sample_rate_hz)
    mono = samples.mean(axis=1)
    for start in range(0, len(mono) - 511, 512):
        tracker(mono[start : start + 512])
    return float(tracker.get_bpm()) or None, None


def _mixxx(samples: Samples, sample_rate_hz: int) -> Answer:
    analyze = importlib.import_module("mixxx_analyzer").analyze
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(wav_f32_header(len(samples), samples.shape[1], sample_rate_hz) + samples.tobytes())
        file.flush()
        found = analyze(file.name)
    return found.bpm or None, _with_sharps(found.key) if found.key else None


def _with_sharps(key: str) -> str:
    tonic, mode = key.split()
    sharps = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
    return f"{sharps.get(tonic, tonic)} {mode.lower()}"


def rows() -> list[Row]:
    """Four lines for each analyser and set, and for all sets together. About 30 s; each folder and each opponent adds its time."""
    sets = {"synthesised": synthesised(), **fixtures()}
    found: list[Row] = []
    for name, run in {"ours": _ours, **_opponents()}.items():
        answers = {
            label: [run(clip.samples, clip.sample_rate_hz) for clip in clips] for label, clips in sets.items()
        }
        for label, clips in sets.items():
            found += _accuracy(label, clips, answers[label], name)
        found += _accuracy("all", list(chain(*sets.values())), list(chain(*answers.values())), name)
    return found + _fractions() + _calibration() + _cost()
