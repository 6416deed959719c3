"""Tempo, key, fingerprint and likeness: how often right, at what cost; other analysers beside it if importable.

Run by `python -m benchmarks.run analysis`. Material: synthesised pieces, and the folder that SIDECHAIN_AUDIO_FIXTURES
names, when it does: audio files and a manifest.json, a list of {file, bpm, key}, unknown null. Figures measured once
on larger sets and against essentia, librosa, aubio and mixxx are in README.md; those are copyleft or heavy and never
a dependency: only the table below uses them, where somebody installed them.
"""

import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from audio.analysis import Analysis, analyse
from audio.fingerprint import fingerprint, match
from audio.intake import Samples
from audio.likeness import likeness
from audio.mp3 import encode_mp3
from audio.wave import read_audio, wav_f32_header
from tests.support.music import faster, piece, rotated, shifted

Row = tuple[str, float | str, str, str]
"""What was measured, the figure, the limit it should keep, what stood beside it."""
SEEDS = range(100, 124)
SAME_TEMPO = 0.04
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)


@dataclass(frozen=True)
class Clip:
    name: str
    samples: Samples
    sample_rate_hz: int
    bpm: float | None
    key: str | None


Opponent = Callable[[Samples, int], tuple[float | None, str | None]]
"""Samples and rate in, bpm and key out."""


def _synthesised() -> list[Clip]:
    made = [(seed, piece(seed, notes=seed % 4 != 0, drums=seed % 4 != 1)) for seed in SEEDS]
    return [Clip(f"piece {s}", p.samples, p.sample_rate_hz, p.bpm, p.key) for s, p in made]


def _fixtures() -> list[Clip]:
    folder = os.environ.get("SIDECHAIN_AUDIO_FIXTURES")
    if folder is None:
        return []
    clips = []
    for entry in json.loads((Path(folder) / "manifest.json").read_text()):
        if "bpm" not in entry and "key" not in entry:
            continue
        read = read_audio((Path(folder) / entry["file"]).read_bytes())
        key = entry.get("key")
        known = key if key and key.split()[-1] in ("major", "minor") else None
        clips.append(Clip(entry["file"], read.samples, read.sample_rate_hz, entry.get("bpm"), known))
    return clips


def _analyse(clip: Clip) -> Analysis:
    return analyse(clip.samples, clip.sample_rate_hz, transport_bpm=None, transport_meter=None, bars=None)


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else float("nan")


def _is_near(bpm: float | None, truth: float, factors: Sequence[float] = (1.0,)) -> bool:
    return bpm is not None and any(abs(bpm * factor / truth - 1) < SAME_TEMPO for factor in factors)


def _accuracy(
    label: str, clips: list[Clip], found: list[tuple[float | None, str | None]], who: str
) -> list[Row]:
    timed = [(clip.bpm, bpm) for clip, (bpm, _) in zip(clips, found, strict=True) if clip.bpm is not None]
    keyed = [(clip.key, key) for clip, (_, key) in zip(clips, found, strict=True) if clip.key is not None]
    answered = [(truth, key) for truth, key in keyed if key is not None]
    return [
        (f"{label}: tempo within 4 %", _share([_is_near(b, t) for t, b in timed]), "≥ 0.90", who),
        (f"{label}: tempo, octave-blind", _share([_is_near(b, t, OCTAVES) for t, b in timed]), "≥ 0.99", who),
        (f"{label}: key exact, of those answered", _share([t == k for t, k in answered]), "≥ 0.75", who),
        (
            f"{label}: key answered",
            len(answered) / max(1, len(keyed)),
            "≥ 0.70",
            f"{len(clips)} clips, {who}",
        ),
    ]


def _changed(clip: Clip) -> dict[str, Samples]:
    samples, rate_hz = clip.samples, clip.sample_rate_hz
    quiet = samples * np.float32(0.5)
    coded = encode_mp3(quiet, rate_hz, title=None, bpm=None, key=None).data
    return {
        "MP3 128k, 6 dB down": read_audio(coded).samples,
        "0.7 s later": shifted(samples, min(len(samples) // 2, round(0.7 * rate_hz))),
        "second half": samples[len(samples) // 2 :],
        "loop rotated": rotated(samples, len(samples) // 3),
        "3 % faster": faster(samples, 1.03),
        "3 % slower": faster(samples, 0.97),
    }


def _identity(label: str, clips: list[Clip]) -> list[Row]:
    known = [fingerprint(clip.samples, clip.sample_rate_hz) for clip in clips]
    hits: dict[str, list[bool]] = {}
    for clip, own in zip(clips, known, strict=True):
        for change, samples in _changed(clip).items():
            hits.setdefault(change, []).append(match(fingerprint(samples, clip.sample_rate_hz), own).same)
    unrelated = [match(one, other) for one, other in combinations(known, 2)]
    alarms = sum(each.same for each in unrelated)
    rows: list[Row] = [
        (f"{label}: found again, {change}", _share(right), "≥ 0.95", f"{len(right)} clips")
        for change, right in hits.items()
    ]
    return [
        *rows,
        (
            f"{label}: unrelated pairs called the same",
            alarms / len(unrelated),
            "≤ 0.01",
            f"{alarms} of {len(unrelated)}",
        ),
    ]


def _nearest_half(label: str, clips: list[Clip]) -> Row:
    """Whether the second half of a clip is among the five nearest to its first."""
    halves = []
    for clip in clips:
        middle = len(clip.samples) // 2
        parts = (clip.samples[:middle], clip.samples[middle:])
        halves.append([_analyse(Clip("", part, clip.sample_rate_hz, None, None)).embedding for part in parts])
    ranks = [sum(likeness(one, other) > likeness(one, own) for _, other in halves) for one, own in halves]
    return (
        f"{label}: other half among the 5 likest",
        _share([r < 5 for r in ranks]),
        "",
        f"{len(clips)} clips",
    )


def _milliseconds(run: Callable[[], object], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return 1000 * sorted(times)[rounds // 2]


def _cost() -> list[Row]:
    samples = np.tile(piece(7, bpm=120.0).samples, (2, 1))
    clip = Clip("16 s", samples, 44_100, None, None)
    print_of = fingerprint(samples, 44_100)
    return [
        (
            "16 s: all of analyse(), CPU ms",
            _milliseconds(lambda: _analyse(clip)),
            "≤ 150",
            "tempo, key, onsets, …",
        ),
        ("16 s: fingerprint alone, CPU ms", _milliseconds(lambda: fingerprint(samples, 44_100)), "", ""),
        ("16 s: match of two, CPU ms", _milliseconds(lambda: match(print_of, print_of)), "", ""),
        ("fingerprint, bytes per second", print_of.nbytes / 16, "≤ 44", ""),
    ]


def _opponents() -> dict[str, Opponent]:
    """Those that are importable here, called as their documentation shows."""
    known = {"librosa": _librosa, "essentia": _essentia, "aubio": _aubio, "mixxx_analyzer": _mixxx}
    return {name: run for name, run in known.items() if importlib.util.find_spec(name)}


def _librosa(samples: Samples, sample_rate_hz: int) -> tuple[float | None, str | None]:
    librosa = importlib.import_module("librosa")
    tempo, _ = librosa.beat.beat_track(y=samples.mean(axis=1), sr=sample_rate_hz)
    return float(np.ravel(tempo)[0]) or None, None


def _essentia(samples: Samples, sample_rate_hz: int) -> tuple[float | None, str | None]:
    standard = importlib.import_module("essentia.standard")
    mono = samples.mean(axis=1)
    bpm = standard.RhythmExtractor2013(method="degara")(mono)[0]
    tonic, mode, _ = standard.KeyExtractor(profileType="bgate", sampleRate=sample_rate_hz)(mono)
    return bpm or None, _with_sharps(f"{tonic} {mode}")


def _aubio(samples: Samples, sample_rate_hz: int) -> tuple[float | None, str | None]:
    aubio = importlib.import_module("aubio")
    tracker = aubio.tempo("default", 1024, 512, sample_rate_hz)
    mono = samples.mean(axis=1)
    for start in range(0, len(mono) - 511, 512):
        tracker(mono[start : start + 512])
    return float(tracker.get_bpm()) or None, None


def _mixxx(samples: Samples, sample_rate_hz: int) -> tuple[float | None, str | None]:
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
    """One line per figure. About 20 s; with fixtures 40 s."""
    found: list[Row] = []
    for label, clips in (("synthesised", _synthesised()), ("fixtures", _fixtures())):
        if not clips:
            continue
        analyses = [_analyse(clip) for clip in clips]
        ours = [(a.tempo.bpm, None if a.key.key is None else str(a.key.key)) for a in analyses]
        found += _accuracy(label, clips, ours, "ours")
        for name, opponent in _opponents().items():
            theirs = [opponent(clip.samples, clip.sample_rate_hz) for clip in clips]
            found += _accuracy(label, clips, theirs, name)
        found += _identity(label, clips)
        found.append(_nearest_half(label, clips))
    return found + _cost()
