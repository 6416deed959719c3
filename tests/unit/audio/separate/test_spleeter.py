"""The network's steps beside SciPy's, and a clip that is divided as its networks claim."""

import numpy as np
import pytest
from scipy.signal import correlate2d

from audio.separate.spleeter import RATE_HZ, doubled, halved, network, separate
from tests.support.model_files import CLAIMS, spleeter_files, spleeter_weights

SHARE = CLAIMS[0] ** 2 / (CLAIMS[0] ** 2 + CLAIMS[1] ** 2)
RNG = np.random.default_rng(7)


def test_halving_is_a_correlation_at_every_second_place() -> None:
    x, kernel, bias = (
        RNG.standard_normal(shape).astype(np.float32) for shape in ((3, 8, 12), (4, 3, 5, 5), (4,))
    )
    padded = np.pad(x, ((0, 0), (1, 2), (1, 2)))
    for n, found in enumerate(halved(x, kernel, bias)):
        slow = sum(correlate2d(padded[m], kernel[n, m], mode="valid") for m in range(3))
        np.testing.assert_allclose(found, slow[::2, ::2] + bias[n], atol=1e-4)


def test_doubling_is_the_halving_turned_round() -> None:
    """<halved(x), y> = <x, doubled(y)> for the same kernels: one is the adjoint of the other."""
    kernel = RNG.standard_normal((4, 3, 5, 5)).astype(np.float32)
    x = RNG.standard_normal((3, 8, 12)).astype(np.float32)
    y = RNG.standard_normal((4, 4, 6)).astype(np.float32)
    one = np.vdot(halved(x, kernel, np.zeros(4, np.float32)), y)
    other = np.vdot(x, doubled(y, kernel, np.zeros(3, np.float32)))
    assert one == pytest.approx(other, rel=1e-4)


def test_a_network_without_weights_claims_what_its_last_bias_says() -> None:
    levels = np.abs(RNG.standard_normal((2, 64, 64))).astype(np.float32)
    np.testing.assert_allclose(network(levels, spleeter_weights(0.8)), 0.8 * levels, rtol=1e-5)


@pytest.mark.parametrize(("rate_hz", "channels"), [(RATE_HZ, 2), (48_000, 1)])
def test_a_clip_is_divided_by_the_squares_of_what_is_claimed(rate_hz: int, channels: int) -> None:
    times = np.arange(rate_hz)[:, None] / rate_hz
    low = (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32).repeat(channels, axis=1)
    high = (0.3 * np.sin(2 * np.pi * 15_000 * times)).astype(np.float32).repeat(channels, axis=1)
    said: list[float] = []
    parts = separate(low + high, rate_hz, said.append, spleeter_files())
    inner = slice(rate_hz // 10, -rate_hz // 10)
    np.testing.assert_allclose(parts["vocals"][inner], SHARE * low[inner], atol=2e-3)
    np.testing.assert_allclose(parts["vocals"] + parts["accompaniment"], low + high, atol=1e-6)
    assert said[-1] == 1.0
