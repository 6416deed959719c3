"""Separation: how well, at what cost; librosa's beside it if importable, on the same mixes.

Run by `python -m benchmarks.run separate`; with the folder that has the models in SIDECHAIN_MODELS also by the engines that need one, and without it that
is told. Mixes are made of fixtures, so that each part is known: drums with what has none; for what takes voices out, none of them has one, so that all
that it says is a voice is wrong. SDR (signal to distortion ratio) is of the whole part, no filter fitted; "mixture" is what one has without separating.
"""

import importlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from audio.intake import Samples
from audio.read.reader import read_audio
from audio.separate.engines import ENGINES
from benchmarks.cpu_time import median_cpu_ms
from benchmarks.model_files import engines_here, lacking_rows

Row = tuple[str, float | str, str, str]
MIXES = (
    ("own003_drums", "own002_nodrums"),
    ("own008_drums", "own007_nodrums"),
    ("loop_compus", "bach_bwv78_01"),
)
RATE_HZ = 44_100
Parts = tuple[Samples, Samples]
"""What hits, and all else."""
Way = Callable[[Samples], Parts]
_HITS = {"hpss": "percussive", "htdemucs": "drums"}
"""What hits, by engines that know it."""
VOICES = "vocals"


def rows() -> list[Row]:
    """Higher is better; none is asked for: a figure of method, not of taste."""
    folder = Path(os.environ["SIDECHAIN_AUDIO_FIXTURES"])
    here = engines_here(ENGINES)
    ways: list[tuple[str, Way]] = [
        (name, partial(_by_engine, name, here[name])) for name in _HITS if name in here
    ]
    if importlib.util.find_spec("librosa"):
        ways.insert(1, (f"librosa {importlib.metadata.version('librosa')}", _librosa))
    found = list[Row]()
    for names in MIXES:
        drums, rest = _levelled(*(_clip(folder / f"{name}.flac") for name in names))
        mix = drums + rest
        found.append((f"{names[0]} in {names[1]}: drums, SDR", _sdr_db(drums, mix), "", "mixture"))
        for who, way in ways:
            hits, holds = way(mix)
            found.append((f"{names[0]} in {names[1]}: drums, SDR", _sdr_db(drums, hits), "", who))
            found.append((f"{names[0]} in {names[1]}: rest, SDR", _sdr_db(rest, holds), "", who))
        found += [
            (f"{names[0]} in {names[1]}: kept of what has no voice, SDR", _sdr_db(mix, kept), "", name)
            for name in here
            if (kept := _without_voices(name, here[name], mix)) is not None
        ]
    seconds = len(mix) / RATE_HZ
    works: list[tuple[str, Callable[[Samples], object]]] = [*ways, *_voice_ways(here)]
    for who, work in works:
        found.append(
            ("CPU ms for a second of stereo", median_cpu_ms(partial(work, mix), 3) / seconds, "", who)
        )
    return found + lacking_rows(ENGINES)


def _by_engine(name: str, model: Sequence[bytes], mix: Samples) -> Parts:
    """By one that knows what hits."""
    parts = dict(ENGINES[name].separate(mix, RATE_HZ, lambda _: None, model))
    hits = parts.pop(_HITS[name])
    return hits, np.sum(list(parts.values()), axis=0, dtype=np.float32)


def _without_voices(name: str, model: Sequence[bytes], mix: Samples) -> Samples | None:
    """All but what an engine takes for voices; None: it knows none."""
    if VOICES not in ENGINES[name].parts:
        return None
    return mix - ENGINES[name].separate(mix, RATE_HZ, lambda _: None, model)[VOICES]


def _voice_ways(here: Mapping[str, Sequence[bytes]]) -> list[tuple[str, Callable[[Samples], object]]]:
    """Of those that know voices and not what hits."""
    names = [name for name in here if name not in _HITS]
    return [(name, partial(_without_voices, name, here[name])) for name in names]


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
