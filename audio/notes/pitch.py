"""How high a sound is, moment by moment: probabilistic YIN (M. Mauch, S. Dixon, ICASSP 2014), in numpy. It knows one tone at a time.

A periodic sound differs little from itself a period later. How little is asked is uncertain: each period counts for the share of strictnesses
(Beta(2, 18)) at which it is the shortest one that is little enough. Of all moments together the likeliest course is taken: a tone moves little, ends, or
another begins.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ, HOP, WINDOW = 22_050, 256, 1_024
LOWEST_PITCH, HIGHEST_PITCH = 28, 96
"""MIDI; 41 to 2,093 Hz."""
STEPS = 5
"""Of a semitone, that are told apart."""
COUNT = (HIGHEST_PITCH - LOWEST_PITCH) * STEPS + 1
SILENT = 1e-3
"""RMS below which nothing is a tone: −60 dBFS."""
_LEAST_LAG, _MOST_LAG = 10, 539
_FRAME = WINDOW + _MOST_LAG + 2
_STRICT = 18
_STRICTER = 0.01  # share of the strictnesses at which no period is little enough, that the best one is given all the same
_PIECE = 256  # moments at a time: bounds memory, and changes nothing of the result
_REACH = 2 * STEPS  # how far a tone moves from a moment to the next
_ENDS, _JUMPS = 0.01, 0.01
_UNHEARD = 1e-4  # of a tone that no period of a moment speaks for
_TONELESS = 0.05  # how much a moment without a period speaks for no tone

Array = NDArray[np.float64]
Progress = Callable[[float], None]


def tones(mono: NDArray[np.float32], on_progress: Progress) -> tuple[Array, Array]:
    """Of a sound at RATE_HZ, each HOP frames: MIDI pitch, NaN where there is none; and how sure that is, 0..1. Raises what on_progress raises. [worker]"""
    count = 1 + len(mono) // HOP
    padded = np.pad(mono.astype(np.float64), (_FRAME // 2, _FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::HOP][:count]
    heard = np.zeros((count, COUNT))
    for first in range(0, count, _PIECE):
        heard[first : first + _PIECE] = _likelihoods(frames[first : first + _PIECE])
        on_progress(0.6 * min(1.0, (first + _PIECE) / count))
    course = np.array(list(_course(heard, on_progress)), np.int64)[::-1]
    is_tone = course < COUNT
    pitch = np.where(is_tone, LOWEST_PITCH + course / STEPS, np.nan)
    around = np.pad(heard, ((0, 0), (2, 3)))
    sure = np.zeros(count)
    for shift in range(5):  # a tone between two steps speaks for both
        sure += around[np.arange(count), np.minimum(course, COUNT - 1) + shift]
    return pitch, np.where(is_tone, np.minimum(sure, 1.0), 0.0)


def _likelihoods(frames: Array) -> Array:
    """(moments, COUNT): what each period that is heard in a frame counts for."""
    lags = np.arange(_MOST_LAG + 2)
    spectra = np.fft.rfft(frames, 2_048)
    same = np.fft.irfft(np.conj(np.fft.rfft(frames[:, :WINDOW], 2_048)) * spectra, 2_048)[:, lags]
    energy = np.pad(np.cumsum(np.square(frames), axis=1), ((0, 0), (1, 0)))
    differs = np.maximum(energy[:, [WINDOW]] + energy[:, WINDOW + lags] - energy[:, lags] - 2 * same, 0.0)
    total = np.maximum(np.cumsum(differs[:, 1:], axis=1), 1e-12)
    apart = np.ones_like(differs)
    apart[:, 1:] = differs[:, 1:] * lags[1:] / total
    apart[energy[:, WINDOW] < WINDOW * SILENT**2] = 1.0
    middle, before, after = apart[:, 1:-1], apart[:, :-2], apart[:, 2:]
    is_least = (middle < before) & (middle <= after) & (middle < 1.0) & (lags[1:-1] >= _LEAST_LAG)
    least = np.where(is_least, middle, 1.0)
    shorter = np.pad(np.minimum.accumulate(least, axis=1)[:, :-1], ((0, 0), (1, 0)), constant_values=1.0)
    counts = np.where(least < shorter, _share(shorter) - _share(least), 0.0)
    best = np.argmin(least, axis=1), np.arange(len(frames))
    counts[best[1], best[0]] += _STRICTER * _share(least[best[1], best[0]]) * is_least.any(axis=1)
    rows, columns = np.nonzero(counts)
    bend = before + after - 2 * middle
    offset = ((before - after)[rows, columns]) / (2 * np.maximum(bend[rows, columns], 1e-12))
    hz = RATE_HZ / (columns + 1 + np.clip(offset, -0.5, 0.5))
    step = np.rint((69 + 12 * np.log2(hz / 440) - LOWEST_PITCH) * STEPS).astype(np.int64)
    found = np.zeros((len(frames), COUNT))
    inside = (step >= 0) & (step < COUNT)
    np.add.at(found, (rows[inside], step[inside]), counts[rows, columns][inside])
    return found


def _share(strictness: Array) -> Array:
    """Of the strictnesses, those that are less: the distribution function of Beta(2, _STRICT)."""
    return np.asarray(1 - (1 - strictness) ** _STRICT * (1 + _STRICT * strictness), np.float64)


def _course(heard: Array, on_progress: Progress) -> Iterator[Any]:
    """The likeliest step of each moment, COUNT: no tone. The last first."""
    moves = np.log(_REACH + 1 - np.abs(np.arange(-_REACH, _REACH + 1.0)))
    moves += np.log((1 - _ENDS - _JUMPS) / (_REACH + 1) ** 2)
    jump, end, begin, stay = np.log([_JUMPS / COUNT, _ENDS, _ENDS / COUNT, 1 - _ENDS])
    speaks = np.log(np.maximum(heard, _UNHEARD))
    toneless = np.log(np.maximum(_TONELESS * (1 - heard.sum(axis=1)), _UNHEARD))
    came_from = np.zeros((len(heard), COUNT + 1), np.int16)
    at = np.append(np.full(COUNT, begin), 0.0) + np.append(speaks[0], toneless[0])
    steps = np.arange(COUNT)
    for n in range(1, len(heard)):
        near = np.lib.stride_tricks.sliding_window_view(
            np.pad(at[:COUNT], _REACH, constant_values=-np.inf), 2 * _REACH + 1
        )
        moved = near + moves
        best = moved.argmax(axis=1)
        score, source = moved[steps, best], steps + best - _REACH
        highest = int(at[:COUNT].argmax())
        other = max((at[highest] + jump, highest), (at[COUNT] + begin, COUNT))
        source = np.where(score >= other[0], source, other[1])
        silent = max((at[COUNT] + stay, COUNT), (at[highest] + end, highest))
        came_from[n, :COUNT], came_from[n, COUNT] = source, silent[1]
        at = np.append(np.maximum(score, other[0]) + speaks[n], silent[0] + toneless[n])
        if n % _PIECE == 0:
            on_progress(0.6 + 0.4 * n / len(heard))
    step = int(at.argmax())
    for n in range(len(heard) - 1, -1, -1):
        yield step
        step = int(came_from[n, step])
    on_progress(1.0)
