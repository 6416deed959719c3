"""A take in one line, as commands tell it."""

import pytest

from daemon.cli.daemon_commands import describe
from tests.support.tray_values import take


@pytest.mark.parametrize(("bars", "length"), [(8, "8 bars,"), (1, "1 bar,"), (None, "1.0 s,")])
def test_a_length_is_in_bars_where_there_are_bars(bars: int | None, length: str) -> None:
    assert f", {length}" in describe(take("01", bars=bars, frames=48_000, sample_rate_hz=48_000.0))


def test_what_has_bars_is_also_told_in_seconds_and_never_in_frames() -> None:
    said = describe(take("01", bars=8, frames=720_000, sample_rate_hz=48_000.0))
    assert said.endswith(", 15.0 s") and "frames" not in said


def test_a_note_is_part_of_the_sentence_that_it_stands_in() -> None:
    assert describe(take("01", note="Only 3 bars are there. It is short.")).endswith(
        "(Only 3 bars are there. It is short)"
    )
