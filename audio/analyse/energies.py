"""How much of a clip's energy is steady sound, and how much hits. Not the sounds themselves: audio.separate.hpss makes them.

The same masks as there: medians along time and along frequency (D. FitzGerald, "Harmonic/Percussive Separation using Median Filtering", DAFx-10),
on the spectra of the descriptors.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audio.analyse.descriptors import HOP_FRAMES, WINDOW_FRAMES
from audio.analyse.shapes import Energies
from audio.analyse.spectrum import Frames, magnitude_pieces
from audio.kernels.medians import running_median

STEADY_FRAMES, SHORT_BINS = 17, 17
_PIECE = 256  # spectra at a time: bounds memory
_TINY = 1e-12


def energies_of(mono: Frames, on_progress: Callable[[float], None] = lambda _: None) -> Energies:
    """mono: finite, (frames >= 1,) at ANALYSIS_RATE_HZ. on_progress: how far, 0..1; what it raises ends the work. [worker]"""
    reach = STEADY_FRAMES // 2
    count = 1 + len(mono) // HOP_FRAMES
    total = np.zeros(3)
    before: Frames | None = None
    for first, spectra in magnitude_pieces(mono, WINDOW_FRAMES, HOP_FRAMES, _PIECE):
        done = first + len(spectra)
        front = np.repeat(spectra[:1], reach, axis=0) if before is None else before
        back = np.repeat(spectra[-1:], reach if done == count else 0, axis=0)
        known = np.concatenate([front, spectra, back])
        before = known[-2 * reach :]
        total += _sums(known, reach)
        on_progress(done / count)
    harmonic, percussive = total[1:] / max(total[0], _TINY)
    return Energies(harmonic=float(harmonic), percussive=float(percussive))


def _sums(known: Frames, reach: int) -> NDArray[np.float64]:
    """Energy of all, steady and short, of the spectra that have `reach` others on each side."""
    levels = known[reach : len(known) - reach]
    steady = np.square(running_median(known, STEADY_FRAMES, axis=0))
    around = np.pad(levels, ((0, 0), (SHORT_BINS // 2,) * 2), mode="edge")
    short = np.square(running_median(around, SHORT_BINS, axis=1))
    power, both = np.square(levels), steady + short + np.float32(_TINY)
    kept = (power, power * np.square(steady / both), power * np.square(short / both))
    return np.array([each.sum(dtype=np.float64) for each in kept])
