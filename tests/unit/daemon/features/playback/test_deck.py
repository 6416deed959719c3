"""What is heard next: loops go on to the frame, ends are silent, and turning keeps the place without a jump."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daemon.features.playback.deck import FADE_FRAMES, Deck


def filled(deck: Deck, frames: int, channels: int = 2) -> tuple[NDArray[np.float32], bool]:
    out = bytearray(frames * channels * 4)
    goes_on = deck.fill(memoryview(out))
    return np.frombuffer(out, np.float32).reshape(-1, channels), goes_on


@given(st.integers(1, 50), st.lists(st.integers(1, 120), min_size=1, max_size=8))
def test_a_loop_has_no_gap_wherever_blocks_end(frames: int, blocks: list[int]) -> None:
    sound = np.arange(2 * frames, dtype=np.float32).reshape(-1, 2)
    deck = Deck([sound], loop=True)
    heard = np.concatenate([filled(deck, block)[0] for block in blocks])
    round_and_round = np.tile(sound, (sum(blocks) // frames + 1, 1))[: sum(blocks)]
    assert np.array_equal(heard, round_and_round)


def test_without_a_loop_it_ends_in_silence() -> None:
    sound = np.ones((10, 1), np.float32)
    deck = Deck([sound], loop=False)
    first, goes_on = filled(deck, 8, 1)
    assert goes_on and first.all()
    last, goes_on = filled(deck, 8, 1)
    assert not goes_on and last[:, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("block", [64, 256, 1024])
def test_turning_keeps_the_place_and_does_not_click(block: int) -> None:
    ramp = np.arange(4096, dtype=np.float32)[:, None] / 4096
    deck = Deck([ramp, -ramp], loop=True)
    filled(deck, block, 1)
    assert deck.turn() == 1
    turned, _ = filled(deck, block, 1)
    settled, _ = filled(deck, block, 1)
    assert np.array_equal(settled[:, 0], -ramp[2 * block : 3 * block, 0])
    fade = min(block, FADE_FRAMES)
    assert np.abs(np.diff(turned[:, 0])).max() < 3 / fade, "faded, not cut"
    assert deck.turn() == 0
