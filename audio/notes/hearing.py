"""Notes of any instrument by the network of R. Bittner et al. (ICASSP 2022, "Basic Pitch"), which onnxruntime runs.

The network is given two seconds and tells, 86 times a second and for each key of a piano, whether a note sounds and whether one begins. What is
a note is ours to say: it begins where a beginning is sure and stands out among its neighbours, and lasts while the model hears it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.models.runtime import loaded
from audio.models.weights import BadWeights
from audio.notes.shapes import DetectedNote
from audio.rate import convert

RATE_HZ, HOP = 22_050, 256
GIVEN, TOLD = 43_844, 172
"""Frames of sound that the network is given, and moments that it tells of them."""
KEPT, EDGE = 142, 15
"""Of those, so many from EDGE on are kept: at either end it hears the silence beside."""
LOWEST_PITCH, PITCHES = 21, 88
BEGINS, SOUNDS = 0.5, 0.3
"""From which probability on."""
SHORTEST_S, BREAK_S = 0.06, 0.12
"""A shorter note is none; a shorter silence is no end."""
UNSURE, TOGETHER_S = 0.5, 0.05
OVERTONES = (12, 19, 24, 28, 31, 34, 36)
"""Semitones from a tone to its second to eighth partial."""

Array = NDArray[np.float32]
Progress = Callable[[float], None]


def hear_notes(
    samples: Samples, sample_rate_hz: int, on_progress: Progress, files: Sequence[bytes]
) -> list[DetectedNote]:
    """By start, then pitch. files: the model. Raises NoRuntime, BadWeights, and what on_progress raises. [worker]"""
    (data,) = files
    run = loaded(data)
    mono = convert(samples.mean(axis=1, keepdims=True), sample_rate_hz, RATE_HZ)[:, 0]
    count = -(-len(mono) // (KEPT * HOP))
    padded = np.pad(mono, (EDGE * HOP, GIVEN))
    begins, sounds = list[Array](), list[Array]()
    for n in range(count):
        found = run([padded[n * KEPT * HOP :][:GIVEN].reshape(1, GIVEN, 1)])
        if [each.shape for each in found[:2]] != [(1, TOLD, PITCHES)] * 2:
            raise BadWeights("The model answers with what Basic Pitch does not.")
        begins.append(found[0][0, EDGE : EDGE + KEPT])
        sounds.append(found[1][0, EDGE : EDGE + KEPT])
        on_progress((n + 1) / count)
    moments = 1 + len(mono) // HOP
    return notes_of(np.concatenate(begins)[:moments], np.concatenate(sounds)[:moments])


def notes_of(begins: Array, sounds: Array) -> list[DetectedNote]:
    """begins, sounds: (moments, PITCHES), 0..1. By start, then pitch. [any]"""
    second = RATE_HZ / HOP
    around = np.pad(begins, 1)
    is_peak = (
        (begins >= BEGINS)
        & (begins > around[:-2, 1:-1])
        & (begins >= around[2:, 1:-1])
        & (begins >= around[1:-1, :-2])
        & (begins >= around[1:-1, 2:])
    )
    found = []
    for key in np.flatnonzero(is_peak.any(axis=0)):
        starts = np.flatnonzero(is_peak[:, key])
        for start, limit in zip(starts, [*starts[1:], len(sounds)], strict=True):
            end = _end(sounds[:, key], int(start), int(limit), round(BREAK_S * second))
            if end - start >= SHORTEST_S * second:
                found.append(
                    DetectedNote(
                        pitch=LOWEST_PITCH + int(key),
                        start_s=round(float(start / second), 4),
                        end_s=round(float(end / second), 4),
                        strength=round(float(np.clip(sounds[start:end, key].mean(), 0, 1)), 3),
                    )
                )
    kept = (note for note in found if not _is_overtone(note, found))
    return sorted(kept, key=lambda note: (note.start_s, note.pitch))


def _is_overtone(note: DetectedNote, among: Sequence[DetectedNote]) -> bool:
    """Whether it is unsure, and a surer note of which it may be an overtone begins with it."""
    return note.strength < UNSURE and any(
        note.pitch - other.pitch in OVERTONES
        and abs(note.start_s - other.start_s) <= TOGETHER_S
        and other.strength > note.strength
        for other in among
    )


def _end(sounds: Array, start: int, limit: int, most_silent: int) -> int:
    """The moment after the last in which it sounds, before limit: a break of most_silent moments ends it."""
    heard = start + np.flatnonzero(sounds[start:limit] >= SOUNDS)
    if len(heard) == 0:
        return start
    breaks = np.flatnonzero(np.diff(heard, prepend=start) > most_silent)
    last = heard[-1] if len(breaks) == 0 else (heard[breaks[0] - 1] if breaks[0] > 0 else start - 1)
    return int(last) + 1
