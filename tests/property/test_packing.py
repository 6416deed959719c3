"""Packed sound comes back to the last bit, whatever it is, and what is no packed sound is Damaged and nothing else."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from daemon.core.journal import Damaged
from daemon.core.packing import pack
from daemon.core.unpacking import unpack

RATE_HZ = 48_000
PATTERNS = st.integers(0, 2**32 - 1)
PCM = st.integers(-(2**23), 2**23 - 1)


@given(bits=st.lists(PATTERNS, min_size=1, max_size=400), channels=st.integers(1, 8))
@settings(deadline=None)
def test_any_bits_come_back(bits: list[int], channels: int) -> None:
    frames = -(-len(bits) // channels)
    sound = np.resize(np.array(bits, np.uint32), frames * channels).tobytes()
    assert unpack(pack(sound, channels), frames, channels) == sound


@given(
    numbers=st.lists(PCM, min_size=2, max_size=400), shift=st.sampled_from([0, 8]), odd=st.none() | PATTERNS
)
@settings(deadline=None)
def test_integers_of_files_come_back_also_with_a_float_or_a_minus_zero_among_them(
    numbers: list[int], shift: int, odd: int | None
) -> None:
    samples = (np.array(numbers) // 2**shift * 2.0 ** (shift - 23)).astype(np.float32)
    if odd is not None:
        samples.view(np.uint32)[len(samples) // 2] = odd
    assert unpack(pack(samples.tobytes(), 1), len(samples), 1) == samples.tobytes()


@given(data=st.data())
@settings(deadline=None)
def test_damage_is_found(data: st.DataObject) -> None:
    sound = played(0.02)
    packed = bytearray(pack(sound.tobytes(), 2))
    if data.draw(st.booleans()):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del packed[data.draw(st.integers(0, len(packed) - 1)) :]
    with suppress(Damaged):
        assert unpack(packed, len(sound), 2) == sound.tobytes(), "a bit of the coder's own that says nothing"


@given(data=st.binary(max_size=200), frames=st.integers(1, 100))
def test_any_bytes_are_sound_or_damaged(data: bytes, frames: int) -> None:
    with suppress(Damaged):
        assert len(unpack(data, frames, 2)) == frames * 8


def played(seconds: float) -> NDArray[np.float32]:
    """A chord with a little noise, stereo."""
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    chord = sum(0.1 * np.sin(2 * np.pi * hz * at) for hz in (110.0, 277.2, 659.3))
    noise = np.random.default_rng(5).standard_normal((len(at), 2)) * 1e-5
    return np.asarray(np.stack([chord, 0.8 * chord], axis=1) + noise, np.float32)


@pytest.mark.parametrize(("bits", "at_most"), [(None, 0.72), (24, 0.62), (16, 0.40)])
def test_music_becomes_smaller(bits: int | None, at_most: float) -> None:
    sound = played(2.0)
    if bits:
        sound = np.asarray(np.rint(sound * 2.0 ** (bits - 1)) * 2.0 ** (1 - bits), np.float32)
    packed = pack(sound.tobytes(), 2)
    assert len(packed) < at_most * sound.nbytes
    assert unpack(packed, len(sound), 2) == sound.tobytes()
