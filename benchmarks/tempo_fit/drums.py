"""Drums of a composed loop: kick and snare by kinds of beat, hats by subdivision, something beside them."""

import random

from benchmarks.score import DRUMS, Score
from benchmarks.tempo_fit.feel import Feel, Places, sprinkled, usual_step

KITS = (0, 8, 16, 24, 25, 26, 32, 40, 48)
_KICKS, _SNARES, _HATS = (35, 36), (37, 38, 39, 40), (42, 42, 44, 46)
_TICKS = (51, 53, 54, 56, 59, 69, 70, 75, 82)
_PERCUSSION = (41, 43, 45, 47, 48, 60, 61, 62, 63, 64, 76, 77)
_CLAVES = (
    [0.0, 1.5, 3.0],
    [0.0, 1.5, 2.5],
    [0.0, 1.5, 2.0, 3.5],
    [0.0, 0.75, 1.5, 2.5, 3.0],
    [1.0, 1.5, 2.5, 3.5],
)


def write_drums(score: Score, rng: random.Random, beats: float, bpm: float, feel: Feel) -> Places:
    """Writes drums; where the kick plays."""
    step = usual_step(rng, bpm)
    kicks, snares = _kicks_and_snares(rng, beats, bpm, step)
    hats = _hats(rng, beats, step)
    lines: list[tuple[int, list[float], int]] = [
        (rng.choice(_KICKS), kicks, 108),
        (rng.choice(_SNARES), snares, 100),
        (rng.choice(_HATS + _TICKS), hats, rng.choice((60, 75, 90))),
    ]
    if rng.random() < 0.25:
        lines.append((rng.choice(_PERCUSSION + _TICKS), sprinkled(rng, beats, step, 0.3), 75))
    if rng.random() < 0.12:
        del lines[rng.randrange(2)]  # no kick, or no snare
    accent = rng.choice((0, 0, 12, 24))
    fills = rng.random() < 0.3
    bars = round(score.beats / beats)
    for bar in range(bars):
        for drum, places, level in lines:
            extra = sprinkled(rng, beats, step, 0.06) if fills and level > 95 else []
            for place in (*places, *extra):
                softer = accent if place % 1 else 0
                velocity = min(127, max(20, level - softer + rng.randint(-8, 8)))
                score.note(DRUMS, feel.at(bar * beats + place), 0.2, drum, velocity)
    return kicks


def _kind(rng: random.Random, bpm: float) -> str:
    kinds = {
        "backbeat": 0.52,
        "four": 0.2,
        "half time": 0.1 if 115 < bpm < 165 else 0.02,  # faster, a backbeat is written at half the tempo
        "double time": 0.04 if bpm < 125 else 0.0,
        "latin": 0.1,
        "sparse": 0.05,
        "any": 0.05,
    }
    return rng.choices(list(kinds), list(kinds.values()))[0]


def _kicks_and_snares(
    rng: random.Random, beats: float, bpm: float, step: float
) -> tuple[list[float], list[float]]:
    if beats == 3:
        kicks = [0.0, *(p for p in sprinkled(rng, 3, max(step, 0.5), 0.12) if p)]
        return kicks, rng.choice(([1.0, 2.0], [2.0], [1.0, 2.0], [1.5]))
    kind = _kind(rng, bpm)
    fine = min(step, 0.5)
    if kind == "four":
        snares = rng.choice(([1.0, 3.0], [1.0, 3.0], [1.0, 3.0], [3.0], []))
        return [0.0, 1.0, 2.0, 3.0, *(p for p in sprinkled(rng, 4, fine, 0.05) if p % 1)], snares
    if kind == "backbeat":
        chance = rng.choice((0.0, 0.1, 0.2, 0.3))
        more = [p for p in sprinkled(rng, 4, fine, chance) if p not in (0.0, 1.0, 3.0)]
        base = rng.choice(([0.0], [0.0, 2.0], [0.0, 2.0], [0.0, 2.5], [0.0, 1.5], [0.0, 2.0, 2.5]))
        ghosts = [p for p in sprinkled(rng, 4, fine, 0.08) if p % 1] if rng.random() < 0.3 else []
        return sorted({*base, *more}), [1.0, 3.0, *ghosts]
    if kind == "half time":
        more = [p for p in sprinkled(rng, 4, 0.5, 0.2) if p not in (0.0, 2.0)]
        return [0.0, *more], [2.0]
    if kind == "double time":
        return [0.0, 1.0, 2.0, 3.0], [0.5, 1.5, 2.5, 3.5]
    if kind == "latin":
        clave = rng.choice(_CLAVES)
        return rng.choice(([0.0, 2.0], [0.0, 1.0, 2.0, 3.0], [0.0, 1.5, 2.0, 3.5])), clave
    if kind == "sparse":
        return [0.0], rng.choice(([], [2.0], [3.0], [1.0, 3.0]))
    return [0.0, *(p for p in sprinkled(rng, 4, fine, 0.3) if p)], sprinkled(rng, 4, fine, 0.2)


def _hats(rng: random.Random, beats: float, step: float) -> list[float]:
    kind = rng.random()
    if kind < 0.12:
        return []
    if kind < 0.3:
        return [i + 0.5 for i in range(int(beats))]
    places = [i * step for i in range(round(beats / step))]
    if kind < 0.5:
        places = [p for p in places if rng.random() < 0.8]
    return places
