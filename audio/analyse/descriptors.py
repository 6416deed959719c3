"""What a clip is like from moment to moment: the descriptors that music information retrieval has names for, and their summary.

Each is defined as librosa 0.10 has it, so that figures can be compared: one channel at ANALYSIS_RATE_HZ, windows of WINDOW_FRAMES (Hann), a
quarter of that from one to the next, frame i centred on sample i * HOP_FRAMES. Unlike audio.analyse.spectrum the level is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.analyse.shapes import Summary
from audio.analyse.spectrum import (
    ANALYSIS_RATE_HZ,
    MEL_BANDS,
    Frames,
    cepstrum,
    magnitude_pieces,
    mel_filters,
)
from audio.intake import Samples, require_rate, require_shape
from audio.kernels.matrices import rows_times

WINDOW_FRAMES, HOP_FRAMES = 2_048, 512
ROLL_OFF = 0.85
"""So much of a spectrum's magnitude lies below its roll-off (G. Tzanetakis, P. Cook, "Musical genre classification of audio signals", 2002)."""
CONTRAST_FROM_HZ, CONTRAST_BANDS = 200.0, 7
CONTRAST_SHARE = 0.02
"""Of a band's bins, its peaks and its valleys (D.-N. Jiang et al., "Music type classification by spectral contrast feature", 2002)."""
_CHROMA_FROM_HZ, _CHROMA_TO_HZ = 65.0, 2_100.0
_A4_HZ = 440.0
_TINY = 1e-10
_PIECE = 512  # spectra at a time, 12 s: bounds memory
_TONNETZ = (
    (7 / 6, 1.0, 0),
    (7 / 6, 1.0, 1),
    (3 / 2, 1.0, 0),
    (3 / 2, 1.0, 1),
    (2 / 3, 0.5, 0),
    (2 / 3, 0.5, 1),
)
"""Turns of a half circle for each semitone, radius, and whether it is the cosine: fifths, minor thirds, major thirds (C. Harte, M. Sandler,
M. Gasser, "Detecting harmonic change in musical audio", 2006).
"""

Column = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Descriptors:
    """One row for each frame. rms: linear. zero_crossings: share of the window's samples. centroid_hz, bandwidth_hz, roll_off_hz: of the
    magnitude spectrum. flatness: 0..1, of the power. contrast_db: (frames, CONTRAST_BANDS), octaves from CONTRAST_FROM_HZ on, the first is what
    lies below. mfcc: (frames, 13), see spectrum.cepstrum. chroma: (frames, 12), C first, the strongest 1. tonnetz: (frames, 6). Silent
    frames have zeros (contrast and mfcc: what their floors give).
    """

    rms: Column
    zero_crossings: Column
    centroid_hz: Column
    bandwidth_hz: Column
    roll_off_hz: Column
    flatness: Column
    contrast_db: Column
    mfcc: Column
    chroma: Column
    tonnetz: Column

    @property
    def times_s(self) -> Column:
        """Middle of each frame, seconds from the start."""
        return np.arange(len(self.rms)) * HOP_FRAMES / ANALYSIS_RATE_HZ


def describe(
    samples: Samples, sample_rate_hz: int, on_progress: Callable[[float], None] = lambda _: None
) -> Descriptors:
    """samples: finite float32 (frames >= 1, 1 or 2 channels). on_progress: see describe_mono. Raises UnsupportedAudio. [worker]"""
    require_rate(sample_rate_hz)
    require_shape(samples)
    mono = np.ascontiguousarray(samples.mean(axis=1), np.float32)
    if sample_rate_hz != ANALYSIS_RATE_HZ:
        mono = np.ascontiguousarray(
            soxr.resample(mono, sample_rate_hz, ANALYSIS_RATE_HZ, quality="HQ"), np.float32
        )
    if len(mono) == 0:  # of a clip shorter than one frame here
        mono = np.zeros(1, np.float32)
    return describe_mono(mono, on_progress)


def describe_mono(mono: Frames, on_progress: Callable[[float], None]) -> Descriptors:
    """mono: finite, (frames >= 1,) at ANALYSIS_RATE_HZ. on_progress: how far it is, 0..1; what it raises ends the work. [worker]

    Some seconds of spectra are in memory at a time, whatever the length of the clip.
    """
    count = 1 + len(mono) // HOP_FRAMES
    pieces = list[dict[str, Column]]()
    for first, spectra in magnitude_pieces(mono, WINDOW_FRAMES, HOP_FRAMES, _PIECE):
        pieces.append(_of_spectra(spectra))
        on_progress((first + len(spectra)) / count)
    found = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    return Descriptors(rms=_rms(mono), zero_crossings=_zero_crossings(mono), **found)


def _of_spectra(spectra: Frames) -> dict[str, Column]:
    """The descriptors that have a frame's spectrum for all they need."""
    hz: Column = np.arange(spectra.shape[1]) * (ANALYSIS_RATE_HZ / WINDOW_FRAMES)  # type: ignore[assignment]  # float64
    total = spectra.sum(axis=1, dtype=np.float64)
    share = spectra / np.where(total > _TINY, total, 1.0)[:, None]
    centroid_hz = share @ hz
    bandwidth_hz = np.sqrt((share * np.square(hz - centroid_hz[:, None])).sum(axis=1)) * (total > _TINY)
    reached = np.cumsum(share, axis=1) >= ROLL_OFF
    power = np.maximum(np.square(spectra.astype(np.float64)), _TINY**2)
    is_heard = total > _TINY
    chroma = _chroma(spectra, hz)
    return {
        "centroid_hz": centroid_hz,
        "bandwidth_hz": bandwidth_hz,
        "roll_off_hz": hz[np.argmax(reached, axis=1)] * is_heard,
        "flatness": np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1) * is_heard,
        "contrast_db": _contrast_db(spectra, hz),
        "mfcc": _mfcc(spectra),
        "chroma": chroma,
        "tonnetz": _tonnetz(chroma),
    }


def summary(column: Column) -> Summary:
    """column: (frames,) or (frames, n) of a Descriptors. [any]"""
    rows = column.reshape(len(column), -1)
    return Summary(*(tuple(map(float, find(rows, axis=0))) for find in (np.mean, np.std, np.min, np.max)))


def _windows(mono: Frames) -> NDArray[np.float32]:
    """(frames, WINDOW_FRAMES), as `magnitudes` takes them."""
    padded = np.pad(mono, (WINDOW_FRAMES // 2, WINDOW_FRAMES // 2 + HOP_FRAMES))
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW_FRAMES)[::HOP_FRAMES][
        : 1 + len(mono) // HOP_FRAMES
    ]


def _rms(mono: Frames) -> Column:
    power: Column = _windows(np.square(mono)).mean(axis=1, dtype=np.float64)
    return np.sqrt(power)


def _zero_crossings(mono: Frames) -> Column:
    """Silence beside the clip has no sign of its own: it goes on with the clip's."""
    negative = np.pad(np.signbit(np.where(mono == 0, np.float32(0), mono)), WINDOW_FRAMES, mode="edge")
    crossed = np.concatenate([[False], negative[1:] != negative[:-1]])
    counts = np.concatenate([[0], np.cumsum(crossed)])
    starts = WINDOW_FRAMES // 2 + HOP_FRAMES * np.arange(1 + len(mono) // HOP_FRAMES)
    found: Column = (counts[starts + WINDOW_FRAMES] - counts[starts]) / WINDOW_FRAMES
    return found


def _contrast_db(spectra: Frames, hz: Column) -> Column:
    edges_hz = [0.0, *(CONTRAST_FROM_HZ * 2**n for n in range(CONTRAST_BANDS - 1)), ANALYSIS_RATE_HZ / 2 + 1]
    found = np.empty((len(spectra), CONTRAST_BANDS))
    for n, (low_hz, high_hz) in enumerate(pairwise(edges_hz)):
        levels = np.sort(spectra[:, (hz >= low_hz) & (hz < high_hz)].astype(np.float64), axis=1)
        some = max(1, round(CONTRAST_SHARE * levels.shape[1]))
        peak, valley = levels[:, -some:].mean(axis=1), levels[:, :some].mean(axis=1)
        found[:, n] = 10 * np.log10(np.maximum(peak, _TINY) / np.maximum(valley, _TINY))
    return found


def _mfcc(spectra: Frames) -> Column:
    power = rows_times(np.square(spectra), mel_filters(MEL_BANDS, WINDOW_FRAMES))
    decibels: Frames = 10 * np.log10(np.maximum(power, np.float32(_TINY)))
    return cepstrum(decibels).astype(np.float64)


def _chroma(spectra: Frames, hz: Column) -> Column:
    """Power by pitch class: each bin between two semitones goes to both, by how near it is."""
    heard = (hz >= _CHROMA_FROM_HZ) & (hz <= _CHROMA_TO_HZ)
    semitone = 12 * np.log2(hz[heard] / _A4_HZ) + 69
    lower = np.floor(semitone).astype(int)
    weights = np.zeros((int(heard.sum()), 12))
    rows = np.arange(len(weights))
    weights[rows, lower % 12] = 1 - (semitone - lower)
    weights[rows, (lower + 1) % 12] += semitone - lower
    power = np.square(spectra[:, heard].astype(np.float64)) @ weights
    most = power.max(axis=1, keepdims=True)
    return np.where(most > _TINY**2, power / np.where(most > 0, most, 1.0), 0.0)


def _tonnetz(chroma: Column) -> Column:
    total = chroma.sum(axis=1, keepdims=True)
    share = chroma / np.where(total > 0, total, 1.0)
    pitch = np.arange(12)
    basis = np.stack(
        [
            radius * (np.cos if is_cosine else np.sin)(np.pi * turns * pitch)
            for turns, radius, is_cosine in _TONNETZ
        ],
        axis=1,
    )
    found: Column = share @ basis
    return found
