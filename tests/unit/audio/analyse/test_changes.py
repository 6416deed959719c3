"""What changed from one bounce to the next: each change that was made is the one that is told, and nothing else."""

import numpy as np
import pytest

from audio.analyse.changes import MIN_CORRELATION, aligned, changes
from audio.analyse.shapes import Changes
from audio.intake import Samples
from audio.rate import convert
from tests.support.music import piece

RATE_HZ = 22_050


@pytest.fixture(scope="module")
def mix() -> Samples:
    return piece(3, bpm=120.0, sample_rate_hz=RATE_HZ).samples


def _changed(mix: Samples, after: Samples) -> Changes:
    return changes(mix, RATE_HZ, np.ascontiguousarray(after, np.float32), RATE_HZ)


def test_of_the_same_nothing_is_told(mix: Samples) -> None:
    found = _changed(mix, mix)
    assert found.says == ("Nothing that could be heard changed.",)
    assert (found.offset_s, found.added_s, found.gain_db, found.stretches) == (0.0, 0.0, 0.0, ())
    assert found.correlation == pytest.approx(1.0) and all(band.unlike_db < -60 for band in found.bands)


@pytest.mark.parametrize("frames", [-7_001, -1, 1, 333, 20_000])
def test_it_is_found_where_it_was_moved_to(mix: Samples, frames: int) -> None:
    after = np.pad(mix, ((frames, 0), (0, 0))) if frames > 0 else mix[-frames:]
    found = _changed(mix, after)
    assert found.offset_s == pytest.approx(frames / RATE_HZ, abs=1e-6) and not found.stretches
    assert found.says[0].endswith("later." if frames > 0 else "earlier.")


def test_alignment_is_the_best_of_all_lags() -> None:
    """Against trying each: noise has one lag only."""
    random = np.random.default_rng(8)
    one = random.normal(0, 0.2, 4_000).astype(np.float32)
    other = np.concatenate(
        [random.normal(0, 0.2, 700), one[:3_000] * 0.5, random.normal(0, 0.2, 300)]
    ).astype(np.float32)
    scores = [float(one[: len(other) - lag] @ other[lag : lag + len(one)]) for lag in range(1_500)]
    assert aligned(one, other, 8_000)[0] == int(np.argmax(scores)) == 700


def test_level_and_polarity(mix: Samples) -> None:
    found = _changed(mix, mix * -0.5)
    assert found.gain_db == pytest.approx(-6.02, abs=0.02) and found.correlation == pytest.approx(-1.0)
    assert found.says == ("Its polarity is inverted.", "All of it is 6.0 dB quieter.")


def test_one_band_that_was_turned_up_is_the_one_that_is_told(mix: Samples) -> None:
    spectrum = np.fft.rfft(mix, axis=0)
    hz = np.arange(len(spectrum)) * RATE_HZ / len(mix)
    spectrum[(hz >= 250) & (hz < 500)] *= 2
    found = _changed(mix, np.fft.irfft(spectrum, len(mix), axis=0))
    assert [sentence for sentence in found.says if "low mids" not in sentence] == []
    assert found.gain_db == pytest.approx(0.0, abs=0.1) and not found.stretches
    by_name = {band.name: band.change_db for band in found.bands}
    assert by_name["low mids"] == pytest.approx(6.0, abs=0.5) and by_name["mids"] == pytest.approx(
        0.0, abs=0.2
    )


def test_a_stretch_in_which_something_else_plays_is_told_with_its_place(mix: Samples) -> None:
    after = mix.copy()
    first, end = 3 * RATE_HZ, 5 * RATE_HZ
    after[first:end] = np.random.default_rng(1).normal(0, 0.1, (end - first, 2))
    found = _changed(mix, after)
    assert len(found.stretches) == 1 and "mids" in found.stretches[0].bands
    assert found.stretches[0].start_s == pytest.approx(3.0, abs=0.6) and found.stretches[
        0
    ].end_s == pytest.approx(5.0, abs=0.6)


def test_a_cut_and_another_rate_are_no_other_sound(mix: Samples) -> None:
    shorter = changes(mix, RATE_HZ, convert(mix[: 6 * RATE_HZ], RATE_HZ, 44_100), 44_100)
    assert (
        shorter.aligned
        and shorter.added_s == pytest.approx(6 - len(mix) / RATE_HZ, abs=1e-3)
        and not shorter.stretches
    )


def test_what_is_of_something_else_or_silent_is_not_laid_over(mix: Samples) -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, mix.shape)
    for after in (noise, np.zeros_like(mix), np.ones((1, 2))):
        found = _changed(mix, after)
        assert not found.aligned and abs(found.correlation) < MIN_CORRELATION and found.offset_s is None
        assert len(found.says) == 1 and not found.bands
