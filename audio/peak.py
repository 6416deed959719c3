"""Sample peak and true peak (ITU-R BS.1770-4 Annex 2: the maximum of the signal at four times its rate).

Not a limiter, and no history: one figure for the whole clip.

The interpolator is a Kaiser-windowed sinc of 24 taps per phase, used at every rate (BS.1770 lets 96 kHz and above
use less, which misses peaks by up to 3 dB). A short stretch whose samples, times the filter's absolute gain, cannot
beat the highest value found so far is never interpolated, so most clips cost one pass over their samples.
"""

import math

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.matrices import rows_times

OVERSAMPLING = 4
_TAPS = 24  # per phase
_SPAN_FRAMES = 32  # interpolated or skipped as one
_BATCH_SPANS = 256
_CHUNK_FRAMES = 2_048 * _SPAN_FRAMES  # 256 kB: stays in the cache
_KAISER_BETA = 5.0


def sample_peak(samples: Samples) -> float:
    """Largest |sample|, linear. samples: finite float32 (frames >= 1, channels). [any]"""
    return max(float(samples.max()), -float(samples.min()))


def true_peak_dbtp(samples: Samples) -> float | None:
    """True peak of all channels in dBTP (0 = full scale), or None for digital silence. [any]

    samples: finite float32 (frames >= 1, channels). The clip is taken to start and end in silence.
    """
    highest = max(_channel_peak(samples[:, channel]) for channel in range(samples.shape[1]))
    return 20 * math.log10(highest) if highest > 0 else None


def _phases() -> NDArray[np.float64]:
    """The three fractional-delay filters, shape (3, _TAPS); phase 0 is the samples themselves."""
    half = _TAPS // 2
    delays = np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    distance = np.arange(-half + 1, half + 1)[None, :] - delays
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (distance / half) ** 2)) / np.i0(_KAISER_BETA)
    taps = np.sinc(distance) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True))


def _span_interpolator(phases: NDArray[np.float64]) -> NDArray[np.float32]:
    """Matrix that turns a span with its neighbours into the span's interpolated values."""
    width = _SPAN_FRAMES + _TAPS - 1
    matrix = np.zeros((width, _SPAN_FRAMES * len(phases)), np.float32)
    for frame in range(_SPAN_FRAMES):
        for phase, taps in enumerate(phases):
            matrix[frame : frame + _TAPS, frame * len(phases) + phase] = taps
    return matrix


def _channel_peak(channel: NDArray[np.float32]) -> float:
    phases = _phases()
    gain = float(np.abs(phases).sum(axis=1).max())
    matrix = _span_interpolator(phases)
    highest = max(float(channel.max()), -float(channel.min()))
    padded = np.empty(_CHUNK_FRAMES + 2 * _SPAN_FRAMES, np.float32)
    # From a span before the clip to one after it: the signal between samples does not stop where they do.
    for start in range(-_SPAN_FRAMES, len(channel) + _SPAN_FRAMES, _CHUNK_FRAMES):
        first = max(0, start - _SPAN_FRAMES)
        part = channel[first : start + _CHUNK_FRAMES + _SPAN_FRAMES]
        offset = first - (start - _SPAN_FRAMES)
        padded[:offset] = 0
        padded[offset : offset + len(part)] = part
        padded[offset + len(part) :] = 0
        highest = _chunk_peak(padded, matrix, gain, highest)
    return highest


def _chunk_peak(
    padded: NDArray[np.float32], matrix: NDArray[np.float32], gain: float, highest: float
) -> float:
    """The larger of highest and the interpolated peak of padded without its first and last span."""
    starts = np.arange(
        0, len(padded), _SPAN_FRAMES
    )  # reduceat is three times faster here than a reshaped max
    loudest = np.maximum(np.maximum.reduceat(padded, starts), -np.minimum.reduceat(padded, starts))
    reach = gain * np.maximum(np.maximum(loudest[:-2], loudest[1:-1]), loudest[2:])
    candidates = np.flatnonzero(reach > highest)
    candidates = candidates[np.argsort(-reach[candidates], kind="stable")]
    before = _TAPS // 2 - 1  # frames a span's filter reaches back; it reaches _TAPS // 2 ahead
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(matrix))[
        _SPAN_FRAMES - before :: _SPAN_FRAMES
    ]
    for first in range(0, len(candidates), _BATCH_SPANS):
        batch = candidates[first : first + _BATCH_SPANS]
        if reach[batch[0]] <= highest:
            break
        values = rows_times(windows[batch], matrix)
        highest = max(highest, float(values.max()), -float(values.min()))
    return highest
