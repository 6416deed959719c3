"""What bytes of float32 say of a sound, held against numpy that makes numbers of them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.sounding import SIGNAL, after_last_sample, after_last_signal, is_silent, rms_db

WORDS = st.integers(0, 2**32 - 1) | st.sampled_from(
    [
        0,
        1,
        0x80000000,
        0x3A7FFFFF,
        0x3A800000,
        0xBA800000,
        0xBA7FFFFF,
        0x3B000000,
        0x7EFFFFFF,
        0x7F800000,
        0x7FC00000,
        0xFF800000,
    ]
)


def data_of(words: list[int]) -> memoryview:
    return memoryview(np.array(words, "<u4").tobytes())


@given(st.lists(WORDS, max_size=40), st.integers(0, 40_000))
def test_any_bits_are_as_loud_as_the_numbers_they_are(words: list[int], silence: int) -> None:
    """silence: so many samples of it follow, over the borders of what is looked at at once."""
    data = data_of(words + [0] * silence)
    samples = np.abs(np.frombuffer(data, "<f4"))
    loud = np.flatnonzero((samples >= SIGNAL) & (samples < 2.0**127))
    there = np.flatnonzero(np.frombuffer(data, "<u4"))
    assert after_last_signal(data) == (loud[-1] + 1 if loud.size else 0)
    assert after_last_sample(data) == (there[-1] + 1 if there.size else 0)
    assert is_silent(data) == (not there.size)


def test_the_loudness_is_that_of_all_samples() -> None:
    chance = np.random.default_rng(1)
    for level in (1.0, 1e-2, 1e-4):
        sound = (level * chance.standard_normal((48_000, 2))).astype("<f4")
        exact = 10 * np.log10(np.mean(np.square(sound, dtype=np.float64)))
        assert rms_db(memoryview(sound.tobytes())) == pytest.approx(exact, abs=0.25)
    sound[::5] = np.nan
    sound[3::11] = np.inf
    assert rms_db(memoryview(sound.tobytes())) == pytest.approx(exact, abs=0.25), "of what is finite"
    assert rms_db(memoryview(bytes(400))) == rms_db(memoryview(b"")) == -np.inf


def test_the_daemon_starts_without_numpy_and_http() -> None:
    """numpy would cost it 20 MB and a fifth of the start, httpx a twelfth; arrays live in the workers."""
    unwanted = ("numpy", "soundfile", "lameenc", "httpx._client", "zmq")
    says = f"import sys, daemon.app; sys.exit(any(name in sys.modules for name in {unwanted}))"
    assert subprocess.run([sys.executable, "-c", says], check=False).returncode == 0
