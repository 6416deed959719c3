"""Magnitude spectra of a clip, and the few figures that describe its sound.

Not an equaliser and not a picture: frames of magnitudes for the analyses beside this file, and one summary per clip.
All rates are brought to ANALYSIS_RATE_HZ first, so a figure means the same whatever rate the clip came in.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels.matrices import rows_times

ANALYSIS_RATE_HZ = 22_050
MAX_SECONDS = 120
"""A longer clip is judged by its middle: tempo, key and likeness need no more, and memory stays bounded."""
MEL_BANDS = 40
MFCC_COUNT = 13
_CACHED_FRAMES = 128  # spectra in pieces that stay in the cache
_FLOOR = 1e-10  # power below which a band says nothing: -100 dB re full scale

Frames = NDArray[np.float32]
"""float32, one row per frame of the analysis."""


@dataclass(frozen=True)
class SpectralSummary:
    """What a clip sounds like, averaged over its frames by their power.

    centroid_hz: mean frequency, weighted by power. bandwidth_hz: spread around it (standard deviation). Both 0 to
    ANALYSIS_RATE_HZ / 2. flatness: geometric over arithmetic mean of the power spectrum, 0 (a tone) to 1 (white
    noise). mfcc: 13 mel cepstrum coefficients (orthonormal DCT-II of 40 log mel powers in dB, HTK mel scale, 30 Hz to
    11,025 Hz), mean over frames; the first one is level. All None-free: silence gives zeros.
    """

    centroid_hz: float
    bandwidth_hz: float
    flatness: float
    mfcc: tuple[float, ...]


def middle(samples: Samples, sample_rate_hz: int) -> tuple[int, Samples]:
    """Where the analysed part begins, in frames, and that part: at most MAX_SECONDS around the middle. [any]"""
    first = max(0, (len(samples) - MAX_SECONDS * sample_rate_hz) // 2)
    return first, samples[first : first + MAX_SECONDS * sample_rate_hz]


def analysis_mono(samples: Samples, sample_rate_hz: int) -> Frames:
    """One channel at ANALYSIS_RATE_HZ, float32 (frames,), peak 1.0 (silence stays 0). [any]

    As one_channel(), with its level normalised so that no threshold depends on it.
    """
    return at_full_scale(one_channel(samples, sample_rate_hz))


def one_channel(samples: Samples, sample_rate_hz: int) -> Frames:
    """One channel at ANALYSIS_RATE_HZ, float32 (frames,), at its own level; of a very short clip no frame may be left. [any]

    samples: finite float32 (frames >= 1, 1 or 2 channels). The channels are averaged; where they cancel (inverted
    polarity), the left one stands for both.
    """
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    left = samples[:, 0]
    if np.dot(mono, mono) < 0.02 * np.dot(left, left):
        mono = left
    if sample_rate_hz != ANALYSIS_RATE_HZ:
        mono = soxr.resample(mono, sample_rate_hz, ANALYSIS_RATE_HZ, quality="HQ")
    return np.ascontiguousarray(mono, np.float32)


def at_full_scale(mono: Frames) -> Frames:
    """The same with a peak of 1.0; silence stays 0. [any]"""
    peak = float(np.abs(mono).max(initial=0.0))
    scaled: Frames = np.ascontiguousarray(mono / np.float32(peak) if peak > 1e-6 else mono * 0, np.float32)
    return scaled


def magnitudes(mono: Frames, window_frames: int, hop_frames: int) -> Frames:
    """Magnitude spectra, float32 (1 + len // hop, window // 2 + 1), frame i centred on sample i * hop. [any]

    Hann window, scaled so that a full-scale sine reads 1.0. The clip is padded with silence on both sides.
    """
    spectra = np.empty((1 + len(mono) // hop_frames, window_frames // 2 + 1), np.float32)
    for first, piece in magnitude_pieces(mono, window_frames, hop_frames, _CACHED_FRAMES):
        spectra[first : first + len(piece)] = piece
    return spectra


def magnitude_pieces(
    mono: Frames, window_frames: int, hop_frames: int, piece_frames: int
) -> Iterator[tuple[int, Frames]]:
    """What magnitudes() returns, (number of the first row, so many rows) at a time: for clips whose spectra are too large for memory. [any]"""
    half = window_frames // 2
    padded = np.pad(mono, (half, half + hop_frames))
    count = 1 + len(mono) // hop_frames
    window = np.hanning(window_frames + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    view = np.lib.stride_tricks.sliding_window_view(padded, window_frames)[::hop_frames][:count]
    for first in range(0, count, piece_frames):
        rows = view[first : first + piece_frames]
        yield first, np.abs(np.fft.rfft(rows * window)).astype(np.float32, copy=False)


def mel_filters(bands: int, window_frames: int, *, lowest_hz: float = 30.0) -> Frames:
    """Triangles on the HTK mel scale, float32 (window // 2 + 1, bands); each sums to 1, none is empty. [any]"""

    def mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    edges_hz = 700 * (10 ** (np.linspace(mel(lowest_hz), mel(ANALYSIS_RATE_HZ / 2), bands + 2) / 2595) - 1)
    return triangles(edges_hz, window_frames)


def triangles(edges_hz: NDArray[np.float64], window_frames: int) -> Frames:
    """Triangular weights (window // 2 + 1, len(edges) - 2), column i from edge i over i + 1 to i + 2. [any]"""
    bins_hz = np.arange(window_frames // 2 + 1) * (ANALYSIS_RATE_HZ / window_frames)
    low, middle, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    # A band narrower than a bin would be empty: it gets at least the width of one.
    width_hz = ANALYSIS_RATE_HZ / window_frames
    rise = (bins_hz[:, None] - low) / np.maximum(middle - low, width_hz)
    fall = (high - bins_hz[:, None]) / np.maximum(high - middle, width_hz)
    weights = np.clip(np.minimum(rise, fall), 0, None)
    nearest = np.rint(middle / width_hz).astype(int)
    weights[nearest, np.arange(len(middle))] += weights.sum(axis=0) == 0
    scaled: Frames = (weights / weights.sum(axis=0)).astype(np.float32)
    return scaled


def cepstrum(log_mel: Frames, count: int = MFCC_COUNT) -> Frames:
    """The first coefficients of the orthonormal DCT-II of each row. log_mel: (frames, bands), dB. [any]"""
    bands = log_mel.shape[1]
    k = np.arange(count)
    basis = np.cos(np.pi * (np.arange(bands)[:, None] + 0.5) * k / bands) * np.sqrt(2 / bands)
    basis[:, 0] /= np.sqrt(2)
    return rows_times(log_mel, basis.astype(np.float32))


def log_mel(spectra: Frames, window_frames: int) -> Frames:
    """Power in MEL_BANDS bands in dB, float32 (frames, MEL_BANDS), floor -100. [any]"""
    power = rows_times(np.square(spectra), mel_filters(MEL_BANDS, window_frames))
    decibels: Frames = 10 * np.log10(np.maximum(power, np.float32(_FLOOR)))
    return decibels


def summarise(spectra: Frames, window_frames: int) -> SpectralSummary:
    """spectra: as magnitudes() returns them, of a clip from analysis_mono(). [any]"""
    power = np.square(spectra).mean(axis=0, dtype=np.float64)
    total = float(power.sum())
    if total < _FLOOR:
        return SpectralSummary(0.0, 0.0, 0.0, (0.0,) * MFCC_COUNT)
    hz = np.arange(len(power)) * (ANALYSIS_RATE_HZ / window_frames)
    centroid_hz = float((hz * power).sum() / total)
    bandwidth_hz = math.sqrt(float((np.square(hz - centroid_hz) * power).sum() / total))
    flatness = float(np.exp(np.log(power + _FLOOR * 1e-4).mean()) / (power.mean() + _FLOOR * 1e-4))
    mfcc = cepstrum(log_mel(spectra, window_frames)).mean(axis=0)
    return SpectralSummary(centroid_hz, bandwidth_hz, flatness, tuple(float(value) for value in mfcc))
