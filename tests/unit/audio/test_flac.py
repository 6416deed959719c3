"""The lossless copy: the take as it was played, to 24 bits, every frame of it."""

import numpy as np

from audio.flac import encode_flac
from audio.wave import read_audio
from tests.support.tones import sine


def test_the_copy_is_the_take_as_it_was_played() -> None:
    take = sine(441, -30, 0.5, 44_100)
    flac = encode_flac(take, 44_100)
    assert (flac.frames, flac.clipped_samples) == (len(take), 0)
    np.testing.assert_allclose(read_audio(flac.data).samples, take, atol=2**-24)


def test_samples_of_24_bits_come_back_to_the_bit() -> None:
    steps = np.random.default_rng(1).integers(-(2**23), 2**23, (5000, 2))
    take = (steps / 2**23).astype(np.float32)
    assert np.array_equal(read_audio(encode_flac(take, 48_000).data).samples, take)


def test_samples_beyond_full_scale_are_counted() -> None:
    take = np.array([[0.5, 1.5], [-2.0, 0.0]], np.float32)
    assert encode_flac(take, 48_000).clipped_samples == 2
