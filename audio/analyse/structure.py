"""The parts a piece falls into: where one ends, and which sound alike. Not verse or chorus: nothing here knows what a part is for.

Boundaries: each moment is compared with each other, and where what was alike ends and something else begins, a checkerboard laid over the
diagonal of that matrix finds much (J. Foote, "Automatic audio segmentation using a measure of audio novelty", ICME 2000). Moments last a beat where
beats are known, so that a part begins on one; each is seen with those around it (B. McFee, D. Ellis, "Analyzing song structure with spectral
clustering", ISMIR 2014, section 2). Letters: a part that is as alike to an earlier one as parts are to themselves has that one's letter.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audio.analyse.descriptors import Descriptors
from audio.analyse.shapes import Segment

MOMENT_S = 0.5
"""Of one moment, about: a beat, or this where no beats are known."""
MAX_MOMENTS = 2_000
"""More would be too large a matrix (32 MB); moments get longer instead."""
REACH_S, SHORTEST_S = 8.0, 4.0
"""How far the checkerboard looks to each side; how short a part may be."""
LEAST_NOVELTY = 0.24
"""Of 1.0, which is two parts that have nothing in common. A change of chords has up to 0.2, of what plays 0.3 and more (our fixtures)."""
ALIKE = 0.75
"""Of how alike a part is to itself; unrelated clips have up to 0.5."""
_TIMBRE_DB = 6.0  # so far apart in all bands, two moments are e^-1 alike in timbre
_AROUND = 2  # moments on each side that one is seen with

Matrix = NDArray[np.float32]


def segments_of(found: Descriptors, beats_s: Sequence[float], seconds: float) -> tuple[Segment, ...]:
    """The whole clip, without gaps; one segment where nothing changes. found: of the clip; seconds: its length, > 0. [worker]"""
    edges_s = _moments(beats_s, seconds)
    timbre, chroma = (_means(column, found.times_s, edges_s) for column in (found.mfcc, found.chroma))
    alike = similarity(_with_those_around(timbre), _with_those_around(chroma))
    moment_s = seconds / (len(edges_s) - 1)
    cuts = boundaries(alike, round(REACH_S / moment_s), max(1, round(SHORTEST_S / moment_s)))
    inner = [0, *cuts, len(edges_s) - 1]
    labels = _labels(alike, inner)
    return tuple(
        Segment(round(float(edges_s[first]), 4), round(float(edges_s[end]), 4), label)
        for (first, end), label in zip(pairwise(inner), labels, strict=True)
    )


def similarity(timbre: Matrix, chroma: Matrix) -> Matrix:
    """Of each moment with each, 0..1, (n, n). timbre: (n, coefficients), dB, the first is level; chroma: (n, 12) >= 0. [any]"""
    squares = np.square(timbre).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares - 2 * timbre @ timbre.T, 0)
    of_timbre = np.exp(-apart / (timbre.shape[1] * _TIMBRE_DB**2))
    length = np.linalg.norm(chroma, axis=1)
    unit = chroma / np.where(length > 0, length, 1)[:, None]
    silent = length == 0  # two silences are alike in that, too
    of_chroma = np.where(silent[:, None] & silent, 1.0, unit @ unit.T)
    both: Matrix = ((of_timbre + of_chroma) / 2).astype(np.float32)
    return both


def novelty(alike: Matrix, reach: int) -> NDArray[np.float64]:
    """At each moment, -1..1: how much more alike the moments before are among themselves, and those from it on, than these to those. [any]

    reach: moments to each side, the nearer ones count more; 0.0 at the ends, where there is only one side.
    """
    count = len(alike)
    found = np.zeros(count)
    for moment in range(1, count):
        side = min(reach, moment, count - moment)
        near = np.exp(-2 * np.square((np.arange(side) + 0.5) / reach))
        weights = np.outer(near, near)
        weights /= weights.sum()
        before, after = slice(moment - side, moment), slice(moment, moment + side)
        flipped = weights[::-1]
        within = (alike[before, before] * flipped[:, ::-1]).sum() + (alike[after, after] * weights).sum()
        across = (alike[before, after] * flipped).sum()
        found[moment] = (within / 2 - across) * side / reach
    return found


def boundaries(alike: Matrix, reach: int, shortest: int) -> list[int]:
    """Moments at which a part begins, rising, without 0: the highest novelty first, none nearer than `shortest` to another or an end. [any]"""
    change = novelty(alike, max(1, reach))
    cuts = list[int]()
    for moment in np.argsort(-change, kind="stable"):
        if change[moment] < LEAST_NOVELTY:
            break
        if all(abs(int(moment) - other) >= shortest for other in (0, len(alike), *cuts)):
            cuts.append(int(moment))
    return sorted(cuts)


def _moments(beats_s: Sequence[float], seconds: float) -> NDArray[np.float64]:
    """Edges between moments, from 0 to the end of the clip."""
    inner = np.array([beat for beat in beats_s if 0 < beat < seconds])
    if len(inner) < 2:
        inner = np.arange(1, max(1, int(seconds / MOMENT_S))) * MOMENT_S
    else:  # steady moments before the first and behind the last beat
        beat_s = float(np.median(np.diff(inner)))
        front = np.arange(inner[0] - beat_s, beat_s / 2, -beat_s)[::-1]
        back = np.arange(inner[-1] + beat_s, seconds - beat_s / 2, beat_s)
        inner = np.concatenate([front, inner, back])
    every = -(-len(inner) // MAX_MOMENTS) or 1
    return np.concatenate([[0.0], inner[::every], [seconds]])


def _means(column: NDArray[np.float64], times_s: NDArray[np.float64], edges_s: NDArray[np.float64]) -> Matrix:
    """Of each moment; one without a frame of its own has the nearest."""
    starts = np.minimum(np.searchsorted(times_s, edges_s[:-1]), len(column) - 1)
    ends = np.maximum(np.searchsorted(times_s, edges_s[1:]), starts + 1)
    sums = np.concatenate([np.zeros((1, column.shape[1])), np.cumsum(column, axis=0)])
    ends = np.minimum(ends, len(column))
    means: Matrix = ((sums[ends] - sums[starts]) / (ends - starts)[:, None]).astype(np.float32)
    return means


def _with_those_around(moments: Matrix) -> Matrix:
    """Mean over _AROUND on each side: a bar is seen whole, not hit by hit."""
    padded = np.pad(moments, ((_AROUND, _AROUND), (0, 0)), mode="edge")
    width = 2 * _AROUND + 1
    view = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    means: Matrix = view.mean(axis=-1, dtype=np.float32)
    return means


def _labels(alike: Matrix, edges: Sequence[int]) -> list[str]:
    """Each part has the letter of the earlier part that it is most alike to, if it is ALIKE; else the next letter."""
    parts = [slice(first, end) for first, end in pairwise(edges)]
    own = [float(alike[part, part].mean()) for part in parts]
    letters = list[int]()
    for n, part in enumerate(parts):
        fits = [
            float(alike[part, other].mean()) / max(own[n], own[m], 1e-9) for m, other in enumerate(parts[:n])
        ]
        best = int(np.argmax(fits)) if fits else -1
        letters.append(letters[best] if fits and fits[best] >= ALIKE else max(letters, default=-1) + 1)
    return [_letter(number) for number in letters]


def _letter(number: int) -> str:
    """A to Z, then A1 to Z1, and so on."""
    turn, place = divmod(number, 26)
    return chr(ord("A") + place) + (str(turn) if turn else "")
