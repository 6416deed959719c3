"""Running medians by minima and maxima of whole rows. Bit for bit what sorting each window gives, several times as fast.

Forgetful selection (A. Paeth, "Median finding on a 3×3 grid", Graphics Gems, 1990): of half a window and two more the least and the most
cannot be the median of all; they are dropped, the next value is taken in, and so on until one is left.
"""

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float32]


def running_median(levels: Levels, length: int, *, axis: int) -> Levels:
    """Of each window of an odd length; shorter by length - 1 along the axis. levels: finite, (rows, columns). [any]"""
    count = levels.shape[axis] - length + 1
    views = [levels[n : n + count] if axis == 0 else levels[:, n : n + count] for n in range(length)]
    held = [view.copy() for view in views[: length // 2 + 2]]
    for view in views[len(held) :]:
        held = [*_without_outermost(held), view.copy()]
    while len(held) > 1:
        held = _without_outermost(held)
    return held[0]


def _without_outermost(held: list[Levels]) -> list[Levels]:
    """All but the least and the most at each place. Changes the arrays."""
    last = len(held) - 1
    for n in range(len(held) // 2):
        _put_in_order(held, n, last - n)
    for n in range(1, (last + 2) // 2):
        _put_in_order(held, 0, n)
    for n in range((last + 1) // 2, last):
        _put_in_order(held, n, last)
    return held[1:-1]


def _put_in_order(held: list[Levels], low: int, high: int) -> None:
    lower = np.minimum(held[low], held[high])
    np.maximum(held[low], held[high], out=held[high])
    held[low] = lower
