"""Which notes sound when: from spectra to the strength of every semitone, and from those to notes without overtones.

Not a transcription: no onsets, no durations, and two instruments on one note are one note.

Method. Spectral peaks, interpolated, are counted to the nearest semitone of the clip's own tuning; peaks are what
notes have and drums have not. Overtones are explained away by non-negative least squares against note templates
(Mauch & Dixon, "Approximate note transcription for the improved identification of difficult chords", ISMIR 2010).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.analyse.spectrum import ANALYSIS_RATE_HZ, Frames

WINDOW_FRAMES = 8192  # 0.37 s: tells semitones apart from 100 Hz up, single bass notes below
HOP_FRAMES = 2048
FRAME_RATE_HZ = ANALYSIS_RATE_HZ / HOP_FRAMES
LOWEST_NOTE, NOTES = 28, 72  # MIDI: E1 (41 Hz) to D#7 (2.5 kHz)
FRAMES_PER_SEGMENT = 4  # 0.37 s

_PEAK_LOWEST_HZ, _PEAK_HIGHEST_HZ = 38.0, 2_300.0
_FLOOR_BINS = 12  # a peak rises over the mean of so many bins on either side
_TUNING_LOWEST_NOTE = 45  # below, a bin is wider than the error to be found
_OVERTONES, _OVERTONE_DECAY = 10, 0.75
_ROUNDS = 30
_LINE_OVERTONES = 12
_SOUNDS_SHARE = (
    0.02  # of the power of the loudest note in the segment: below, it is none that the line could have
)

Notes = NDArray[np.float64]


@dataclass(frozen=True)
class NoteFrames:
    """strength: (frames, NOTES) magnitude of the peaks near each semitone, overtones included, FRAME_RATE_HZ.

    tuning_cents: of the clip against A4 = 440 Hz, -50 to 50. tonality: how well its peaks agree on that tuning, 0 to
    1: notes 0.3 and above, drums and noise 0.12 and below.
    """

    strength: Notes
    tuning_cents: float
    tonality: float


def note_frames(spectra: Frames) -> NoteFrames:
    """spectra: magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES) of audio.analyse.spectrum. [any]"""
    frame, note, magnitude = _peaks(spectra)
    weight = np.sqrt(magnitude) * (note > _TUNING_LOWEST_NOTE)
    turns = 2.0 * np.pi * note
    mean = complex((weight * np.cos(turns)).sum(), (weight * np.sin(turns)).sum()) / (
        float(weight.sum()) + 1e-9
    )
    tuning = float(np.angle(mean)) / (2 * np.pi)
    tuned = note - tuning
    semitone = np.rint(tuned).astype(np.int64)
    weight = magnitude * np.maximum(0, np.cos(np.pi * (tuned - semitone)))
    column = semitone - LOWEST_NOTE
    inside = (column >= 0) & (column < NOTES)
    cells = frame[inside] * NOTES + column[inside]
    strength: Notes = np.bincount(cells, weight[inside], minlength=len(spectra) * NOTES).astype(np.float64)
    return NoteFrames(strength.reshape(len(spectra), NOTES), 100 * tuning, abs(mean))


def _peaks(spectra: Frames) -> tuple[NDArray[np.int64], Notes, Notes]:
    """Frame, MIDI note (fractional) and magnitude of each spectral peak; parabolas through log magnitudes."""
    first = int(_PEAK_LOWEST_HZ * WINDOW_FRAMES / ANALYSIS_RATE_HZ)
    last = int(_PEAK_HIGHEST_HZ * WINDOW_FRAMES / ANALYSIS_RATE_HZ)
    around = np.maximum(spectra[:, first - 1 : last + 2], np.float32(1e-7))
    centre = around[:, 1:-1]
    width = 2 * _FLOOR_BINS + 1
    sums = np.cumsum(np.pad(around, ((0, 0), (_FLOOR_BINS + 1, _FLOOR_BINS)), mode="edge"), axis=1)
    floor = ((sums[:, width:] - sums[:, :-width]) / width)[:, 1:-1]
    is_peak = (centre > around[:, :-2]) & (centre >= around[:, 2:]) & (centre > 1.6 * floor)
    is_peak &= (centre > 0.003 * centre.max(axis=1, keepdims=True)) & (centre > 2e-5)
    frame, bin_ = np.nonzero(is_peak)
    left, top, right = (np.log(around[frame, bin_ + i].astype(np.float64)) for i in range(3))
    offset = 0.5 * (left - right) / (left - 2 * top + right - 1e-9)
    magnitude = np.exp(top - 0.25 * (left - right) * offset)
    hz = (bin_ + first + offset) * (ANALYSIS_RATE_HZ / WINDOW_FRAMES)
    return frame, 69 + 12 * np.log2(hz / 440), magnitude


def without_overtones(strength: Notes) -> Notes:
    """Notes that explain the strengths, (segments, NOTES), square-root scale. [any]

    Frames are averaged in FRAMES_PER_SEGMENT first (the last, incomplete segment is left out).
    """
    segments = _segments(strength)
    templates = _templates()
    explained = np.maximum(np.sqrt(segments) @ templates.T, 1e-9)
    overlap = templates @ templates.T
    found = explained.copy()
    for _ in range(_ROUNDS):  # multiplicative updates: what starts positive stays so
        found *= explained / (found @ overlap + 1e-9)
    return found


def _segments(strength: Notes) -> Notes:
    whole = len(strength) // FRAMES_PER_SEGMENT * FRAMES_PER_SEGMENT
    means: Notes = strength[:whole].reshape(-1, FRAMES_PER_SEGMENT, NOTES).mean(axis=1) if whole else strength
    return means


def _templates() -> Notes:
    """One row per note: its overtones on the semitone grid, each 0.75 of the one before, length 1."""
    rows = np.zeros((NOTES, NOTES))
    for overtone in range(1, _OVERTONES + 1):
        above = 12 * np.log2(overtone)
        step = round(above)
        weight = _OVERTONE_DECAY ** (overtone - 1) * np.cos(np.pi * (above - step))
        rows += np.diag(np.full(max(0, NOTES - step), weight), step)
    unit: Notes = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@dataclass(frozen=True)
class Line:
    """A clip as if one note sounded at a time: in each segment the one that, with its overtones, explains most.

    share: of the strength that these notes explain, 0 to 1: 0.5 chorales, 0.9 a band, 0.95 and above one voice alone.
    notes: effective number of pitch classes among them, 1 to 12; 0 for silence.
    """

    share: float
    notes: float


def line_of(strength: Notes) -> Line:
    """strength: as of NoteFrames. [any]"""
    power = np.square(_segments(strength))
    whole = power.sum(axis=1)
    loudest = power.max(axis=1, keepdims=True)
    of_note = power @ _overtone_places().T
    of_note[power < _SOUNDS_SHARE * loudest] = 0
    best = of_note.argmax(axis=1)
    weight = np.sqrt(whole)
    explained = of_note.max(axis=1) / (whole + 1e-30)
    classes = np.bincount((best + LOWEST_NOTE) % 12, weight, minlength=12).astype(np.float64)
    return Line(float(explained @ weight / (weight.sum() + 1e-30)), effective_number(classes))


def effective_number(shares: Notes) -> float:
    """How many equally strong ones would be as spread as these (the exponential of their entropy); 0 for silence. [any]"""
    sounding = shares[shares > 0] / (shares.sum() + 1e-30)
    return float(np.exp(-np.sum(sounding * np.log(sounding)))) if len(sounding) else 0.0


def _overtone_places() -> Notes:
    """One row per note: 1 where the note and its first overtones stand."""
    places = np.zeros((NOTES, NOTES))
    for overtone in range(1, _LINE_OVERTONES + 1):
        step = round(12 * np.log2(overtone))
        places = np.maximum(places, np.eye(NOTES, k=step))
    return places


def harmonic_change(strength: Notes) -> Notes:
    """How much the notes of the next 0.37 s differ from those of the last, (frames,), 0 to 1, FRAME_RATE_HZ. [any]"""
    frames, reach = len(strength), 4
    sums = np.cumsum(np.pad(np.log1p(200 * strength), ((reach + 1, reach), (0, 0)), mode="edge"), axis=0)
    before = sums[reach : reach + frames] - sums[:frames]
    after = sums[2 * reach : 2 * reach + frames] - sums[reach : reach + frames]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    alike = (before * after).sum(axis=1) / (lengths + 1e-9)
    change: Notes = np.where(lengths > 1e-9, np.clip(1 - alike, 0, 1), 0.0)
    return change
