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
