"""Two analyses side by side: how alike in five respects, with a word for each.

Not identity (audio.analyse.fingerprint), and not what changed inside (audio.analyse.changes): two clips that have nothing to do with one another
can be compared. What is not known of both is not compared.
"""

import math

import numpy as np

from audio.analyse.key import TONICS
from audio.analyse.likeness import likeness_by_group
from audio.analyse.shapes import AnalysisDocument, Aspect, Comparison

UNKNOWN = "unknown"
SAME_TEMPO, NEAR_TEMPO = 0.005, 0.08
"""Relative: nobody hears the first; by the second a DJ's deck can be pitched."""
_WORDS = ((0.85, "the same"), (0.6, "alike"), (0.3, "related"), (-1.0, "different"))
_LOUDNESS_WORDS = ((0.5, "as loud"), (2.0, "a little {}"), (math.inf, "{}"))
LOUDNESS_RANGE_LU = 12.0
"""Apart, two clips are not alike at all in loudness: one would turn the other down."""


def compare(one: AnalysisDocument, other: AnalysisDocument) -> Comparison:
    """[any]"""
    vectors = [np.asarray(each.likeness, np.float32) for each in (one, other)]
    groups = likeness_by_group(*vectors) if all(vector.any() for vector in vectors) else None
    return Comparison(
        tempo=_tempo(one.tempo.bpm, other.tempo.bpm),
        timbre=_by_vector(groups, "timbre", _timbre(one, other)),
        harmony=_harmony(one, other),
        rhythm=_by_vector(groups, "rhythm", _rhythm(one, other)),
        loudness=_loudness(one.loudness.integrated_lufs, other.loudness.integrated_lufs),
    )


def _tempo(one: float | None, other: float | None) -> Aspect:
    """Half and double are one tempo to whoever counts along: nearly as good as the same."""
    said = f"{_figure(one, 'BPM')} and {_figure(other, 'BPM')}"
    if one is None or other is None:
        return Aspect(likeness=None, word=UNKNOWN, says=said)
    octaves = math.log2(other / one)
    turns = round(octaves)
    apart = abs(2 ** (octaves - turns) - 1)
    likeness = max(0.0, 1 - apart / (2 * NEAR_TEMPO)) * (1.0 if turns == 0 else 0.8)
    word = "the same" if apart <= SAME_TEMPO else "near" if apart <= NEAR_TEMPO else "different"
    if turns and word != "different":
        word = {1: "double", -1: "half"}.get(turns, "a multiple") + (", near" if word == "near" else "")
    return Aspect(likeness=round(likeness, 3), word=word, says=said)


def _by_vector(groups: dict[str, float] | None, name: str, said: str) -> Aspect:
    if groups is None:
        return Aspect(likeness=None, word=UNKNOWN, says=said)
    word = next(word for least, word in _WORDS if groups[name] >= least)
    return Aspect(likeness=round(max(0.0, groups[name]), 3), word=word, says=said)


def _harmony(one: AnalysisDocument, other: AnalysisDocument) -> Aspect:
    """By the notes, in the keys they are in: a transposed copy is not alike here, but it is told how it would be."""
    notes = [np.asarray(each.key.chroma) for each in (one, other)]
    said = f"{one.key.name or 'no key'} and {other.key.name or 'no key'}"
    if not all(each.any() for each in notes):
        return Aspect(likeness=None, word=UNKNOWN, says=said)
    fits = [_correlation(notes[0], np.roll(notes[1], -up)) for up in range(12)]
    word = next(word for least, word in _WORDS if fits[0] >= least)
    best = int(np.argmax(fits))
    if one.key.name and other.key.name:
        word = _relation(one, other) or word
    if best and fits[best] >= _WORDS[0][0] and fits[best] > fits[0] + 0.1:
        said += f"; the same notes {best if best <= 6 else best - 12:+d} semitones away"
    return Aspect(likeness=round(max(0.0, fits[0]), 3), word=word, says=said)


def _relation(one: AnalysisDocument, other: AnalysisDocument) -> str | None:
    """How DJs call it; None for keys that have no name for each other."""
    keys = [
        (TONICS.index(name.split()[0]), name.split()[1])
        for name in (one.key.name or "", other.key.name or "")
        if name
    ]
    (first, first_mode), (second, second_mode) = keys
    codes = [(int((key or "0A")[:-1]), (key or "0A")[-1]) for key in (one.key.camelot, other.key.camelot)]
    turn = (codes[1][0] - codes[0][0]) % 12
    if first_mode == second_mode:
        return {0: "the same key", 1: "a fifth up", 11: "a fifth down"}.get(turn)
    return "the relative key" if turn == 0 else "the parallel key" if first == second else None


def _loudness(one: float | None, other: float | None) -> Aspect:
    said = f"{_figure(one, 'LUFS')} and {_figure(other, 'LUFS')}"
    if one is None or other is None:
        return Aspect(likeness=None, word=UNKNOWN, says=said)
    difference = other - one
    word = next(word for most, word in _LOUDNESS_WORDS if abs(difference) <= most)
    likeness = max(0.0, 1 - abs(difference) / LOUDNESS_RANGE_LU)
    return Aspect(
        likeness=round(likeness, 3), word=word.format("louder" if difference > 0 else "quieter"), says=said
    )


def _timbre(one: AnalysisDocument, other: AnalysisDocument) -> str:
    centroids = [each.descriptors["centroid_hz"].mean[0] for each in (one, other)]
    return f"middle of the spectrum {centroids[0]:.0f} and {centroids[1]:.0f} Hz"


def _rhythm(one: AnalysisDocument, other: AnalysisDocument) -> str:
    rates = [len(each.onsets_s) / each.seconds for each in (one, other)]
    return f"{rates[0]:.1f} and {rates[1]:.1f} onsets a second"


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    mine, theirs = one - one.mean(), other - other.mean()
    size = float(np.linalg.norm(mine) * np.linalg.norm(theirs))
    return float(mine @ theirs) / size if size > 0 else 0.0


def _figure(value: float | None, unit: str) -> str:
    return "unknown" if value is None else f"{value:.4g} {unit}"
