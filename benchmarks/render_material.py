"""Renders clips of known tempo and key from what Debian ships, for the benchmarks: `python -m benchmarks.render_material FOLDER`.

Makes FOLDER/loops (sonic-pi-samples: CC0 loops cut to whole bars), FOLDER/songs (demo songs of lmms-common and
hydrogen-data, tempo in the file) and FOLDER/midi (chords, bass, melody and drums written here, played by fluidsynth with
fluid-soundfont-gm), each with a manifest.json. Then: SIDECHAIN_AUDIO_FIXTURES=FOLDER/loops:FOLDER/songs:FOLDER/midi. What is not
installed is left out and said. The songs are under many licences: for measuring only. Takes some ten minutes.
"""

import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.material import DEBIAN_LOOPS, LOOPS_BPM
from benchmarks.score import TONICS, Score, can_render, render

SHARE = Path("/usr/share")
RENDER_S = 25  # a song that takes longer is cut there
SONG_S, SKIP_S = 20, 4
MIDI_LOOPS = 96
Entry = dict[str, str | float | None]
STYLES = {  # beats per minute; drums in sixteenths of a bar: kick, snare, hat
    "four": ((116, 138), "x...x...x...x...", "....x.......x...", "..x...x...x...x."),
    "rock": ((92, 144), "x.......x.x.....", "....x.......x...", "x.x.x.x.x.x.x.x."),
    "slow": ((68, 92), "x.........x.....", "....x.......x...", "x.x.x.x.x.x.x.x."),
    "broken": ((120, 174), "x.x.......x.....", "....x..x....x...", "x.x.x.x.x.x.x.x."),
    "half": ((130, 150), "x.....x...x.....", "........x.......", "x.xxx.x.x.x.xxx."),
    "none": ((66, 112), "", "", ""),
}


def _loops() -> Iterator[tuple[str, Path, float]]:
    for name, bpm in LOOPS_BPM.items():
        path = DEBIAN_LOOPS / f"loop_{name}.flac"
        if path.exists():
            yield name, path, bpm


def _songs(folder: Path) -> Iterator[tuple[str, Path, float]]:
    """Rendered as far as RENDER_S allows, one after the other."""
    for song in sorted((SHARE / "hydrogen/data/demo_songs").glob("*.h2song")):
        bpm = re.search(r"<bpm>([\d.]+)", song.read_text(errors="replace"))
        wav = folder / f"{song.stem}.wav"
        if bpm and _ran(["h2cli", "-d", "fake", "-s", str(song), "-o", str(wav)]):
            yield song.stem, wav, float(bpm[1])
    for song in sorted((SHARE / "lmms/projects").rglob("*.mmp*")):
        data = song.read_bytes()
        text = (zlib.decompress(data[4:]) if song.suffix == ".mmpz" else data).decode(errors="replace")
        bpm = re.search(r'<head[^>]*?\bbpm="(\d+)"', text)
        wav = folder / f"{song.stem}.wav"
        command = ["lmms", "--allowroot", "-r", str(song), "-f", "wav", "-o", str(wav)]
        if bpm and _ran(command):
            yield song.stem, wav, float(bpm[1])


def _ran(command: list[str]) -> bool:
    """Whether the program is there; a rendering cut off by RENDER_S is taken as far as it got."""
    if shutil.which(command[0]) is None:
        return False
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, env=environment, capture_output=True, timeout=RENDER_S, check=False)
    return True


def _cut(path: Path, out: Path, *, whole: bool) -> bool:
    """Written as FLAC: whole, or some seconds after the beginning. False for what is silent or too short."""
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return False
    if not whole:
        sounding = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-3)
        if not len(sounding) or len(samples) < 2 * SKIP_S * rate_hz:
            return False
        first = sounding[0] + (SKIP_S * rate_hz if len(samples) > 30 * rate_hz else 0)
        samples = samples[first : first + SONG_S * rate_hz]
    soundfile.write(out, samples, rate_hz)
    return True


def _midi(seed: int) -> Score:
    """Eight bars."""
    rng = random.Random(seed)
    style = list(STYLES)[seed % len(STYLES)]
    (low, high), *patterns = STYLES[style]
    bpm, tonic, minor = rng.randint(low, high), rng.randrange(12), rng.random() < 0.5
    scale = (0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11)
    degrees = [0, *rng.sample([3, 4, 5], 2), rng.choice([0, 4])]
    voices = ([0, 4, 24, 48, 81, 88], [32, 33, 38, 39], [11, 40, 73, 80])
    programs = {channel: rng.choice(choice) for channel, choice in enumerate(voices)}
    key = f"{TONICS[tonic]} {'minor' if minor else 'major'}"
    score = Score(name=f"loop_{seed:03}", bpm=bpm, key=key, beats=32, programs=programs)

    def note(channel: int, beat: float, length: float, pitch: int, velocity: int) -> None:
        score.note(channel, beat, 0.95 * length, pitch, velocity)

    chops = rng.choice([1, 2, 4, 8])
    for bar in range(8):
        chord = [tonic + scale[(degrees[bar % 4] + third) % 7] for third in (0, 2, 4)]
        for chop in range(chops):
            for pitch in chord:
                note(0, 4 * bar + 4 * chop / chops, 4 / chops, 60 + pitch % 12, 74)
            note(1, 4 * bar + 4 * chop / chops, 4 / chops, 36 + chord[0] % 12, 92)
        for eighth in range(8):
            if rng.random() < 0.45:
                pitch = rng.choice(chord) if eighth % 2 == 0 else tonic + rng.choice(scale)
                note(2, 4 * bar + eighth / 2, 0.5, 72 + pitch % 12, 80)
        for drum, pattern in zip((36, 38, 42), patterns, strict=True):
            for step, mark in enumerate(pattern):
                if mark == "x" and rng.random() < 0.97:
                    note(9, 4 * bar + step / 4, 0.2, drum, rng.randint(80, 118))
    return score


def _midi_loops(folder: Path) -> list[Entry]:
    """Cut to exactly eight bars, what rings on laid under the beginning."""
    scores = [_midi(seed) for seed in range(MIDI_LOOPS)] if can_render() else []
    return [{"file": render(score, folder), "bpm": score.bpm, "key": score.key} for score in scores]


def main() -> None:
    root = Path(sys.argv[1])
    for kind in ("loops", "songs", "midi"):
        folder = root / kind
        folder.mkdir(parents=True, exist_ok=True)
        if kind == "midi":
            entries = _midi_loops(folder)
        else:
            entries = []
            for name, path, bpm in _loops() if kind == "loops" else _songs(folder):
                file = re.sub(r"\W+", "_", name) + ".flac"
                if _cut(path, folder / file, whole=kind == "loops"):
                    entries.append({"file": file, "bpm": bpm, "key": None})
                if path.parent == folder:
                    path.unlink(missing_ok=True)
        (folder / "manifest.json").write_text(json.dumps(entries, indent=1))
        print(f"{folder}: {len(entries)} clips" + ("" if entries else "; the Debian packages are missing"))


if __name__ == "__main__":
    main()
