"""Renders loops in styles that nothing here was fitted on: `python -m benchmarks.render_styles FOLDER [COUNT]`.

Kept aside: looked at for figures only, never to choose a weight or a threshold by. Twenty styles, 60 to 200 bpm: swing, 3/4 and
6/8, sparse, ambient, half-time and broken drums, chords and arpeggios without drums; other progressions, drum kits and voices
than benchmarks.render_material, notes out of time and tune as players are. Three of four are cut on the bar line. Makes
FOLDER/*.flac and FOLDER/manifest.json, for SIDECHAIN_AUDIO_FIXTURES; some four minutes for 240. bpm counts quarter notes, in 6/8
too, as hosts do.
"""

import json
import random
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.score import TONICS, Score, render

COUNT = 240
KICK, SNARE, RIM, CLAP, HAT, OPEN_HAT, RIDE, TOM, SHAKER, COWBELL = 36, 38, 37, 39, 42, 46, 51, 45, 70, 56
KITS = (0, 8, 16, 24, 25, 32, 40)  # standard, room, power, electronic, TR-808, jazz, brush
PROGRESSIONS = {  # degrees of the scale, the tonic 0
    "major": (
        (0, 4, 5, 3),
        (0, 5, 1, 4),
        (0, 3, 0, 4),
        (3, 0, 4, 0),
        (0, 2, 3, 4),
        (0, 1, 3, 0),
        (5, 3, 0, 4),
    ),
    "minor": (
        (0, 5, 2, 6),
        (0, 3, 4, 0),
        (0, 6, 5, 6),
        (0, 2, 6, 3),
        (0, 3, 5, 4),
        (5, 6, 0, 0),
        (0, 0, 3, 4),
    ),
}
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}


@dataclass(frozen=True)
class Style:
    """bpm: from, to. drums: per drum the steps of a bar, x where it plays; beats: quarters in a bar.

    swing: where the second of two steps begins, 0.5 is straight. chords: when chords begin in a bar, in quarters; bass: likewise.
    lead: chance of a note in each eighth. arpeggio: notes per quarter, 0 none. bars_per_chord: how long one lasts.
    """

    bpm: tuple[int, int]
    drums: dict[int, str]
    beats: float = 4
    swing: tuple[float, float] = (0.5, 0.5)
    chords: tuple[float, ...] = (0.0,)
    bass: tuple[float, ...] = (0.0, 2.0)
    lead: float = 0.3
    arpeggio: int = 0
    bars_per_chord: int = 1
    voices: tuple[int, ...] = (0, 4, 16, 24, 48, 80)


STYLES = {
    "shuffle": Style(
        (72, 144),
        {KICK: "x...x...", SNARE: "..x...x.", RIDE: "x.xxx.xx"},
        swing=(0.62, 0.67),
        bass=(0, 1, 2, 3),
    ),
    "boom bap": Style(
        (78, 98),
        {KICK: "x......x..x.....", SNARE: "....x.......x...", HAT: "x.x.x.x.x.x.x.x."},
        swing=(0.54, 0.6),
    ),
    "half time": Style(
        (128, 164),
        {KICK: "x.....x.....x...", SNARE: "........x.......", HAT: "x...x...x...x..."},
        chords=(0.0, 2.5),
    ),
    "slow half": Style(
        (60, 84), {KICK: "x.......", SNARE: "....x...", OPEN_HAT: "x.x.x.x."}, chords=(0.0,), lead=0.15
    ),
    "two step": Style(
        (126, 138),
        {KICK: "x.........x.....", SNARE: "....x.......x...", HAT: "..x..x.x..x...xx"},
        swing=(0.53, 0.6),
        chords=(0.75, 2.5),
    ),
    "jungle": Style(
        (156, 176),
        {KICK: "x.x.......x.....", SNARE: "....x..x.x..x..x", HAT: "x.x.x.x.x.x.x.x."},
        chords=(0.0,),
        bass=(0, 1.5, 3),
    ),
    "footwork": Style(
        (152, 164),
        {KICK: "x..x..x.x..x..x.", CLAP: "........x.......", HAT: "..x...x...x...x."},
        bass=(0, 0.75, 1.5),
    ),
    "rolling": Style(
        (124, 146),
        {KICK: "x...x...x...x...", OPEN_HAT: "..x...x...x...x.", SHAKER: "xxxxxxxxxxxxxxxx"},
        bass=(0.5, 1.5, 2.5, 3.5),
    ),
    "two beat": Style(
        (160, 200),
        {KICK: "x...x...", SNARE: "..x...x.", RIDE: "x.x.x.x."},
        chords=(0, 1, 2, 3),
        bass=(0, 1, 2, 3),
    ),
    "waltz": Style(
        (84, 176), {KICK: "x.....", RIM: "..x.x.", HAT: "x.x.x."}, 3, chords=(1.0, 2.0), bass=(0,)
    ),
    "waltz without drums": Style((80, 160), {}, 3, chords=(1.0, 2.0), bass=(0,), lead=0.4),
    "six eight": Style(
        (90, 180), {KICK: "x.....", SNARE: "...x..", HAT: "xxxxxx"}, 3, chords=(0.0, 1.5), bass=(0, 1.5)
    ),
    "ambient": Style(
        (60, 100), {}, chords=(0.0,), bass=(0.0,), lead=0.2, bars_per_chord=2, voices=(48, 52, 89, 91, 94)
    ),
    "sparse": Style(
        (60, 120),
        {KICK: "x...............", RIM: "........x.......", SHAKER: "....x.......x..."},
        chords=(0.0,),
        bass=(0,),
        lead=0.12,
    ),
    "piano": Style((60, 150), {}, chords=(0, 1, 2, 3), bass=(0.0, 2.0), lead=0.3, voices=(0, 1, 2, 6)),
    "chords on two": Style((60, 130), {}, chords=(0.0, 2.0), bass=(0,), lead=0.35),
    "arpeggio": Style((84, 160), {}, bass=(0,), lead=0.0, arpeggio=4, chords=()),
    "bossa": Style(
        (112, 156),
        {KICK: "x..xx..x", RIM: "x..x..x...x..x..", SHAKER: "x.x.x.x.x.x.x.x."},
        chords=(0.0, 1.5, 3.0),
        bass=(0, 1.5, 2, 3.5),
    ),
    "ska": Style(
        (120, 172),
        {KICK: "....x.......x...", SNARE: "....x.......x...", HAT: "x.x.x.x.x.x.x.x."},
        chords=(0.5, 1.5, 2.5, 3.5),
        bass=(0, 1, 2, 3),
    ),
    "tribal": Style(
        (90, 132), {TOM: "x..x..x.x..x..x.", COWBELL: "x.x..x.x.x..x.x.", KICK: "x.......x......."}, bass=()
    ),
}


def score_of(seed: int) -> Score:
    """What to play; the same for the same seed."""
    rng = random.Random(f"aside {seed}")
    name = list(STYLES)[seed % len(STYLES)]
    style = STYLES[name]
    bpm, mode, tonic = rng.randint(*style.bpm), rng.choice(("major", "minor")), rng.randrange(12)
    bars = rng.choice((2, 4, 4, 8, 8))
    kind = rng.choices(("all", "drums", "notes"), (0.7, 0.15, 0.15))[0] if style.drums else "notes"
    score = Score(
        name=f"{seed:03}_{name.replace(' ', '_')}_{kind}",
        bpm=float(bpm),
        key=None if kind == "drums" else f"{TONICS[tonic]} {mode}",
        beats=bars * style.beats,
        programs={
            0: rng.choice(style.voices),
            1: rng.choice((32, 33, 35, 38)),
            2: rng.choice((11, 26, 56, 73, 80)),
            9: rng.choice(KITS),
        },
        cents=rng.choice((0, 0, rng.randint(-30, 30))),
        whole=rng.random() < 0.75,
    )
    late = rng.choice((0.0, 0.0, 0.006, 0.012)) * bpm / 60  # standard deviation, quarters
    for bar in range(bars):
        if kind != "notes":
            _drums(score, rng, style, bar, late)
        if kind != "drums":
            _notes(score, rng, style, bar, late, mode, tonic, PROGRESSIONS[mode][seed // len(STYLES) % 7])
    return score


def _drums(score: Score, rng: random.Random, style: Style, bar: int, late: float) -> None:
    swing = sum(style.swing) / 2
    for drum, pattern in style.drums.items():
        step_beats = style.beats / len(pattern)
        level = 100 if drum in (KICK, SNARE, CLAP, TOM) else 70
        for step, mark in enumerate(pattern):
            if mark == "x" and rng.random() < 0.96:
                moved = (swing - 0.5) * 2 * step_beats if step % 2 else 0.0
                at = bar * style.beats + step * step_beats + moved
                score.note(9, max(0.0, at + rng.gauss(0, late)), 0.15, drum, level + rng.randint(-14, 14))


def _notes(
    score: Score,
    rng: random.Random,
    style: Style,
    bar: int,
    late: float,
    mode: str,
    tonic: int,
    progression: tuple[int, ...],
) -> None:
    scale, first = SCALES[mode], bar * style.beats
    degree = progression[bar // style.bars_per_chord % len(progression)]
    chord = [(tonic + scale[(degree + third) % 7]) % 12 for third in (0, 2, 4)]
    starts = [*style.chords, style.beats * (style.bars_per_chord if style.chords == (0.0,) else 1)]
    for start, end in pairwise(starts):
        if start == 0 and bar % style.bars_per_chord:
            continue
        for pitch in chord:
            at = max(0.0, first + start + rng.gauss(0, late))
            score.note(0, at, 0.9 * (end - start), 55 + (pitch - 55) % 12, 72 + rng.randint(-8, 8))
    for start in style.bass:
        score.note(1, max(0.0, first + start + rng.gauss(0, late)), 0.8, 36 + chord[0], 90)
    for step in range(int(style.beats * style.arpeggio)):
        pitch = 55 + (chord[step % 3] - 55) % 12 + 12 * (step % 6 >= 3)
        score.note(0, first + step / style.arpeggio, 0.9 / style.arpeggio, pitch, 78)
    for eighth in range(int(2 * style.beats)):
        if rng.random() < style.lead:
            pitch = rng.choice(chord) if eighth % 2 == 0 else (tonic + rng.choice(scale)) % 12
            at = max(0.0, first + eighth / 2 + rng.gauss(0, late))
            score.note(2, at, rng.choice((0.5, 1.0)), 67 + (pitch - 67) % 12, 78)


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else COUNT
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for seed in range(count):
        score = score_of(seed)
        entries.append(
            {"file": render(score, folder), "bpm": score.bpm * 2 ** (score.cents / 1200), "key": score.key}
        )
    (folder / "manifest.json").write_text(json.dumps(entries, indent=1))
    print(f"{folder}: {len(entries)} clips")


if __name__ == "__main__":
    main()
