"""Separation: how well, at what cost; librosa's beside it if importable, on the same mixes.

Run by `python -m benchmarks.run separate`. Mixes are made of fixtures, so that each part is known: drums with what has none. SDR (signal to distortion
ratio) is of the whole part, no filter fitted; "mixture" is what one has without separating.
"""

import importlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from audio.intake import Samples
from audio.read.reader import read_audio
from audio.separate.hpss import separate
from benchmarks.cpu_time import median_cpu_ms

Row = tuple[str, float | str, str, str]
MIXES = (
    ("own003_drums", "own002_nodrums"),
    ("own008_drums", "own007_nodrums"),
    ("loop_compus", "bach_bwv78_01"),
)
RATE_HZ = 44_100
Parts = tuple[Samples, Samples]
"""What hits, and all else."""


def rows() -> list[Row]:
    """Higher is better; none is asked for: a figure of method, not of taste."""
    folder = Path(os.environ["SIDECHAIN_AUDIO_FIXTURES"])
    ways: list[tuple[str, Callable[[Samples], Parts]]] = [("hpss", _ours)]
    if importlib.util.find_spec("librosa"):
        ways.append((f"librosa {importlib.metadata.version('librosa')}", _librosa))
    found = list[Row]()
    for names in MIXES:
        drums, rest = _levelled(*(_clip(folder / f"{name}.flac") for name in names))
        mix = drums + rest
        found.append((f"{names[0]} in {names[1]}: drums, SDR", _sdr_db(drums, mix), "", "mixture"))
        for who, way in ways:
            hits, holds = way(mix)
            found.append((f"{names[0]} in {names[1]}: drums, SDR", _sdr_db(drums, hits), "", who))
            found.append((f"{names[0]} in {names[1]}: rest, SDR", _sdr_db(rest, holds), "", who))
    seconds = len(mix) / RATE_HZ
    for who, way in ways:
        found.append(
            ("CPU ms for a second of stereo", median_cpu_ms(partial(way, mix), 3) / seconds, "", who)
        )
    return found


def _ours(mix: Samples) -> Parts:
    parts = separate(mix, RATE_HZ)
    return parts.percussive, parts.harmonic + parts.bass


def _librosa(mix: Samples) -> Parts:
    librosa = importlib.import_module("librosa")
    held, hits = librosa.effects.hpss(mix.T, kernel_size=17, n_fft=4_096, hop_length=1_024)
    return hits.T, held.T


def _clip(path: Path) -> Samples:
    clip = read_audio(path.read_bytes())
    return clip.samples if clip.samples.shape[1] == 2 else np.repeat(clip.samples, 2, axis=1)


def _levelled(*clips: Samples) -> list[Samples]:
    """As long as the shortest, equally strong."""
    frames = min(map(len, clips))
    return [clip[:frames] * np.float32(0.1 / np.sqrt(np.mean(np.square(clip[:frames])))) for clip in clips]


def _sdr_db(source: Samples, found: Samples) -> float:
    left = np.square(source - found, dtype=np.float64).sum()
    return float(10 * np.log10(np.square(source, dtype=np.float64).sum() / left))
