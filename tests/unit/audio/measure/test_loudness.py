"""BS.1770-4 loudness: against the standard's text run sample by sample, pyloudnorm, and what short or silent clips mean.

The cases of EBU Tech 3341 and 3342 and other programs as oracles are in tests/integration.
"""

import numpy as np
import pyloudnorm
import pytest
import scipy.signal

from audio.measure.loudness import integrated_lufs, k_weighting, loudness, loudness_curve
from tests.support.tones import level_steps, sine, soft_noise


@pytest.mark.parametrize("sample_rate_hz", [44_100, 48_000, 88_200, 96_000, 176_400, 192_000])
def test_full_scale_997_hz_in_one_channel_reads_3_01(sample_rate_hz: int) -> None:
    tone = sine(997, 0.0, 2, sample_rate_hz)
    tone[:, 1] = 0
    assert integrated_lufs(tone, sample_rate_hz) == pytest.approx(-3.01, abs=0.02)


def test_coefficients_at_48_khz_are_the_tables_of_the_standard() -> None:
    shelf, highpass = k_weighting(48_000)
    np.testing.assert_allclose(
        shelf,
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585],
        atol=1e-9,
    )
    np.testing.assert_allclose(highpass, [1, -2, 1, 1, -1.99004745483398, 0.99007225036621], atol=1e-9)


def _reference_lufs(samples: np.ndarray, rate_hz: int) -> float:
    """The standard's text with scipy's recursive filter, sample by sample."""
    filtered = scipy.signal.sosfilt(np.array(k_weighting(rate_hz)), samples.astype(np.float64), axis=0)
    edges = [step * rate_hz // 10 for step in range(len(samples) * 10 // rate_hz + 1)]
    powers = np.array(
        [(filtered[a:b] ** 2).mean(axis=0).sum() for a, b in zip(edges, edges[4:], strict=False)]
    )
    loud = powers[-0.691 + 10 * np.log10(powers) > -70]
    kept = loud[loud > loud.mean() / 10]
    return float(-0.691 + 10 * np.log10(kept.mean()))


@pytest.mark.parametrize("sample_rate_hz", [8_000, 22_050, 44_100, 96_000])
@pytest.mark.parametrize("frames_more", [0, 37])
def test_the_meter_reads_what_the_text_of_the_standard_reads(sample_rate_hz: int, frames_more: int) -> None:
    noise = soft_noise(4 * sample_rate_hz + frames_more)
    noise *= np.linspace(0.01, 1, len(noise), dtype=np.float32)[:, None] ** 2
    assert integrated_lufs(noise, sample_rate_hz) == pytest.approx(
        _reference_lufs(noise, sample_rate_hz), abs=1e-6
    )


def test_pyloudnorm_reads_the_same_but_for_its_known_bias() -> None:
    """pyloudnorm divides the high-pass numerator by a0, the standard does not: 20 log10(a0) = 0.043 dB at 48 kHz."""
    noise = soft_noise(5 * 48_000)
    theirs = pyloudnorm.Meter(48_000).integrated_loudness(noise.astype(np.float64))
    assert integrated_lufs(noise, 48_000) == pytest.approx(theirs + 0.043, abs=0.005)


@pytest.mark.parametrize("level_dbfs", [-200.0, -75.0])
def test_what_the_absolute_gate_removes_has_no_loudness(level_dbfs: float) -> None:
    assert integrated_lufs(sine(1000, level_dbfs, 2, 48_000), 48_000) is None


def test_mono_reads_three_below_the_same_tone_on_both_channels() -> None:
    both = integrated_lufs(sine(1000, -20, 1, 48_000), 48_000)
    one = integrated_lufs(sine(1000, -20, 1, 48_000, channels=1), 48_000)
    assert both is not None and one is not None
    assert both - one == pytest.approx(3.01, abs=0.01)


@pytest.mark.parametrize("frames", [480, 4_800, 19_199, 19_200])
def test_a_clip_shorter_than_a_block_is_measured_as_the_loop_it_is(frames: int) -> None:
    period = sine(1000, -20, 1, 48_000)[:frames]
    assert integrated_lufs(period, 48_000) == pytest.approx(-20.0, abs=0.15)


def test_a_single_frame_is_measured_without_failing() -> None:
    assert integrated_lufs(np.full((1, 1), 0.5, np.float32), 44_100) is not None


def test_silence_is_none_everywhere() -> None:
    found = loudness(np.zeros((50_000, 2), np.float32), 48_000)
    assert (found.integrated_lufs, found.momentary_max_lufs, found.short_term_max_lufs, found.range_lu) == (
        None,
    ) * 4


@pytest.mark.parametrize("seconds", [0.001, 0.4, 1.0, 2.99, 3.0])
def test_a_clip_shorter_than_a_window_is_heard_as_a_loop(seconds: float) -> None:
    """All windows of a steady tone agree, and one short-term value has no range."""
    found = loudness(sine(1000, -20, seconds, 48_000), 48_000)
    assert found.integrated_lufs == pytest.approx(-20.0, abs=0.15)
    assert found.short_term_max_lufs == pytest.approx(found.integrated_lufs, abs=0.05)
    assert found.momentary_max_lufs == pytest.approx(-20.0, abs=0.15)
    assert found.range_lu == 0.0


def test_momentary_follows_a_burst_that_integrated_hardly_sees() -> None:
    burst = level_steps([(-40.0, 5), (-10.0, 0.4), (-40.0, 5)], 48_000)
    found = loudness(burst, 48_000)
    assert found.momentary_max_lufs == pytest.approx(-10.0, abs=0.1)
    assert found.short_term_max_lufs == pytest.approx(-10 + 10 * np.log10(0.4 / 3), abs=0.1)


def test_the_curve_has_a_value_every_10_ms_and_none_for_silence() -> None:
    clip = np.concatenate([sine(1000, -20, 4, 44_100), np.zeros((2 * 44_100, 2), np.float32)])
    curve = loudness_curve(clip, 44_100)
    assert (len(curve.momentary_lufs), len(curve.short_term_lufs)) == (600 - 40 + 1, 600 - 300 + 1)
    assert curve.momentary_lufs[0] == pytest.approx(-20, abs=0.1) and curve.momentary_lufs[-1] is None
