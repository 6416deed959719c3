"""A look-ahead limiter that holds the true peak: opt-in, for a few decibels. Not a loudness maximiser, no clipping.

The gain is the same on all channels. It falls along a straight line that ends where the peak is, and comes back
at two speeds: at once from a single hit, slowly from what is needed all the time (kernels.c). Shaping the gain can lift
what lies between frames by a hair, so the result is measured, and the internal ceiling lowered until the true peak keeps
the promise.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels import KERNELS

MEMORY_MS = (
    150.0  # of the running mean that is held: with it 50 Hz are distorted no more than by a release of 40 ms
)
_PASSES = 3
_TOLERANCE = 1e-4  # 0.001 dB


@dataclass(frozen=True)
class Speed:
    """ahead_ms: how long the gain falls before a peak; release_ms: to 1/e of what a single peak took."""

    ahead_ms: float
    release_ms: float


GENTLE = Speed(ahead_ms=5.0, release_ms=10.0)
QUICK = Speed(
    ahead_ms=1.5, release_ms=2.0
)  # half the loudness lost to drums, ten times the distortion of a bass


@dataclass(frozen=True)
class Limited:
    """samples: same shape as what went in, gain applied. gain: of each frame, 0..1, without the static gain.

    reduction_db: the most that was taken off anywhere, >= 0.
    """

    samples: Samples
    gain: NDArray[np.float32]
    reduction_db: float


class Limiter:
    """One clip, whose envelope is found once: running it again with another gain costs a fraction of the first.

    samples: finite float32 (frames >= 1, 1 or 2 channels), not written to. max_gain_db, ceiling_dbtp: no run will ask
    for more gain or for less ceiling than these. [worker]: about 2 ms per second of stereo at 44.1 kHz
    """

    def __init__(
        self, samples: Samples, sample_rate_hz: int, *, max_gain_db: float, ceiling_dbtp: float
    ) -> None:
        self._samples = samples
        # 6 dB lower, for what later passes and spots may ask for.
        self._envelope = KERNELS.envelope(samples, 0.5 * _linear(ceiling_dbtp - max_gain_db))
        self._rate_hz = sample_rate_hz

    def run(
        self,
        gain_db: float,
        ceiling_dbtp: float,
        *,
        speed: Speed = GENTLE,
        spots: NDArray[np.float32] | None = None,
    ) -> Limited:
        """The clip with gain_db and a true peak of at most ceiling_dbtp, to 0.001 dB.

        spots: for each frame the most gain the limiter may leave it, where something else than the peak asks for less.
        """
        static = np.float32(_linear(gain_db))
        ceiling = inner = _linear(ceiling_dbtp)
        envelope = np.maximum(self._envelope * static, np.float32(1e-20))
        ahead_frames = max(1, round(self._rate_hz * speed.ahead_ms / 1000))
        release, memory = (math.exp(-1000 / (ms * self._rate_hz)) for ms in (speed.release_ms, MEMORY_MS))
        for _ in range(_PASSES):
            allowed = np.minimum(np.float32(inner) / envelope, np.float32(1.0))
            if spots is not None:
                np.minimum(allowed, spots, out=allowed)
            gain = KERNELS.limiter_gain(allowed, ahead_frames, release, memory)
            samples = self._samples * (gain * static)[:, None]
            peak = KERNELS.true_peak(samples)
            if peak <= ceiling * (1 + _TOLERANCE):
                break
            inner *= ceiling / peak
        else:
            gain *= np.float32(ceiling / peak)
            samples *= np.float32(ceiling / peak)
        return Limited(samples=samples, gain=gain, reduction_db=-20 * float(np.log10(gain.min())))


def _linear(decibels: float) -> float:
    return float(10 ** (decibels / 20))
