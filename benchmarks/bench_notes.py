"""Notes out of sound: how many are found, on pieces whose notes are known.

Run by `python -m benchmarks.run notes`; with the folder that has the models in SIDECHAIN_MODELS also by the engines that need one, and without it that is told.
The pieces are made by formula, eight partials each, and so easier than recorded music. A note is found if its pitch is right and it begins within TOLERANCE_S.
"""

from collections.abc import Callable, Sequence

import numpy as np

from audio.intake import Samples
from audio.notes.engines import ENGINES, Engine
from benchmarks.cpu_time import median_cpu_ms
from benchmarks.model_files import engines_here, lacking_rows

Row = tuple[str, float | str, str, str]
Truth = list[tuple[int, float]]
"""Pitch and beginning, seconds."""
RATE_HZ, NOTES, STEP_S, TOLERANCE_S = 44_100, 16, 0.4, 0.05
SEEDS = range(100, 108)


def rows() -> list[Row]:
    """F-measure for so many notes at once, each engine on the same pieces."""
    here = engines_here(ENGINES)
    found: list[Row] = []
    for voices in (1, 2, 3, 4):
        pieces = [_piece(seed, voices) for seed in SEEDS]
        for name, model in here.items():
            counts = np.sum([_counted(ENGINES[name], clip, truth, model) for clip, truth in pieces], axis=0)
            right, heard, known = (int(each) for each in counts)
            share = 2 * right / (heard + known)
            found.append((f"{voices} at once: F", share, "", f"{name}: {right} of {known}, {heard} told"))
    clip = pieces[0][0]
    for name, model in here.items():
        cpu_ms = median_cpu_ms(_work(ENGINES[name], clip, model), 3)
        found.append(("CPU ms for a second", cpu_ms / (len(clip) / RATE_HZ), "", name))
    return found + lacking_rows(ENGINES)


def _work(engine: Engine, clip: Samples, model: Sequence[bytes]) -> Callable[[], object]:
    return lambda: engine.hear_notes(clip, RATE_HZ, lambda _: None, model)


def _counted(engine: Engine, clip: Samples, truth: Truth, model: Sequence[bytes]) -> tuple[int, int, int]:
    """How many are right, told, there."""
    heard = engine.hear_notes(clip, RATE_HZ, lambda _: None, model)
    left, right = list(truth), 0
    for note in heard:
        fits = [each for each in left if each[0] == note.pitch and abs(each[1] - note.start_s) <= TOLERANCE_S]
        if fits:
            left.remove(fits[0])
            right += 1
    return right, len(heard), len(truth)


def _piece(seed: int, voices: int) -> tuple[Samples, Truth]:
    rng = np.random.default_rng(seed)
    out, truth = np.zeros(round(RATE_HZ * (NOTES * STEP_S + 1))), Truth()
    for n in range(NOTES):
        for pitch in rng.choice(np.arange(40, 84), voices, replace=False):
            start_s = 0.2 + n * STEP_S
            tone, first = _tone(int(pitch), rng), round(start_s * RATE_HZ)
            out[first : first + len(tone)] += tone
            truth.append((int(pitch), start_s))
    return (out / np.abs(out).max() * 0.7).astype(np.float32)[:, None], truth


def _tone(pitch: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    times = np.arange(round(0.38 * RATE_HZ)) / RATE_HZ
    hz = 440.0 * 2 ** ((pitch - 69) / 12)
    strengths = rng.uniform(0.5, 1.0, 8)
    wave = np.zeros(len(times))
    for partial, strength in enumerate(strengths, 1):
        if hz * partial < 20_000:
            wave += strength / partial * np.sin(2 * np.pi * hz * partial * times)
    fade = np.minimum(1, np.minimum(times, times[-1] - times) / 0.005)
    return np.asarray(wave * np.exp(-times * rng.uniform(1, 3)) * fade, np.float64)
