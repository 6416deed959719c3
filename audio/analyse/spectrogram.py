"""A spectrogram to be looked at: so many columns in time, bands evenly spaced to the ear, up to the clip's own highest pitch.

Not for figures: those are of one rate and of every frame (audio.analyse.descriptors). A long clip is looked at in a few places of each column.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from audio.analyse.spectrum import Frames
from audio.intake import Samples
from audio.kernels.matrices import rows_times

WINDOW_S = 0.093
LOWEST_HZ, HIGHEST_HZ = 30.0, 20_000.0
BANDS = 232
MOST_LOOKS = 6
"""In one column: memory and time stay bounded whatever the length."""
_FLOOR = 1e-20
_PIECE = 256  # looks at a time: bounds memory


class Scale(StrEnum):
    LOG = "log"  # an octave is as high as any other
    MEL = "mel"  # as far apart as they sound (O'Shaughnessy's formula, as in HTK)


@dataclass(frozen=True, eq=False)
class Spectrogram:
    """levels_db: float32 (columns, BANDS), a full-scale sine is 0; centres_hz: (BANDS,), rising."""

    levels_db: Frames
    centres_hz: NDArray[np.float64]


def spectrogram(samples: Samples, sample_rate_hz: int, columns: int, scale: Scale = Scale.LOG) -> Spectrogram:
    """samples: finite float32 (frames >= 1, 1 or 2 channels). Of each column the loudest look. [worker]"""
    window_frames = 1 << round(np.log2(WINDOW_S * sample_rate_hz))
    mono = samples.mean(axis=1, dtype=np.float32)
    window = np.hanning(window_frames + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    padded = np.pad(mono, (window_frames // 2, window_frames))
    view = np.lib.stride_tricks.sliding_window_view(padded, window_frames)
    looks = int(np.clip(-(-len(mono) // (columns * window_frames // 2)), 1, MOST_LOOKS))
    centres_hz = _centres_hz(sample_rate_hz, scale)
    weights = _weights(centres_hz, sample_rate_hz, window_frames)
    places = ((np.arange(columns * looks) + 0.5) / looks * len(mono) / columns).astype(np.int64)
    levels = np.empty((len(places), BANDS), np.float32)
    for first in range(0, len(places), _PIECE):
        part = slice(first, first + _PIECE)
        power = np.square(np.abs(np.fft.rfft(view[places[part]] * window))).astype(np.float32)
        levels[part] = rows_times(power, weights)
    levels = levels.reshape(columns, looks, BANDS).max(axis=1)
    return Spectrogram(10 * np.log10(np.maximum(levels, np.float32(_FLOOR))), centres_hz)


def _centres_hz(sample_rate_hz: int, scale: Scale) -> NDArray[np.float64]:
    highest_hz = min(HIGHEST_HZ, sample_rate_hz / 2)
    if scale is Scale.LOG:
        return np.geomspace(LOWEST_HZ, highest_hz, BANDS)
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, highest_hz))
    mel: NDArray[np.float64] = 700 * (10 ** (np.linspace(low, high, BANDS) / 2595) - 1)
    return mel


def _weights(centres_hz: NDArray[np.float64], sample_rate_hz: int, window_frames: int) -> Frames:
    """(window // 2 + 1, BANDS): triangles from neighbour to neighbour; of those narrower than a bin, what lies between two bins."""
    bin_hz = sample_rate_hz / window_frames
    hz = np.arange(window_frames // 2 + 1) * bin_hz
    half_hz = np.maximum(np.gradient(centres_hz), bin_hz)
    weights: Frames = np.clip(1 - np.abs(hz[:, None] - centres_hz) / half_hz, 0, None).astype(np.float32)
    return weights
