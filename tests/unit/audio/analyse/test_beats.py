"""Beats: the best path is the best of all, and taps fall on clicks that somebody set."""

from functools import cache
from itertools import pairwise
from math import log

import numpy as np
import pytest

from audio.analyse.beats import TIGHTNESS, beat_times_s, best_path
from audio.analyse.onsets import HOP_FRAMES, WINDOW_FRAMES, onset_envelope
from audio.analyse.spectrum import ANALYSIS_RATE_HZ, analysis_mono, magnitudes
from tests.support.tones import sine


def _worth(path: list[int], strength: list[float], period: float) -> float:
    steps = [after - before for before, after in pairwise(path)]
    return sum(strength[frame] for frame in path) - TIGHTNESS * sum(log(step / period) ** 2 for step in steps)


def _best_worth(strength: list[float], period: float) -> float:
    """By trying every path that ends within the last period."""

    @cache
    def until(frame: int) -> float:
        steps = range(max(1, round(period / 2)), round(period * 2) + 1)
        longer = [
            until(frame - step) - TIGHTNESS * log(step / period) ** 2 for step in steps if step <= frame
        ]
        return strength[frame] + max(0.0, *longer, 0.0)

    return max(until(frame) for frame in range(max(0, len(strength) - round(period)), len(strength)))


@pytest.mark.parametrize("seed", range(20))
def test_no_other_path_is_worth_more(seed: int) -> None:
    random = np.random.default_rng(seed)
    strength = (random.random(int(random.integers(1, 60))) * 4).tolist()
    period = float(random.uniform(2, 9))
    path = best_path(np.array(strength), period)
    assert path == sorted(set(path))
    assert _worth(path, strength, period) == pytest.approx(_best_worth(strength, period))


@pytest.mark.parametrize(("bpm", "start_s"), [(60.0, 0.0), (93.7, 0.31), (128.0, 0.1), (171.0, 0.02)])
def test_taps_fall_on_the_clicks(bpm: float, start_s: float) -> None:
    clip = np.zeros((12 * ANALYSIS_RATE_HZ, 1), np.float32)
    clicks_s = np.arange(start_s, 11.9, 60 / bpm)
    tone = sine(1_500.0, -6.0, 0.03, ANALYSIS_RATE_HZ, channels=1)
    tone *= np.linspace(1, 0, len(tone), dtype=np.float32)[:, None]
    for click_s in clicks_s:
        at = round(click_s * ANALYSIS_RATE_HZ)
        clip[at : at + len(tone)] += tone[: len(clip) - at]
    envelope = onset_envelope(magnitudes(analysis_mono(clip, ANALYSIS_RATE_HZ), WINDOW_FRAMES, HOP_FRAMES))
    beats_s = np.array(beat_times_s(envelope, bpm))
    assert abs(len(beats_s) - len(clicks_s)) <= 1
    assert np.abs(beats_s[:, None] - clicks_s).min(axis=1).max() < 0.03


def test_where_nothing_starts_nobody_taps() -> None:
    for clip in (np.zeros((50_000, 1), np.float32), sine(220.0, -6.0, 4.0, ANALYSIS_RATE_HZ)):
        envelope = onset_envelope(
            magnitudes(analysis_mono(clip, ANALYSIS_RATE_HZ), WINDOW_FRAMES, HOP_FRAMES)
        )
        assert beat_times_s(envelope, 120.0) == ()
    assert best_path(np.zeros(0), 40.0) == []
