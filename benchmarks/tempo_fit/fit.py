"""Fits the newer of the two halves of audio.analyse.tempo_weights and prints it: `python -m benchmarks.tempo_fit.fit FILE`.

FILE: of benchmarks.tempo_fit.corpus. Softmax regression over the candidates of each stretch: a straight sum of the readings and
eight tanh units, squared penalty, noise on the readings. Each tenth loop is kept aside, and what is right of those is told.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from audio.analyse.onsets import FRAME_RATE_HZ
from audio.analyse.tempo_readings import candidates, curves_of, readings
from benchmarks.tempo_fit.corpus import Stretch, stretches_in

UNITS = 8
PENALTY = 0.002
NOISE = 0.2  # standard deviations of each reading
ROUNDS = 220
SEED = 1
SAME_TEMPO = 0.04

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """read: one row for each candidate; right: which are the tempo."""

    group: int
    read: Numbers
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """As audio.analyse.tempo_weights has them. hidden: (units, readings), its biases apart."""

    straight: Numbers
    hidden: Numbers
    biases: Numbers
    hidden_weights: Numbers

    def scores(self, read: Numbers) -> Numbers:
        found: Numbers = (
            read @ self.straight + np.tanh(read @ self.hidden.T + self.biases) @ self.hidden_weights
        )
        return found


def example(stretch: Stretch) -> Example | None:
    """None when the tempo is not among the candidates: nothing can be learnt from it. [any]"""
    curves = curves_of(
        stretch.envelope, stretch.harmony, stretch.harmony_rate_hz, stretch.seconds, length_is_exact=True
    )
    periods = candidates(curves)
    if not len(periods):
        return None
    right = np.abs(60 * FRAME_RATE_HZ / periods / stretch.bpm - 1) < SAME_TEMPO
    return Example(stretch.group, readings(curves, periods), right) if right.any() else None


def fitted(examples: list[Example]) -> Weights:
    """[any]"""
    rng = np.random.default_rng(SEED)
    read = np.vstack([each.read for each in examples])
    right = np.concatenate([each.right for each in examples])
    counts = [len(each.read) for each in examples]
    starts, belongs = np.cumsum([0, *counts])[:-1], np.repeat(np.arange(len(examples)), counts)
    scale = read.std(axis=0) + 1e-6
    read = read / scale + NOISE * rng.standard_normal(read.shape)
    columns = read.shape[1]

    def parts(x: Numbers) -> Weights:
        inner = x[columns : columns + UNITS * columns].reshape(UNITS, columns)
        return Weights(x[:columns], inner, x[-2 * UNITS : -UNITS], x[-UNITS:])

    def loss(x: Numbers) -> tuple[float, Numbers]:
        """Minus the mean log share of the right candidates, and its slope."""
        now = parts(x)
        units = np.tanh(read @ now.hidden.T + now.biases)
        scores = read @ now.straight + units @ now.hidden_weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[belongs])
        every = np.add.reduceat(odds, starts)
        those = np.add.reduceat(odds * right, starts) + 1e-30
        by_score = (odds / every[belongs] - odds * right / those[belongs]) / len(examples)
        by_unit = np.outer(by_score, now.hidden_weights) * (1 - units**2)
        slope = np.concatenate(
            [read.T @ by_score, (by_unit.T @ read).ravel(), by_unit.sum(axis=0), units.T @ by_score]
        )
        return float(-np.log(those / every).mean() + PENALTY * x @ x), slope + 2 * PENALTY * x

    start = np.concatenate(
        [
            np.zeros(columns),
            0.75 * rng.standard_normal(UNITS * columns) / np.sqrt(columns),
            np.zeros(UNITS),
            0.3 * rng.choice([-1, 1], UNITS),
        ]
    )
    found = parts(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}).x)
    return Weights(found.straight / scale, found.hidden / scale, found.biases, found.hidden_weights)


def share_right(weights: Weights, examples: list[Example]) -> float:
    """[any]"""
    return float(np.mean([each.right[np.argmax(weights.scores(each.read))] for each in examples]))


def main() -> None:
    examples = [found for each in stretches_in(Path(sys.argv[1])) if (found := example(each)) is not None]
    weights = fitted([each for each in examples if each.group % 10])
    aside = [each for each in examples if each.group % 10 == 0]
    print(
        f"# {len(examples)} stretches; of {len(aside)} kept aside {share_right(weights, aside):.3f} are right"
    )
    print("WEIGHTS =", _shown(weights.straight))
    rows = np.column_stack([weights.biases, weights.hidden])
    print("HIDDEN = (\n    " + ",\n    ".join(_shown(row) for row in rows) + ",\n)")
    print("HIDDEN_WEIGHTS =", _shown(weights.hidden_weights))


def _shown(numbers: Numbers) -> str:
    return "(" + ", ".join(f"{number:.3g}" for number in numbers) + ")"


if __name__ == "__main__":
    main()
