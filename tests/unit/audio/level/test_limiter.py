"""The limiter keeps its promise about what lies between the samples, and leaves alone what needs nothing."""

import numpy as np
import pytest

from audio.level.limiter import GENTLE, QUICK, Limiter, Speed
from audio.measure.loudness import integrated_lufs
from audio.measure.peak import true_peak_dbtp
from tests.support.tones import Samples, between_samples, clicks, music_like, sine, soft_noise

LOUD = {
    "music": music_like(1, 44_100),
    "noise": soft_noise(20_000, level_dbfs=-8),
    "between the samples": between_samples(4, 45, 0.9, 44_100),
    "clicks": clicks(30_000, 7_000, level_dbfs=0),
    "one frame": np.full((1, 2), 0.9, np.float32),
    "square": np.sign(sine(100, 0, 0.3, 44_100)) * np.float32(0.8),
}


def _limiter(samples: Samples, sample_rate_hz: int = 44_100) -> Limiter:
    return Limiter(samples, sample_rate_hz, max_gain_db=12.0, ceiling_dbtp=-1.0)


@pytest.mark.parametrize("speed", [GENTLE, QUICK])
@pytest.mark.parametrize("gain_db", [0.0, 3.0, 6.0, 12.0])
@pytest.mark.parametrize("kind", LOUD)
def test_the_true_peak_is_held_to_a_thousandth_of_a_decibel(kind: str, gain_db: float, speed: Speed) -> None:
    limited = _limiter(LOUD[kind]).run(gain_db, -1.0, speed=speed)
    measured = true_peak_dbtp(limited.samples)
    assert measured is not None and measured <= -1.0 + 0.001
    assert limited.reduction_db >= 0


def test_what_stays_below_the_ceiling_is_only_scaled() -> None:
    quiet = soft_noise(10_000, level_dbfs=-30)
    limited = _limiter(quiet).run(6.0, -1.0)
    np.testing.assert_allclose(limited.samples, quiet * np.float32(10**0.3), rtol=1e-6)
    assert limited.reduction_db == pytest.approx(0, abs=1e-6)


def test_only_the_neighbourhood_of_a_peak_is_touched() -> None:
    clip = soft_noise(44_100, level_dbfs=-30)
    clip[22_000] = 1.5
    limited = _limiter(clip).run(0.0, -1.0)
    changed = np.flatnonzero(limited.gain < 0.97)
    assert 21_700 < changed[0] <= 22_000 <= changed[-1] < 22_000 + 4_000


def test_a_single_hit_gives_back_at_once_and_a_steady_bass_keeps_its_wave() -> None:
    hit = soft_noise(44_100, level_dbfs=-30)
    hit[10_000] = 1.8
    gain = _limiter(hit).run(0.0, -1.0).gain
    assert gain[10_000] < 0.5 and gain[10_000 + 1_800] > 0.9  # 40 ms later; held by its mean alone
    bass = _limiter(sine(50, 0.0, 2.0, 44_100)).run(3.0, -1.0).samples[44_100:, 0]
    spectrum = np.abs(np.fft.rfft(bass * np.hanning(len(bass))))
    harmonics = [spectrum[50 * k - 2 : 50 * k + 3].max() for k in range(2, 20)]
    assert np.linalg.norm(harmonics) < 0.01 * spectrum[48:53].max()


def test_the_quick_one_takes_less_loudness_from_drums() -> None:
    drums = clicks(44_100, 11_025, level_dbfs=0.0)
    left = [integrated_lufs(_limiter(drums).run(5.0, -1.0, speed=s).samples, 44_100) for s in (GENTLE, QUICK)]
    assert left[0] is not None and left[1] is not None and left[1] > left[0] + 0.3


def test_both_channels_get_the_same_gain_so_that_the_image_stays() -> None:
    clip = soft_noise(8_000, level_dbfs=-6)
    clip[:, 1] *= np.float32(0.5)
    limited = _limiter(clip).run(6.0, -1.0).samples
    np.testing.assert_allclose(limited[:, 0] * clip[:, 1], limited[:, 1] * clip[:, 0], atol=1e-5)


def test_a_frame_may_be_asked_to_stay_lower_than_its_peak_needs() -> None:
    clip = soft_noise(8_000, level_dbfs=-30)
    spots = np.ones(8_000, np.float32)
    spots[4_000] = 0.7
    limited = _limiter(clip).run(0.0, -1.0, spots=spots)
    assert limited.gain[4_000] <= 0.7 + 1e-6
    assert limited.gain[2_000] == pytest.approx(1.0, abs=1e-6)


def test_the_input_is_not_written_to() -> None:
    clip = LOUD["music"].copy()
    _limiter(clip).run(6.0, -1.0)
    np.testing.assert_array_equal(clip, LOUD["music"])
