"""What one pass over a clip says about its channels, as values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Statistics:
    """Arrays of one number per channel. product: the sum of first times last channel, frame by frame."""

    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    product: float


@dataclass(frozen=True)
class FlatRuns:
    """first_frame: where the first of them begins, None without one."""

    count: int
    first_frame: int | None


@dataclass(frozen=True)
class Stretches:
    """Arrays (stretches, channels): minimum and maximum, float32; sum of squares, float64."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    squares: NDArray[np.float64]
