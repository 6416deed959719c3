"""What is let in, and how loud it is made."""

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.intake import MAX_RATE_HZ, MIN_RATE_HZ, SAMPLE_LIMIT, require_rate, sanitize
from audio.level.target import LoudnessReason, apply_gain, static_gain


def test_clean_audio_is_not_copied() -> None:
    clean = np.full((10, 2), 0.5, np.float32)
    intake = sanitize(clean)
    assert intake.samples is clean
    assert (intake.nonfinite_samples, intake.clamped_samples) == (0, 0)


def test_broken_samples_are_silenced_clamped_and_counted_without_touching_the_input() -> None:
    dirty = np.array([[np.nan, np.inf], [-np.inf, 1e30], [-9.0, 1e-40], [8.0, -0.25]], np.float32)
    before = dirty.copy()
    intake = sanitize(dirty)
    expected = np.array([[0, 0], [0, SAMPLE_LIMIT], [-SAMPLE_LIMIT, 0], [8.0, -0.25]], np.float32)
    np.testing.assert_array_equal(intake.samples, expected)
    assert (intake.nonfinite_samples, intake.clamped_samples) == (3, 2)
    np.testing.assert_array_equal(dirty, before)


def test_a_strided_view_becomes_contiguous() -> None:
    view = np.arange(40, dtype=np.float32).reshape(10, 4)[:, ::2]
    samples = sanitize(view).samples
    assert samples.flags.c_contiguous
    np.testing.assert_array_equal(samples, view.clip(max=SAMPLE_LIMIT))


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((0, 2), np.float32), "no frames"),
        (np.zeros((10, 3), np.float32), "1 or 2 channels"),
        (np.zeros((10, 0), np.float32), "1 or 2 channels"),
        (np.zeros(10, np.float32), "1 or 2 channels"),
        (np.zeros((10, 2), np.float64), "float64"),
        (np.zeros((10, 2), np.int16), "int16"),
    ],
)
def test_other_arrays_are_refused_with_a_sentence(array: np.ndarray, says: str) -> None:
    with pytest.raises(UnsupportedAudio, match=says):
        sanitize(array)


@pytest.mark.parametrize("sample_rate_hz", [0, MIN_RATE_HZ - 1, MAX_RATE_HZ + 1])
def test_rates_outside_the_limits_are_refused(sample_rate_hz: int) -> None:
    with pytest.raises(UnsupportedAudio, match=f"{sample_rate_hz} Hz"):
        require_rate(sample_rate_hz)


@pytest.mark.parametrize(
    ("lufs", "dbtp", "gain_db", "reason"),
    [
        (-20.0, -12.0, 6.0, LoudnessReason.TARGET),
        (-8.0, 0.5, -6.0, LoudnessReason.TARGET),
        (-20.0, -7.0, 6.0, LoudnessReason.TARGET),  # exactly at the ceiling
        (-20.0, -3.0, 2.0, LoudnessReason.PEAK_LIMITED),
        (-14.0, 1.0, -2.0, LoudnessReason.PEAK_LIMITED),
        (None, None, 0.0, LoudnessReason.SILENT),
        (None, -30.0, 0.0, LoudnessReason.SILENT),
        (None, 6.0, -7.0, LoudnessReason.SILENT),  # a constant offset: not measurable, yet too high
    ],
)
def test_one_gain_to_the_target_held_by_the_ceiling(
    lufs: float | None, dbtp: float | None, gain_db: float, reason: LoudnessReason
) -> None:
    gain = static_gain(lufs, dbtp)
    assert gain.gain_db == pytest.approx(gain_db)
    assert gain.reason is reason


def test_gain_scales_every_sample_and_keeps_float32() -> None:
    louder = apply_gain(np.array([[0.25, -0.1]], np.float32), 6.0206)
    assert louder.dtype == np.float32
    np.testing.assert_allclose(louder, [[0.5, -0.2]], rtol=1e-5)
