"""The loops that decide what measuring and limiting cost: in C where that was built, else in numpy.

Both give the same figures (to rounding; tests compare them), so nothing else needs to know which is in use.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels.native import Native, load
from audio.kernels.overlay import Overlays, Words
from audio.kernels.portable import Portable
from audio.kernels.statistics import FlatRuns, Statistics, Stretches


class Kernels(Protocol):
    """samples: finite float32 (frames >= 1, channels >= 1), silence assumed before and after. [any]"""

    def k_energy(
        self,
        samples: Samples,
        filters: NDArray[np.float64],
        weights: NDArray[np.float64],
        edges: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Weighted sum of squares of the filtered channels between successive edges (frames, rising from 0).

        filters: two biquads as rows [b0, b1, b2, 1, a1, a2]; weights: one per channel.
        """
        ...

    def true_peak(self, samples: Samples) -> float:
        """The largest |value| of the clip at four times its rate, linear."""
        ...

    def envelope(self, samples: Samples, floor: float) -> NDArray[np.float32]:
        """For each frame the largest |value| of any channel at four times the rate, between its neighbours.

        Where nothing can pass floor, sample peaks only.
        """
        ...

    def limiter_gain(
        self, allowed: NDArray[np.float32], ahead_frames: int, release: float, memory: float
    ) -> NDArray[np.float32]:
        """A smooth gain that is nowhere above allowed (0..1, float32, contiguous). See sc_limiter_gain.

        ahead_frames: length of the straight line down; release: share of the reduction left one frame later; memory:
        the same of its running mean, below which it does not come back.
        """
        ...

    def statistics(self, samples: Samples) -> Statistics:
        """Sums, squares, extremes of each channel, and how the first and last go together."""
        ...

    def flat_runs(
        self, samples: Samples, low: NDArray[np.float32], high: NDArray[np.float32], run_frames: int
    ) -> list[FlatRuns]:
        """For each channel, runs of at least run_frames neighbouring frames exactly at its low or high extreme."""
        ...

    def stretches(self, samples: Samples, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Stretches:
        """Minimum, maximum and sum of squares of the frames starts[i] to ends[i], of one or two channels; none empty."""
        ...

    def pcm16(self, samples: Samples, scale: float, noise: Samples) -> tuple[NDArray[np.int16], int]:
        """samples * scale + noise, rounded and held to int16; how many samples were beyond before the noise."""
        ...

    def overlays(
        self, words: Words, starts: NDArray[np.int64], query: Words, speeds: NDArray[np.float64]
    ) -> Overlays:
        """Lay query over each known fingerprint, the shorter over the longer, in all places and at all speeds.

        words: all known ones, one after another; starts: where each begins, and at last where the last one ends.
        speeds: of the shorter relative to the longer, > 0.
        """
        ...


_library = load()
KERNELS: Kernels = Portable() if _library is None else Native(_library)
"""What the package computes with."""
