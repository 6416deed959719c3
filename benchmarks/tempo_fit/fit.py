"""Fits audio.analyse.tempo_weights_grooves and prints it: `python -m benchmarks.tempo_fit.fit FILE`.

FILE: of benchmarks.tempo_fit.corpus. Softmax regression over the candidates of each stretch: a straight sum of the readings and
twelve tanh units, squared penalty, noise on the readings; once for each seed, for their mean is more often right than any.
Each tenth loop is kept aside, and what is right of those is told.
"""

import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from audio.analyse.onsets import FRAME_RATE_HZ
from audio.analyse.tempo_readings import candidates, curves_of, readings
from benchmarks.tempo_fit.corpus import Stretch, stretches_in

UNITS = 12
PENALTY = 0.0005
NOISE = 0.2  # standard deviations of each reading
ROUNDS = 220
SEEDS = (1, 2, 3)
SHARE = 0.75  # of these fits; the rest is the earlier one's, see benchmarks/README.md
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


def fitted(examples: list[Example], seed: int) -> Weights:
    """seed: of the noise and of where the search begins. [any]"""
    rng = np.random.default_rng(seed)
    read = np.vstack([each.read for each in examples])
    right = np.concatenate([each.right for each in examples])
    counts = [len(each.read) for each in examples]
    starts, belongs = np.cumsum([0, *counts])[:-1], np.repeat(np.arange(len(examples)), counts)
    scale = read.std(axis=0) + 1e-6
    read = (read / scale + NOISE * rng.standard_normal(read.shape)).astype(np.float32)
    columns = read.shape[1]

    def parts(x: Numbers) -> Weights:
        inner = x[columns : columns + UNITS * columns].reshape(UNITS, columns)
        return Weights(x[:columns], inner, x[-2 * UNITS : -UNITS], x[-UNITS:])

    def loss(x: Numbers) -> tuple[float, Numbers]:
        """Minus the mean log share of the right candidates, and its slope."""
        now = parts(x.astype(np.float32))
        units = np.tanh(read @ now.hidden.T + now.biases)
        scores = read @ now.straight + units @ now.hidden_weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[belongs])
        every = np.add.reduceat(odds, starts)
        those = np.add.reduceat(odds * right, starts) + 1e-30
        by_score = ((odds / every[belongs] - odds * right / those[belongs]) / len(examples)).astype(
            np.float32
        )
        by_unit = np.outer(by_score, now.hidden_weights) * (1 - units**2)
        slope = np.concatenate(
            [read.T @ by_score, (by_unit.T @ read).ravel(), by_unit.sum(axis=0), units.T @ by_score]
        )
        return float(-np.log(those / every).mean(dtype=float) + PENALTY * x @ x), slope + 2 * PENALTY * x

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


def share_right(fits: list[Weights], examples: list[Example]) -> float:
    """Of the mean of the fits. [any]"""
    scores = [np.sum([fit.scores(each.read) for fit in fits], axis=0) for each in examples]
    return float(
        np.mean([each.right[np.argmax(found)] for each, found in zip(examples, scores, strict=True)])
    )


def show(fits: list[Weights]) -> None:
    """As audio.analyse.tempo_weights_grooves has them."""
    print("GROOVES = (")
    for fit in fits:
        print(f"    Fit(\n        share={SHARE / len(fits)},\n        straight=(")
        print(_shown(fit.straight, 12))
        print("        ),\n        hidden=(")
        for row in np.column_stack([fit.biases, fit.hidden]):
            print(f"            (\n{_shown(row, 16)}\n            ),")
        print(f"        ),\n        hidden_weights=(\n{_shown(fit.hidden_weights, 12)}\n        ),\n    ),")
    print(")")


def main() -> None:
    stretches = sorted(stretches_in(Path(sys.argv[1])), key=lambda each: each.group)
    examples = [found for each in stretches if (found := example(each)) is not None]
    fits = [fitted([each for each in examples if each.group % 10], seed) for seed in SEEDS]
    aside = [each for each in examples if each.group % 10 == 0]
    print(f"# {len(examples)} stretches; of {len(aside)} kept aside {share_right(fits, aside):.3f} are right")
    show(fits)


def _shown(numbers: Numbers, indent: int) -> str:
    text = ", ".join(f"{number:.3g}" for number in numbers) + ","
    return textwrap.fill(text, 130, initial_indent=" " * indent, subsequent_indent=" " * indent)


if __name__ == "__main__":
    main()
