"""Where notes may begin: the subdivision of a tempo, swing, unsteady hands."""

import random
from collections.abc import Sequence

Places = Sequence[float]
"""Where in a bar something plays, in quarters."""


class Feel:
    """How notes are out of time: swing of eighths or sixteenths, unsteady hands."""

    def __init__(self, rng: random.Random, bpm: float) -> None:
        self._rng = rng
        self._late = rng.choice((0.0, 0.0, 0.0, 0.005, 0.01)) * bpm / 60
        self._step = rng.choice((0.5, 0.25))
        swung = rng.random() < (0.25 if self._step == 0.5 else 0.15)
        self._swing = rng.uniform(0.53, 0.67) - 0.5 if swung else 0.0

    def at(self, beat: float) -> float:
        """When what is written at this beat is played, in quarters."""
        steps = beat / self._step
        odd = abs(steps - round(steps)) < 1e-6 and round(steps) % 2 == 1
        moved = beat + (2 * self._step * self._swing if odd else 0.0) + self._rng.gauss(0, self._late)
        return max(0.0, moved)


def usual_step(rng: random.Random, bpm: float) -> float:
    """The subdivision that is filled: the slower the tempo, the finer."""
    fine = min(0.75, max(0.02, (150 - bpm) / 110))
    coarse = min(0.45, max(0.03, (bpm - 110) / 150))
    return rng.choices((0.25, 0.5, 1.0), (fine, 1.0, coarse))[0]


def sprinkled(rng: random.Random, beats: float, step: float, chance: float) -> list[float]:
    """Each step of a bar by chance."""
    count = round(beats / step)
    return [i * step for i in range(count) if rng.random() < chance]
