"""The interpolator behind every true-peak figure: three values between each two frames, so four times the rate.

A Kaiser-windowed sinc of 24 taps per phase, used at every rate: BS.1770-4 Annex 2 lets 96 kHz and above use less, which
misses peaks by up to 3 dB. Not a resampler: no low-pass, and phase 0 is the samples themselves.
"""

import numpy as np
from numpy.typing import NDArray

OVERSAMPLING = 4
TAPS = 24  # per phase; kernels.c has the same number
_KAISER_BETA = 5.0


def _phases() -> NDArray[np.float32]:
    half = TAPS // 2
    delays = np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    distance = np.arange(-half + 1, half + 1)[None, :] - delays
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (distance / half) ** 2)) / np.i0(_KAISER_BETA)
    taps = np.sinc(distance) * window
    return np.ascontiguousarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


PHASES = _phases()
"""The fractional-delay filters, shape (OVERSAMPLING - 1, TAPS): rows are 1/4, 2/4, 3/4 of a frame later."""

_HALF = TAPS // 2
MIRRORED = np.ascontiguousarray(
    [
        (PHASES[0, :_HALF] + PHASES[0, : _HALF - 1 : -1]) / 2,
        (PHASES[0, :_HALF] - PHASES[0, : _HALF - 1 : -1]) / 2,
        PHASES[1, :_HALF],
    ],
    np.float32,
)
"""The same for kernels.c, float32 (3, TAPS / 2): even and odd half of the first phase, whose mirror image is the third;
the second, which is even."""

REACH = float(np.abs(PHASES).sum(axis=1, dtype=np.float64).max()) * (1 + 1e-6)
"""No interpolated value can be larger than this times the largest sample near it."""
