"""The key of a clip: tonic, mode, how sure, or nothing.

Not a chord recogniser; modulation is not followed, and modes other than major and minor are read as the nearer one.

Method. Four views of the notes (all notes, the bass, chords, how the bass begins) are laid over profiles of each of
the 24 keys; the profiles are in audio.analyse.key_profiles, with where they come from. Every key sees the clip transposed to
its own tonic, so no key is preferred. The sums are log odds; their softmax is the confidence.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from audio.analyse.key_notes import (
    LOWEST_NOTE,
    NOTES,
    NoteFrames,
    effective_number,
    line_of,
    without_overtones,
)
from audio.analyse.key_profiles import ALBRECHT_SHANAHAN, KRUMHANSL_KESSLER, MAJOR, MINOR, KeyWeights

MIN_TONALITY = 0.4  # below, what sounds has no notes to speak of: drums (tuned ones, too), noise, speech
MIN_NOTES = 6.5  # effective number of pitch classes: fewer fit many keys
# A line of few notes fits many keys, too, and its overtones are taken for notes: the fifth partial of G is a B, which G minor has not.
# No key is told where tonality, notes of the line (audio.analyse.key_notes.Line) are below and its share is at least:
_LINES_WITHOUT_KEY = (
    (0.55, 2.6, 0.0),  # drums that ring at two pitches or three
    (0.60, 3.2, 0.94),  # a voice that slides or is distorted, with drums or without
    (1.01, 3.2, 0.96),  # a voice alone
)
MIN_CONFIDENCE = 0.55  # below, the key is called unknown
TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_CAMELOT_MAJOR = (8, 3, 10, 5, 12, 7, 2, 9, 4, 11, 6, 1)
_CAMELOT_MINOR = (5, 12, 7, 2, 9, 4, 11, 6, 1, 8, 3, 10)
_TREBLE, _BASS = (45, 92), (28, 53)  # MIDI notes, upper end exclusive
_BEGINNING = 0.06  # share of the clip in which the bass is heard to begin
_CHORD_SHARPNESS = 12.0

Vector = NDArray[np.float64]


class Mode(StrEnum):
    MAJOR = "major"
    MINOR = "minor"


@dataclass(frozen=True)
class Key:
    """tonic: 0 (C) to 11 (B). str() is "F# minor"; sharps only, as enharmonics cannot be heard."""

    tonic: int
    mode: Mode

    def __str__(self) -> str:
        return f"{TONICS[self.tonic]} {self.mode}"

    @property
    def camelot(self) -> str:
        """The code DJs mix by: neighbours on the circle of fifths are neighbours in number, "8B" is C major."""
        if self.mode is Mode.MAJOR:
            return f"{_CAMELOT_MAJOR[self.tonic]}B"
        return f"{_CAMELOT_MINOR[self.tonic]}A"


@dataclass(frozen=True)
class KeyEstimate:
    """key: None when the clip has no notes, or too few, or two keys fit about as well.

    confidence: of the best key, 0 to 1, 0 with no notes or too few. Calibrated by four-fold cross-validation on 426 rendered
    clips: of those between 0.7 and 0.8, 78 % were right, between 0.9 and 1.0, 94 %.
    alternatives: the next keys with at least 0.05, likeliest first, as (key, confidence).
    chroma: strength of C to B in the clip, sum 1 (silence: zeros). tuning_cents: -50 to 50 against A4 = 440 Hz.
    """

    key: Key | None
    confidence: float
    alternatives: tuple[tuple[Key, float], ...]
    chroma: tuple[float, ...]
    tuning_cents: float


@dataclass(frozen=True)
class _Views:
    notes: Vector  # (12,) each sums to 1
    bass: Vector
    chords: Vector  # (24,) major, then minor, by root
    beginning: Vector


def key_of(frames: NoteFrames) -> KeyEstimate:
    """frames: note_frames() of the clip. [any]"""
    views = _views(without_overtones(frames.strength))
    chroma = tuple(float(value) for value in views.notes)
    if not _may_have_a_key(frames, views):
        return KeyEstimate(None, 0.0, (), chroma, frames.tuning_cents)
    scores = _scores(views)
    odds = np.exp(scores - scores.max())
    share = odds / odds.sum()
    ranked = [(_key(i), float(share[i])) for i in np.argsort(-share)]
    best, confidence = ranked[0]
    others = tuple(each for each in ranked[1:4] if each[1] >= 0.05)
    if confidence < MIN_CONFIDENCE:
        return KeyEstimate(None, confidence, ((best, confidence), *others), chroma, frames.tuning_cents)
    return KeyEstimate(best, confidence, others, chroma, frames.tuning_cents)


def _may_have_a_key(frames: NoteFrames, views: _Views) -> bool:
    """Whether there are notes enough for one key to fit better than others."""
    if frames.tonality < MIN_TONALITY or effective_number(views.notes) < MIN_NOTES:
        return False
    line = line_of(frames.strength)
    return not any(
        frames.tonality < tonality and line.notes < notes and line.share >= share
        for tonality, notes, share in _LINES_WITHOUT_KEY
    )


def _key(index: int) -> Key:
    return Key(index % 12, Mode.MAJOR if index < 12 else Mode.MINOR)


def _scores(views: _Views) -> Vector:
    """Log odds of the 24 keys, major first."""
    mixed = _share(views.notes + 0.5 * views.bass)
    scores = np.empty(24)
    modes: tuple[tuple[KeyWeights, int], ...] = ((MAJOR, 0), (MINOR, 1))
    for weights, mode in modes:
        for tonic in range(12):
            scores[12 * mode + tonic] = (
                weights.bias
                + np.dot(weights.notes, np.roll(views.notes, -tonic))
                + np.dot(weights.bass, np.roll(views.bass, -tonic))
                + np.dot(weights.major_chords, np.roll(views.chords[:12], -tonic))
                + np.dot(weights.minor_chords, np.roll(views.chords[12:], -tonic))
                + np.dot(weights.beginning, np.roll(views.beginning, -tonic))
                + weights.albrecht_shanahan * _correlation(mixed, ALBRECHT_SHANAHAN[mode], tonic)
                + weights.krumhansl_kessler * _correlation(mixed, KRUMHANSL_KESSLER[mode], tonic)
            )
    return scores


def _correlation(chroma: Vector, profile: tuple[float, ...], tonic: int) -> float:
    turned = np.roll(np.asarray(profile), tonic)
    turned = turned - turned.mean()
    centred = chroma - chroma.mean()
    return float(turned @ centred / (np.linalg.norm(turned) * np.linalg.norm(centred) + 1e-9))


def _views(notes: Vector) -> _Views:
    """notes: without_overtones(). Segments count about alike: loud ones at most a few times a soft one."""
    treble, bass = (_levelled(_chroma(notes, *span)) for span in (_TREBLE, _BASS))
    # Squared within a segment: one bass note stands out, a cluster of overtones does not.
    bass_note = np.square(_share(bass)) * bass.sum(axis=1, keepdims=True)
    start = max(2, int(_BEGINNING * len(notes)))
    return _Views(
        notes=_share(treble.sum(axis=0)),
        bass=_share(bass_note.sum(axis=0)),
        chords=_chords(treble + 0.5 * bass),
        beginning=_share(bass_note[:start].sum(axis=0)),
    )


def _chroma(notes: Vector, lowest: int, end: int) -> Vector:
    chroma = np.zeros((len(notes), 12))
    for column in range(max(0, lowest - LOWEST_NOTE), min(NOTES, end - LOWEST_NOTE)):
        chroma[:, (column + LOWEST_NOTE) % 12] += notes[:, column]
    return chroma


def _levelled(chroma: Vector) -> Vector:
    total = chroma.sum(axis=1, keepdims=True)
    levelled: Vector = chroma / (total + 0.3 * total.mean() + 1e-9)
    return levelled


def _share(values: Vector) -> Vector:
    """Scaled to sum 1 along the last axis; zeros stay."""
    share: Vector = values / (values.sum(axis=-1, keepdims=True) + 1e-9)
    return share


def _chords(chroma: Vector) -> Vector:
    """How much of the clip each of the 24 triads is the nearest: each segment shares its weight out by softmax."""
    triads = np.zeros((24, 12))
    for root in range(12):
        triads[root, [root, (root + 4) % 12, (root + 7) % 12]] = 1
        triads[12 + root, [root, (root + 3) % 12, (root + 7) % 12]] = 1
    length = np.linalg.norm(chroma, axis=1, keepdims=True)
    alike = (chroma / (length + 1e-9)) @ triads.T / np.sqrt(3)
    odds = np.exp(_CHORD_SHARPNESS * (alike - alike.max(axis=1, keepdims=True)))
    return _share((_share(odds) * chroma.sum(axis=1, keepdims=True)).sum(axis=0))
