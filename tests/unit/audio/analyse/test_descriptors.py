"""Each descriptor against its definition, counted frame by frame, and against sounds whose figures are known."""

import math

import numpy as np
import pytest

from audio.analyse.descriptors import HOP_FRAMES, WINDOW_FRAMES, describe, summary
from audio.analyse.spectrum import ANALYSIS_RATE_HZ
from audio.errors import UnsupportedAudio
from audio.intake import Samples
from tests.support.tones import music_like, sine

HZ = np.arange(WINDOW_FRAMES // 2 + 1) * ANALYSIS_RATE_HZ / WINDOW_FRAMES


def _windows(clip: Samples) -> list[np.ndarray]:
    mono = np.pad(clip.mean(axis=1).astype(np.float64), WINDOW_FRAMES)
    starts = range(WINDOW_FRAMES // 2, WINDOW_FRAMES // 2 + len(clip) + 1, HOP_FRAMES)
    return [mono[at : at + WINDOW_FRAMES] for at in starts][: 1 + len(clip) // HOP_FRAMES]


@pytest.fixture(scope="module")
def clip() -> Samples:
    return music_like(1, ANALYSIS_RATE_HZ)[:12_345]


def test_frames_are_those_of_the_definition(clip: Samples) -> None:
    found, windows = describe(clip, ANALYSIS_RATE_HZ), _windows(clip)
    assert len(found.rms) == len(windows)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_FRAMES) / WINDOW_FRAMES)
    for n, window in enumerate(windows):
        levels = np.abs(np.fft.rfft(window * hann))
        centroid_hz = sum(hz * level for hz, level in zip(HZ, levels, strict=True)) / levels.sum()
        spread = (
            sum((hz - centroid_hz) ** 2 * level for hz, level in zip(HZ, levels, strict=True)) / levels.sum()
        )
        below = np.cumsum(levels)
        assert found.rms[n] == pytest.approx(math.sqrt(np.mean(window**2)), rel=1e-4, abs=1e-9)
        assert found.centroid_hz[n] == pytest.approx(centroid_hz, rel=1e-4)
        assert found.bandwidth_hz[n] == pytest.approx(math.sqrt(spread), rel=1e-4)
        assert found.roll_off_hz[n] == pytest.approx(HZ[np.argmax(below >= 0.85 * below[-1])], abs=HZ[1])
        power = (levels * 2 / hann.sum()) ** 2 + 1e-30
        assert found.flatness[n] == pytest.approx(math.exp(np.mean(np.log(power))) / power.mean(), rel=0.02)


def test_a_tone_has_its_own_figures() -> None:
    found = describe(sine(880.0, -6.0, 2.0, 44_100), 44_100)
    inner = slice(4, -4)
    np.testing.assert_allclose(found.centroid_hz[inner], 880.0, rtol=0.02)
    np.testing.assert_allclose(found.zero_crossings[inner], 2 * 880 / ANALYSIS_RATE_HZ, rtol=0.03)
    np.testing.assert_allclose(found.rms[inner], 10 ** (-6 / 20) / math.sqrt(2), rtol=0.01)
    assert np.all(found.flatness[inner] < 1e-3) and np.all(np.argmax(found.chroma[inner], axis=1) == 9)
    assert np.all(found.roll_off_hz[inner] < 950)


def test_noise_is_flat_and_wide_and_of_no_pitch() -> None:
    noise = np.random.default_rng(2).normal(0, 0.2, (2 * ANALYSIS_RATE_HZ, 1)).astype(np.float32)
    found = describe(noise, ANALYSIS_RATE_HZ)
    inner = slice(4, -4)
    # exp(-0.5772): the geometric mean of a spectrum of white noise, whose power is spread exponentially, over its mean
    assert np.median(found.flatness[inner]) == pytest.approx(0.561, abs=0.03)
    assert np.median(found.centroid_hz[inner]) == pytest.approx(ANALYSIS_RATE_HZ / 4, rel=0.03)
    assert np.median(found.roll_off_hz[inner]) == pytest.approx(0.85 * ANALYSIS_RATE_HZ / 2, rel=0.03)
    assert np.median(found.contrast_db[inner]) < 20


def test_chords_lie_apart_in_the_tonnetz_as_they_do_in_harmony() -> None:
    def place(*hz: float) -> np.ndarray:
        chord = sum(sine(each, -20.0, 1.0, ANALYSIS_RATE_HZ) for each in hz)
        return np.median(describe(np.asarray(chord, np.float32), ANALYSIS_RATE_HZ).tonnetz, axis=0)

    c_major, a_minor, f_sharp = (
        place(261.6, 329.6, 392.0),
        place(261.6, 329.6, 440.0),
        place(370.0, 466.2, 554.4),
    )
    assert np.linalg.norm(c_major - a_minor) < np.linalg.norm(c_major - f_sharp) / 2


def test_the_rate_of_the_clip_changes_nothing(clip: Samples) -> None:
    low = describe(sine(440.0, -12.0, 1.5, 22_050), 22_050)
    high = describe(sine(440.0, -12.0, 1.5, 96_000), 96_000)
    inner = slice(4, 60)
    np.testing.assert_allclose(low.centroid_hz[inner], high.centroid_hz[inner], rtol=0.02)
    np.testing.assert_allclose(low.rms[inner], high.rms[inner], rtol=0.01)


@pytest.mark.parametrize("frames", [1, 30, 600])
def test_silence_and_little_have_figures(frames: int) -> None:
    for level in (0.0, 0.5):
        found = describe(np.full((frames, 2), level, np.float32), 44_100)
        for column in vars(found).values():
            assert np.all(np.isfinite(column)) and len(column) == len(found.times_s)
        assert level or (not np.any(found.rms) and not np.any(found.centroid_hz) and not np.any(found.chroma))
    with pytest.raises(UnsupportedAudio):
        describe(np.zeros((0, 1), np.float32), 44_100)


def test_a_summary_has_a_figure_for_each_column(clip: Samples) -> None:
    found = describe(clip, ANALYSIS_RATE_HZ)
    assert len(summary(found.mfcc).mean) == 13 and len(summary(found.rms).most) == 1
    assert summary(found.rms).least[0] <= summary(found.rms).mean[0] <= summary(found.rms).most[0]
