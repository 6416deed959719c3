"""Notes of what sounds one at a time, of a course of tones (pitch.py). It needs no model, and never tells two notes at once.

A note begins where a tone does, where it moves to another key and stays there, or where the same one is struck again; it ends with the tone.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.notes.pitch import HOP, RATE_HZ, Progress, tones
from audio.notes.shapes import DetectedNote
from audio.rate import convert

SHORTEST_S = 0.06
"""A shorter note is none."""
BREAK_S = 0.06
"""So short a break is within a note, if nothing is struck."""
STRUCK_DB, STRUCK_FRAMES = 6.0, 4
"""By how much it becomes louder, within so many moments, where it is struck."""
_BEYOND = 0.65
"""Semitones from a key from which on a tone is another's."""
_SETTLED = 5
_NEAR = 6

Array = NDArray[np.float64]


def hear_notes(
    samples: Samples, sample_rate_hz: int, on_progress: Progress, _: Sequence[bytes] = ()
) -> list[DetectedNote]:
    """By start. Raises what on_progress raises. [worker]"""
    mono = convert(samples.mean(axis=1, keepdims=True), sample_rate_hz, RATE_HZ)[:, 0]
    pitch, sure = tones(mono, on_progress)
    return notes_of(pitch, sure, struck(mono, len(pitch)))


def struck(mono: NDArray[np.float32], moments: int) -> NDArray[np.int64]:
    """Moments at which something is struck: it becomes louder at once. [any]"""
    padded = np.pad(np.square(mono, dtype=np.float64), (HOP // 2, 2 * HOP))
    level_db = 10 * np.log10(np.add.reduceat(padded, np.arange(0, len(padded), HOP))[:moments] / HOP + 1e-7)
    before = np.pad(level_db, (STRUCK_FRAMES, 0), mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(before, STRUCK_FRAMES)[:moments].min(axis=1)
    rise = np.pad(level_db - lowest, 2)
    around = np.lib.stride_tricks.sliding_window_view(rise, 5)
    return np.flatnonzero((rise[2:-2] >= STRUCK_DB) & (rise[2:-2] >= around.max(axis=1)))


def notes_of(pitch: Array, sure: Array, struck: NDArray[np.int64]) -> list[DetectedNote]:
    """pitch: MIDI of each moment, NaN: no tone. sure: 0..1. struck: moments. By start. [any]"""
    second = RATE_HZ / HOP
    runs = [run for run in _runs(_keys(pitch), struck) if run[2] - run[1] >= SHORTEST_S * second]
    limits = [first for _, first, _ in runs[1:]] + [len(pitch)] * bool(runs)
    return [
        DetectedNote(
            pitch=key,
            start_s=round(first / second, 4),
            end_s=round(min(end, limit) / second, 4),
            strength=round(float(np.clip(sure[first:end].mean(), 0, 1)), 3),
        )
        for (key, first, end), limit in zip(runs, limits, strict=True)
    ]


def _keys(pitch: Array) -> NDArray[np.int64]:
    """The key of each moment, −1: none. What trembles around a key stays on it, and what passes is not one."""
    settled = pitch.copy()
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(pitch, _SETTLED // 2, constant_values=np.nan), _SETTLED
    )
    whole = ~np.isnan(windows).any(axis=1)
    settled[whole] = np.median(windows[whole], axis=1)
    keys, key = np.full(len(pitch), -1), -1
    for n in np.flatnonzero(~np.isnan(settled)):
        if n == 0 or keys[n - 1] < 0 or abs(settled[n] - key) > _BEYOND:
            key = round(float(settled[n]))
        keys[n] = key
    edges = np.flatnonzero(np.diff(keys))
    for first, last in itertools.pairwise(edges):
        if keys[last] < 0 and last - first <= BREAK_S * RATE_HZ / HOP and keys[first] == keys[last + 1]:
            keys[first : last + 1] = keys[first]
    return keys


def _runs(keys: NDArray[np.int64], struck: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """(key, first moment, moment after the last). Where it is struck is known better than since when a tone is heard."""
    edges = np.flatnonzero(np.diff(keys, prepend=-2, append=-2))
    for first, end in itertools.pairwise(edges):
        if keys[first] < 0:
            continue
        near = struck[np.abs(struck - first) <= _NEAR]
        start = int(near[np.abs(near - first).argmin()]) if len(near) else int(first)
        again = struck[(struck > max(start, int(first)) + _NEAR) & (struck < end - _NEAR)]
        starts = [start, *map(int, again)]
        for one, other in zip(starts, [*starts[1:], int(end)], strict=True):
            yield int(keys[first]), one, other
