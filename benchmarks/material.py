"""The clips that benchmarks of sound share: some by formula, and what the folders in SIDECHAIN_AUDIO_FIXTURES hold.

Folders are separated by the system's path separator. Each has audio files and a manifest.json, a list of {file, bpm, key},
unknown null or absent; `python -m benchmarks.render_material FOLDER` makes such folders. Not test data.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from audio.intake import Samples
from audio.read.reader import read_audio
from tests.support.music import drum_loop, piece

SEEDS = range(100, 124)
DEBIAN_LOOPS = Path("/usr/share/sonic-pi/samples")
LOOPS_BPM = {  # of loop_NAME.flac in the Debian package sonic-pi-samples: the loop is so many whole bars long
    "electric": 97.0,
    "mehackit1": 97.0,
    "mehackit2": 97.0,
    "perc1": 97.0,
    "perc2": 97.0,
    "weirdo": 97.0,
    "drone_g_97": 97.0,
    "garzul": 120.0,
    "mika": 120.0,
    "amen_full": 140.0,
    "compus": 148.0,
    "breakbeat": 126.0,
    "safari": 119.92,
    "3d_printer": 120.62,
    "amen": 136.88,
}


@dataclass(frozen=True)
class Clip:
    """bpm, key: the truth, None when there is none. key as str(audio.analyse.key.Key)."""

    name: str
    samples: Samples
    sample_rate_hz: int
    bpm: float | None
    key: str | None


def synthesised() -> list[Clip]:
    made = [(seed, piece(seed, notes=seed % 4 != 0, drums=seed % 4 != 1)) for seed in SEEDS]
    return [Clip(f"piece {s}", p.samples, p.sample_rate_hz, p.bpm, p.key) for s, p in made]


def at_fractions(fraction: float, *, first_seed: int = 2000) -> list[Clip]:
    """Pieces by formula at 60 to 180 bpm and such a fraction of one: two, four and eight bars of them."""
    clips = []
    for number, whole in enumerate(range(60, 180, 2)):
        bpm = whole + fraction
        made = piece(
            first_seed + whole,
            bpm=bpm,
            bars=(2, 4, 8)[number % 3],
            notes=number % 4 != 0,
            drums=number % 4 != 1,
        )
        clips.append(Clip(f"{bpm:.2f} bpm", made.samples, made.sample_rate_hz, bpm, made.key))
    return clips


def drums_at_fractions(fraction: float) -> list[Clip]:
    """Drum loops of other kits and patterns at the same tempi, two bars and four: looked at for figures only."""
    clips = []
    for number, whole in enumerate(range(60, 180, 2)):
        bpm = whole + fraction
        samples = drum_loop(7000 + number, 3 * number, bpm=bpm, bars=(2, 4)[number % 2])
        clips.append(Clip(f"drums {bpm:.2f} bpm", samples, 44_100, bpm, None))
    return clips


def debian_loops() -> list[Clip]:
    """CC0 loops cut to whole bars; none where the package is not installed."""
    found = [(name, DEBIAN_LOOPS / f"loop_{name}.flac", bpm) for name, bpm in LOOPS_BPM.items()]
    reads = [(name, read_audio(path.read_bytes()), bpm) for name, path, bpm in found if path.exists()]
    return [Clip(name, read.samples, read.sample_rate_hz, bpm, None) for name, read, bpm in reads]


def fixtures() -> dict[str, list[Clip]]:
    """The clips of each folder, by the folder's name."""
    named = os.environ.get("SIDECHAIN_AUDIO_FIXTURES", "")
    return {Path(folder).name: _folder(Path(folder)) for folder in named.split(os.pathsep) if folder}


def _folder(folder: Path) -> list[Clip]:
    clips = []
    for entry in json.loads((folder / "manifest.json").read_text()):
        if "bpm" not in entry and "key" not in entry:
            continue
        read = read_audio((folder / entry["file"]).read_bytes())
        key = entry.get("key")
        known = key if key and key.split()[-1] in ("major", "minor") else None
        clips.append(Clip(entry["file"], read.samples, read.sample_rate_hz, entry.get("bpm"), known))
    return clips
