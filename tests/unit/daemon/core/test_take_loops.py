"""A take as a loop: what is known of it, what is said of it, and what cannot be."""

import pytest

from daemon.core.take_loops import loop_of_take, score_key
from daemon.errors import UsageError
from relay.wire.scores import LoopScore


def loop(**known: object) -> LoopScore:
    given = {"seconds": 5.0, "bars": 2, "bpm": 96.0, "key": None, "meter": "4/4", "said_bars": None} | known
    return loop_of_take("Idea", **given)  # type: ignore[arg-type]  # each test says its own


def test_what_is_known_is_taken() -> None:
    assert (loop().bars, loop().bpm, loop().key, loop().steps) == (2, 96, "C", [])
    assert loop(key="F# minor").key == "F#m" and score_key("Bb major") == "Bb"
    assert loop(bpm=96.4).bpm == 96


def test_bars_that_nobody_counted_are_found_by_the_length_or_said() -> None:
    assert loop(bars=None).bars == 2 and loop(bars=None, seconds=5.05).bars == 2
    with pytest.raises(UsageError, match="not known"):
        loop(bars=None, seconds=5.9)
    with pytest.raises(UsageError, match="not known"):
        loop(bars=None, bpm=None)
    assert (loop(bars=None, bpm=None, said_bars=4).bars, loop(bars=None, bpm=None, said_bars=4).bpm) == (
        4,
        192,
    )


def test_what_no_loop_can_be_is_said() -> None:
    with pytest.raises(UsageError, match="3/4"):
        loop(meter="3/4")
    with pytest.raises(UsageError, match="has 3 bars"):
        loop(bars=3)
    with pytest.raises(UsageError, match="384 BPM"):
        loop(said_bars=8)
