"""The running median, against sorting each window."""

import numpy as np
import pytest

from audio.kernels.medians import running_median


@pytest.mark.parametrize("length", [1, 3, 5, 17])
@pytest.mark.parametrize("axis", [0, 1])
def test_it_is_what_sorting_each_window_gives(length: int, axis: int) -> None:
    random = np.random.default_rng(length)
    for levels in (random.random((40, 23)), random.integers(0, 3, (17, 19)), np.zeros((20, 20))):
        given = levels.astype(np.float32)
        before = given.copy()
        windows = np.lib.stride_tricks.sliding_window_view(given, length, axis=axis)
        np.testing.assert_array_equal(running_median(given, length, axis=axis), np.median(windows, axis=-1))
        np.testing.assert_array_equal(given, before)
