"""Each warning comes for what it names, and sound material gets none."""

from collections.abc import Callable

import numpy as np
import pytest

from audio.intake import sanitize
from audio.measure.warnings import WarningKind, warnings
from tests.support.tones import Samples, clicks, music_like, sine, soft_noise

RATE_HZ = 48_000


def _kinds(samples: Samples) -> list[WarningKind]:
    return [each.kind for each in warnings(sanitize(samples), RATE_HZ)]


def _hard(samples: Samples, limit: float) -> Samples:
    return samples.clip(-limit, limit)


@pytest.mark.parametrize(
    "clip",
    [
        music_like(2, RATE_HZ, level_dbfs=-20),
        soft_noise(RATE_HZ),  # unrelated channels
        soft_noise(RATE_HZ, channels=1),
        sine(30, -1, 2, RATE_HZ),
        (sine(20, -1, 2, RATE_HZ) * 32767).round()
        / np.float32(32768),  # 16-bit bass stands still at its crest
        music_like(1, RATE_HZ, level_dbfs=-14) * np.float32(4),  # beyond full scale in float: nothing is lost
        clicks(RATE_HZ, 9_000),
        np.full((1, 2), 0.5, np.float32),
    ],
)
def test_sound_material_gets_no_warning(clip: Samples) -> None:
    assert _kinds(clip) == []


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("level_dbfs", [-1, -12, -30])
@pytest.mark.parametrize("frequency_hz", [20, 43, 100])
def test_slow_bass_in_few_bits_is_not_clipped(frequency_hz: float, level_dbfs: float, bits: int) -> None:
    steps = np.float32(2 ** (bits - 1))
    quantised = (sine(frequency_hz, level_dbfs, 2, RATE_HZ) * steps).round() / steps
    assert _kinds(quantised) == [] and _kinds(quantised * np.float32(0.37)) == []


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("level_dbfs", [-1, -12, -24])
@pytest.mark.parametrize("frequency_hz", [20, 43, 100, 440])
def test_the_same_bass_cut_off_is(frequency_hz: float, level_dbfs: float, bits: int) -> None:
    steps = np.float32(2 ** (bits - 1))
    whole = sine(frequency_hz, level_dbfs, 2, RATE_HZ)
    cut = (_hard(whole, 0.8 * float(whole.max())) * steps).round() / steps
    assert _kinds(cut) == [WarningKind.CLIPPING]


@pytest.mark.parametrize(
    "shape",
    [
        lambda phase: np.sign(np.sin(2 * np.pi * phase)),  # a square wave
        lambda phase: np.where(phase % 1 < 0.1, 1.0, -0.11),  # a pulse
        lambda phase: np.sign(np.sin(2 * np.pi * phase)) * (phase % 10 < 4),  # in notes
        lambda phase: (
            np.maximum(0, np.sin(2 * np.pi * phase)) ** 8 * (phase % 10 < 2)
        ),  # only upwards, at rest between
    ],
)
@pytest.mark.parametrize("level_dbfs", [-0.1, -6])
def test_flat_places_of_other_making_are_not_clipping(
    shape: Callable[[np.ndarray], np.ndarray], level_dbfs: float
) -> None:
    wave = shape(np.arange(2 * RATE_HZ) * 55.3 / RATE_HZ) * 10 ** (level_dbfs / 20)
    assert WarningKind.CLIPPING not in _kinds(wave.astype(np.float32)[:, None])


BAD = {
    WarningKind.SILENCE: np.zeros((RATE_HZ, 2), np.float32),
    WarningKind.CLIPPING: _hard(sine(100, 6, 1, RATE_HZ), 1.0),
    WarningKind.DC_OFFSET: soft_noise(RATE_HZ) + np.float32(0.05),
    WarningKind.POLARITY: soft_noise(RATE_HZ, channels=1) * np.array([1, -0.9], np.float32),
    WarningKind.ONE_SIDED: sine(100, -6, 1, RATE_HZ) * np.array([0, 1], np.float32),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_amiss_is_named_in_a_sentence(kind: WarningKind) -> None:
    found = warnings(sanitize(BAD[kind]), RATE_HZ)
    assert [each.kind for each in found] == [kind]
    assert found[0].says.endswith(".")


def test_clipping_is_found_after_the_level_was_lowered_and_says_where() -> None:
    late = np.concatenate(
        [soft_noise(RATE_HZ, level_dbfs=-30), _hard(sine(100, 6, 1, RATE_HZ), 1.0) * np.float32(0.4)]
    )
    (found,) = warnings(sanitize(late), RATE_HZ)
    assert found.kind is WarningKind.CLIPPING and " 1.00 s" in found.says


def test_a_wide_bass_that_vanishes_in_mono_is_named() -> None:
    common, side = soft_noise(RATE_HZ, channels=1, seed=1), soft_noise(RATE_HZ, channels=1, seed=2)
    wide = np.concatenate([0.4 * common + side, 0.4 * common - side], axis=1).astype(np.float32)
    assert _kinds(wide) == [WarningKind.MONO_COLLAPSE]


def test_an_offset_does_not_hide_inverted_polarity() -> None:
    clip = soft_noise(RATE_HZ, channels=1) * np.array([1, -1], np.float32) + np.float32(0.3)
    assert _kinds(clip) == [WarningKind.DC_OFFSET, WarningKind.POLARITY]


def test_broken_samples_are_counted() -> None:
    clip = soft_noise(RATE_HZ)
    clip[5:8] = np.nan
    (found,) = warnings(sanitize(clip), RATE_HZ)
    assert found.kind is WarningKind.BROKEN_SAMPLES and found.says.startswith("6 samples")
