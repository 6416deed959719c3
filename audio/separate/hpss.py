"""Percussive, harmonic and bass parts of a clip, by how each lies in the spectrogram. No model: "hpss" is no separation of instruments.

What is steady in time is a horizontal line, what is short a vertical one: medians along each axis keep one and lose the other, and soft
masks of both divide the sound (D. FitzGerald, "Harmonic/Percussive Separation using Median Filtering", DAFx-10). Of what is harmonic, what
lies below CROSSOVER_HZ is the bass. The three parts sum up to the clip.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples, require_rate, require_shape
from audio.kernels.medians import running_median

WINDOW_S = 0.093
"""Of one spectrum; 4,096 frames at 44,100 Hz. A quarter of it from one to the next."""
STEADY_FRAMES, SHORT_BINS = 17, 17
"""How far the medians look: some 0.4 s along time, 180 Hz along frequency."""
CROSSOVER_HZ = 150.0
_OVERLAP = 4
_PIECE = 256  # spectra at a time: bounds memory, and changes nothing of the result
_MASK_FLOOR = 1e-12

Progress = Callable[[float], None]
"""How far it is, 0..1, after each piece. What it raises ends the work."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Each as long as the clip and with its channels, float32."""

    percussive: Samples
    harmonic: Samples
    bass: Samples


def separate(samples: Samples, sample_rate_hz: int, on_progress: Progress = lambda _: None) -> Parts:
    """samples: finite float32 (frames >= 1, 1 or 2 channels). Raises UnsupportedAudio, and what on_progress raises. [worker]"""
    require_rate(sample_rate_hz)
    require_shape(samples)
    hop = max(1 << round(np.log2(WINDOW_S * sample_rate_hz / _OVERLAP)), 16)
    window_frames = hop * _OVERLAP
    window = np.sqrt(np.hanning(window_frames + 1)[:-1]).astype(np.float32)
    padded = np.pad(samples, ((window_frames, 2 * window_frames), (0, 0)))
    count = 1 + (len(padded) - window_frames) // hop
    below = np.arange(window_frames // 2 + 1) * sample_rate_hz / window_frames < CROSSOVER_HZ
    harmonic, bass = np.zeros_like(padded), np.zeros_like(padded)
    for first, spectra, steady in _masked(padded, window, hop, count):
        for out, kept in ((harmonic, steady * ~below), (bass, steady * below)):
            _add(out, first, np.fft.irfft(spectra * kept[:, None, :], window_frames), window, hop)
        on_progress(min((first + _PIECE) / count, 1.0))
    scale = np.float32(2 / _OVERLAP)  # of squared Hann windows laid over one another
    found = [
        np.ascontiguousarray(part[window_frames : window_frames + len(samples)] * scale, np.float32)
        for part in (harmonic, bass)
    ]
    return Parts(percussive=samples - found[0] - found[1], harmonic=found[0], bass=found[1])


def _masked(
    padded: Samples, window: NDArray[np.float32], hop: int, count: int
) -> Iterator[tuple[int, NDArray[np.complexfloating], NDArray[np.float32]]]:
    """(number of the first, spectra (n, channels, bins), what of each is steady (n, bins), 0..1), piece by piece.

    Both channels have one mask, so nothing moves between the speakers.
    """
    reach = STEADY_FRAMES // 2
    for first in range(0, count, _PIECE):
        wide_first, wide_end = max(first - reach, 0), min(first + _PIECE + reach, count)
        spectra = np.stack(
            [_spectra(padded[:, n], window, hop, wide_first, wide_end) for n in range(padded.shape[1])],
            axis=1,
        )
        levels = np.sqrt(np.mean(np.square(np.abs(spectra)), axis=1)).astype(np.float32)
        last = min(first + _PIECE, count)
        inner = slice(first - wide_first, last - wide_first)
        steady = running_median(
            _around(levels, first - wide_first, last - wide_first, reach), STEADY_FRAMES, axis=0
        )
        short = running_median(
            np.pad(levels[inner], ((0, 0), (SHORT_BINS // 2,) * 2), mode="edge"), SHORT_BINS, axis=1
        )
        of_steady, of_short = np.square(steady), np.square(short)
        mask: NDArray[np.float32] = of_steady / (of_steady + of_short + np.float32(_MASK_FLOOR))  # type: ignore[assignment]  # float32
        yield first, spectra[inner], mask


def _around(levels: NDArray[np.float32], first: int, end: int, reach: int) -> NDArray[np.float32]:
    """Rows from first to end with `reach` more on each side; beyond the clip its outermost ones."""
    places = np.clip(np.arange(first - reach, end + reach), 0, len(levels) - 1)
    return levels[places]


def _spectra(
    channel: NDArray[np.float32], window: NDArray[np.float32], hop: int, first: int, end: int
) -> NDArray[np.complexfloating]:
    view = np.lib.stride_tricks.sliding_window_view(channel, len(window))[
        first * hop : (end - 1) * hop + 1 : hop
    ]
    return np.fft.rfft(view * window)


def _add(
    out: Samples, first: int, pieces: NDArray[np.floating], window: NDArray[np.float32], hop: int
) -> None:
    """pieces: (n, channels, frames), laid over one another from spectrum `first` on."""
    for n, piece in enumerate(pieces):
        at = (first + n) * hop
        out[at : at + len(window)] += piece.T * window[:, None]
