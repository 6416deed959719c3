"""Loops composed at random, in what rhythms have in common: a bar, a backbeat or none, a subdivision, chords that change on bars.

Not taken from any set that figures are told of (benchmarks.render_styles, render_material, tests.support.music): places and
sounds are drawn anew for each loop. Tempi are drawn beside the pattern: that somebody counts a backbeat at 66 or 172 is said by
the pattern, not by how usual the tempo is.
"""

import random

from benchmarks.score import DRUMS, TONICS, Score
from benchmarks.tempo_fit.drums import KITS, write_drums
from benchmarks.tempo_fit.feel import Feel, Places
from benchmarks.tempo_fit.notes import ARPEGGIO, BASS, CHORD, LEAD, write_notes

MIN_BPM, MAX_BPM = 57, 196
_PADS = (16, 19, 48, 50, 51, 52, 88, 89, 90, 91, 94, 95)
_KEYS = (0, 1, 2, 4, 5, 6, 7, 11, 24, 25, 26, 27, 45, 62, 80, 81)
_BASSES = (32, 33, 34, 35, 36, 37, 38, 39, 43)
_LEADS = (9, 11, 12, 13, 21, 40, 56, 65, 71, 73, 75, 79, 80, 81, 82, 85, 98, 104)


def composed(seed: int) -> tuple[Score, float]:
    """What to play, and the quarters in a bar of it; the same for the same seed."""
    rng = random.Random(f"groove {seed}")
    beats = rng.choices((4.0, 3.0), (0.92, 0.08))[0]
    bpm = _bpm(rng)
    mode, tonic = rng.choice(("major", "minor")), rng.randrange(12)
    score = Score(
        name=f"groove{seed:05}",
        bpm=bpm,
        key=f"{TONICS[tonic]} {mode}",
        beats=beats * rng.choices((2, 4, 8), (0.25, 0.4, 0.35))[0],
        programs={
            CHORD: rng.choice(_PADS + _KEYS),
            BASS: rng.choice(_BASSES),
            LEAD: rng.choice(_LEADS),
            ARPEGGIO: rng.choice(_KEYS + _LEADS),
            DRUMS: rng.choice(KITS),
        },
    )
    parts = rng.choices(("all", "drums", "notes", "bass and drums"), (0.4, 0.26, 0.26, 0.08))[0]
    feel = Feel(rng, bpm)
    kicks: Places = ()
    if parts != "notes":
        kicks = write_drums(score, rng, beats, bpm, feel)
    if parts != "drums":
        write_notes(score, rng, beats, feel, kicks, (tonic, mode), parts)
    return score, beats


def _bpm(rng: random.Random) -> float:
    """Half drawn evenly, half around what is most played; whole numbers, fractions, and what a tape machine makes of them."""
    if rng.random() < 0.55:
        bpm = rng.uniform(MIN_BPM, MAX_BPM)
    else:
        bpm = MIN_BPM
        while not MIN_BPM < bpm < MAX_BPM:
            bpm = rng.gauss(118, 28)
    kind = rng.random()
    if kind < 0.5:
        return float(round(bpm))
    if kind < 0.85:
        return int(bpm) + rng.choice((1 / 2, 1 / 4, 3 / 4, 1 / 3, 2 / 3))
    return round(bpm, 2)
