"""A sound made to fit a host: exact lengths, no change that was not asked for, and a tempo that holds."""

import io

import numpy as np
import pytest
import soundfile

from audio.errors import UnsupportedAudio
from audio.fit import PIECE_FRAMES, fit, fitted_frames
from audio.intake import Samples

RATE_HZ = 48_000


def wav(samples: Samples, rate_hz: int = RATE_HZ) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate_hz, subtype="FLOAT", format="WAV")
    return out.getvalue()


def noise(frames: int, channels: int = 2) -> Samples:
    return np.random.default_rng(5).uniform(-0.5, 0.5, (frames, channels)).astype(np.float32)


def whole(data: bytes, rate_hz: float, channels: int, speed: float = 1.0) -> Samples:
    return np.concatenate(list(fit(data, rate_hz, channels, speed)))


@pytest.mark.parametrize(
    "frames", [1, 100, PIECE_FRAMES - 1, PIECE_FRAMES, PIECE_FRAMES + 1, 3 * PIECE_FRAMES]
)
def test_at_its_own_rate_it_stays_as_it_is_to_the_bit(frames: int) -> None:
    samples = noise(frames)
    assert np.array_equal(whole(wav(samples), RATE_HZ, 2), samples)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(44_100, 48_000.0), (48_000, 44_100.0), (48_000, 96_000.0), (8_000, 192_000.0)]
)
@pytest.mark.parametrize("frames", [1, 777, 2 * PIECE_FRAMES + 11])
def test_lengths_are_exact_at_other_rates(frames: int, from_hz: int, to_hz: float) -> None:
    assert len(whole(wav(noise(frames), from_hz), to_hz, 2)) == fitted_frames(frames, from_hz, to_hz)


def test_in_pieces_it_is_what_it_is_at_once() -> None:
    import soxr

    samples = noise(3 * PIECE_FRAMES + 5)
    at_once = soxr.resample(samples, 44_100, RATE_HZ, quality="HQ")
    found = whole(wav(samples, 44_100), RATE_HZ, 2)
    inner = slice(0, min(len(found), len(at_once)) - 500)
    assert np.allclose(found[inner], at_once[inner], atol=1e-5)


def test_mono_goes_to_both_sides_and_stereo_to_its_mean() -> None:
    mono, stereo = noise(500, 1), noise(500, 2)
    assert np.array_equal(whole(wav(mono), RATE_HZ, 2), np.repeat(mono, 2, axis=1))
    assert np.allclose(whole(wav(stereo), RATE_HZ, 1)[:, 0], stereo.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_attacks_lie_where_the_tempo_puts_them(speed: float) -> None:
    beat, samples = RATE_HZ // 2, np.zeros((8 * RATE_HZ // 2, 2), np.float32)
    for at in range(0, len(samples), beat):
        samples[at : at + 2400] += noise(2400) * np.exp(-np.arange(2400) / 300.0, dtype=np.float32)[:, None]
    found = whole(wav(samples), RATE_HZ, 2, speed)
    assert len(found) == fitted_frames(len(samples), RATE_HZ, RATE_HZ, speed)
    loudness = np.convolve(np.abs(found[:, 0]), np.ones(48) / 48, "same")
    for number in range(1, len(samples) // beat):
        expected = round(number * beat / speed)
        near = loudness[expected - 4000 : expected + 4000]
        attack = expected - 4000 + int(np.argmax(near > 0.3 * near.max()))
        assert abs(attack - expected) < RATE_HZ * 0.005


@pytest.mark.parametrize(
    "data",
    [b"", b"no sound", wav(np.zeros((0, 2), np.float32)), wav(np.zeros((9, 3), np.float32))],
    ids=["empty", "no sound", "no frames", "three channels"],
)
@pytest.mark.parametrize("speed", [1.0, 1.5])
def test_what_cannot_be_played_is_a_sentence(data: bytes, speed: float) -> None:
    with pytest.raises(UnsupportedAudio):
        whole(data, RATE_HZ, 2, speed)
