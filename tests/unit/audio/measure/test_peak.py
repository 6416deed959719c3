"""True peak: against another interpolator, and that skipping stretches changes nothing. EBU's cases: integration."""

import numpy as np
import pytest
import scipy.signal

from audio.measure.peak import sample_peak, true_peak_dbtp
from tests.support.tones import between_samples, clicks, soft_noise


@pytest.mark.parametrize("frames", [1, 31, 32, 33, 5_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_true_peak_agrees_with_scipy_resampling(frames: int, seed: int) -> None:
    noise = soft_noise(frames, seed=seed)
    oversampled = scipy.signal.resample_poly(np.pad(noise.astype(np.float64), ((64, 64), (0, 0))), 4, 1)
    expected = 20 * np.log10(max(np.abs(oversampled).max(), sample_peak(noise)))
    assert true_peak_dbtp(noise) == pytest.approx(expected, abs=0.1)


def test_the_highest_stretch_is_found_wherever_it_is() -> None:
    """Only stretches that could win are interpolated; the one between-sample crest must be among them."""
    for start in range(0, 3_000, 97):
        quiet = soft_noise(4_000, level_dbfs=-30.0)
        crest = between_samples(4, 45, 0.7, 48_000)[1_000:1_300]
        quiet[start : start + len(crest)] += crest
        measured = true_peak_dbtp(quiet)
        assert measured is not None and measured > 20 * np.log10(sample_peak(quiet)) + 1.0


def test_true_peak_is_never_below_the_sample_peak() -> None:
    burst = clicks(10_000, 2_500)
    measured = true_peak_dbtp(burst)
    assert measured is not None and measured >= 20 * np.log10(sample_peak(burst)) - 1e-6


def test_either_channel_and_either_sign_counts() -> None:
    samples = np.zeros((100, 2), np.float32)
    samples[40, 1] = -0.5
    assert sample_peak(samples) == 0.5
    assert true_peak_dbtp(samples) == pytest.approx(-6.02, abs=0.01)


def test_digital_silence_has_no_true_peak() -> None:
    assert true_peak_dbtp(np.zeros((1_000, 2), np.float32)) is None
