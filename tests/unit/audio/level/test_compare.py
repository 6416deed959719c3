"""A/B: neither side wins by being louder."""

import numpy as np
import pytest

from audio.level.compare import at_equal_loudness
from audio.measure.loudness import integrated_lufs
from tests.support.tones import music_like, soft_noise


@pytest.mark.parametrize("gain", [0.2, 1.0, 3.0])
def test_the_louder_side_is_turned_down_to_the_other(gain: float) -> None:
    clip = music_like(1, 44_100)
    before, after = at_equal_loudness(clip, 44_100, clip * np.float32(gain), 44_100)
    assert integrated_lufs(before, 44_100) == pytest.approx(integrated_lufs(after, 44_100), abs=0.01)
    assert np.abs(before).max() <= np.abs(clip).max() and np.abs(after).max() <= gain * np.abs(clip).max()


def test_silence_changes_nothing() -> None:
    clip, silence = soft_noise(1_000), np.zeros((1_000, 2), np.float32)
    before, after = at_equal_loudness(silence, 48_000, clip, 48_000)
    assert before is silence and after is clip
