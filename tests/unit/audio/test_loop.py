"""The seam of a loop: what is heard there, and repairs that leave the take alone."""

import numpy as np
import pytest

from audio.errors import UnsupportedAudio
from audio.loop import Seam, SeamReason, micro_fade, seam, wrap_tail
from tests.support.tones import Samples, clicks, sine, soft_noise

RATE_HZ = 48_000


def _seam(samples: Samples) -> Seam:
    found = seam(samples, RATE_HZ)
    assert found is not None
    return found


@pytest.mark.parametrize("channels", [1, 2])
def test_whole_periods_are_seamless(channels: int) -> None:
    assert _seam(sine(200, -6, 1, RATE_HZ, channels=channels)) == Seam(1.0, SeamReason.CLEAN)


def test_a_cut_in_mid_period_is_a_step_and_scores_by_its_size() -> None:
    quarter = sine(200, -6, 1 + 1 / 800, RATE_HZ)
    eighth = sine(200, -6, 1 + 1 / 9_600, RATE_HZ)
    assert _seam(quarter).reason is SeamReason.STEP
    assert _seam(quarter).score < 0.3 < _seam(eighth).score


def test_a_bend_without_a_step_is_a_slope() -> None:
    bend = sine(200, -6, 1 + 1 / 400, RATE_HZ)  # half a period too long: at zero again, but falling
    assert _seam(bend).reason is SeamReason.SLOPE
    assert 0.1 < _seam(bend).score < 0.9


def test_what_still_rings_at_the_end_is_a_tail() -> None:
    rings = soft_noise(RATE_HZ)
    rings[: RATE_HZ // 4] *= np.linspace(0, 1, RATE_HZ // 4, dtype=np.float32)[:, None] ** 4
    assert _seam(rings).reason is SeamReason.TAIL
    assert _seam(rings).score < 0.5


def test_a_loop_that_begins_with_a_hit_is_not_at_fault_for_it() -> None:
    hits = clicks(RATE_HZ, RATE_HZ // 4)
    hits *= np.minimum(1, np.arange(RATE_HZ) / 100, dtype=np.float32)[:, None]
    assert _seam(hits).score == 1.0


def test_one_bad_channel_is_enough() -> None:
    clip = sine(200, -6, 1 + 1 / 800, RATE_HZ)
    clip[:, 0] = sine(400, -6, 1 + 1 / 800, RATE_HZ)[:, 0] * 0
    assert _seam(clip).score < 0.3


@pytest.mark.parametrize("clip", [np.zeros((9_000, 2), np.float32), soft_noise(10)])
def test_silence_and_scraps_have_no_seam(clip: Samples) -> None:
    assert seam(clip, RATE_HZ) is None


def test_a_micro_fade_removes_the_step_and_touches_only_the_ends() -> None:
    clip = sine(200, -6, 1 + 1 / 800, RATE_HZ)
    before = clip.copy()
    faded = micro_fade(clip, RATE_HZ)
    assert _seam(faded).score > 0.9
    assert faded[0].tolist() == faded[-1].tolist() == [0, 0]
    np.testing.assert_array_equal(faded[200:-200], clip[200:-200])
    np.testing.assert_array_equal(clip, before)  # undoing is using the take


@pytest.mark.parametrize("frames", [1, 2, 3, 100])
def test_a_fade_is_at_most_half_a_short_clip(frames: int) -> None:
    assert micro_fade(soft_noise(frames), RATE_HZ).shape == (frames, 2)


def test_a_wrapped_tail_makes_one_round_of_a_ringing_loop() -> None:
    """A note that rings beyond the loop: the loop with its tail wrapped is one round of the endless loop."""
    length = RATE_HZ // 2
    frame = np.arange(4 * length)
    note = np.exp(-frame / 9_000) * (1 - np.exp(-frame / 900)) * np.sin(frame * 0.05)
    ring = note.astype(np.float32)[:, None]
    wrapped = wrap_tail(ring[:length], ring[length:], RATE_HZ)
    endless = sum(ring[k * length : (k + 1) * length] for k in range(4))
    np.testing.assert_allclose(wrapped, endless, atol=2e-4)  # but for the fade of the last 10 ms
    assert _seam(wrapped).score == 1.0 > _seam(ring[:length]).score


def test_a_tail_of_other_channels_is_refused() -> None:
    with pytest.raises(UnsupportedAudio, match="channels"):
        wrap_tail(soft_noise(100), soft_noise(100, channels=1), RATE_HZ)
