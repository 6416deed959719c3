"""Fingerprints of random bits: only what is laid over itself agrees, wherever it was cut and however it was turned."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.analyse.fingerprint import FRAME_RATE_HZ, match

WORDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(seed=WORDS, frames=st.integers(24, 400), turn=st.integers(0, 400), keep=st.floats(0.5, 1.0))
def test_a_turned_and_cut_fingerprint_is_found_where_it_was(
    seed: int, frames: int, turn: int, keep: float
) -> None:
    words = np.random.default_rng(seed).integers(0, 2**32, frames, dtype=np.uint32)
    cut = np.roll(words, -(turn % frames))[: max(12, round(keep * frames))]
    found = match(cut, words)
    assert found.same and found.speed == 1.0 and found.score > 0.999
    assert round(found.offset_s * FRAME_RATE_HZ) == turn % frames
    assert match(words, cut).score == found.score


@settings(max_examples=60, deadline=None)
@given(seed=WORDS, frames=st.integers(12, 300), others=st.integers(12, 300))
def test_random_fingerprints_are_not_the_same(seed: int, frames: int, others: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (rng.integers(0, 2**32, count, dtype=np.uint32) for count in (frames, others))
    assert not match(one, other).same
