"""How people type times, and what is said of those that are none."""

from datetime import datetime

import pytest

from daemon.cli.history import picture
from daemon.cli.parts import PartFields, ago_s, part_of
from daemon.errors import UsageError

NOON_S = datetime(2026, 5, 1, 12, 0, 0).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200", 200.0),
        ("0", 0.0),
        ("3:20", 200.0),
        ("1:03:20", 3800.0),
        ("0:59.5", 59.5),
        ("90:00", 5400.0),
        ("@11:59:30", 30.0),
        ("@11:00", 3600.0),
        ("@12:00", 0.0),
        ("@12:00:01", 86_399.0),
    ],
)
def test_how_long_ago_that_was(text: str, seconds: float) -> None:
    assert ago_s(text, NOON_S) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "-3", "3:75", "1:75:00", "3.20.1", "@25:00", "@11:60", "@1", "soon", "9999999", "700000"]
)
def test_what_is_no_time_is_said_in_words(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        ago_s(text, NOON_S)
    assert caught.value.next_step


def part(**given: object) -> PartFields:
    nothing: dict[str, object] = {
        "bars": None,
        "seconds": None,
        "ago": None,
        "start": None,
        "end": None,
        "whole": False,
        "free": False,
    }
    return part_of(**(nothing | given))  # type: ignore[arg-type] # the options by name


@pytest.mark.parametrize(
    "given",
    [
        {"bars": 8, "seconds": 3.0},
        {"start": "4:00", "bars": 8},
        {"start": "4:00", "ago": "1:00"},
        {"whole": True, "ago": "1:00"},
        {"end": "1:00"},
        {"free": True},
        {"start": "1:00", "end": "2:00"},
        {"start": "0"},
    ],
)
def test_what_does_not_go_together_is_said_by_the_names_of_the_options(given: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="--"):
        part(**given)


def test_what_goes_together() -> None:
    assert part(bars=8, ago="3:20")["ago_s"] == 200.0
    spans = part(start="4:10", end="3:20", free=True)
    assert (spans["from_ago_s"], spans["ago_s"], spans["snap"]) == (250.0, 200.0, False)
    assert part(start="30")["ago_s"] is None


def test_loudness_is_drawn_by_its_loudest_part_and_silence_as_nothing() -> None:
    assert picture(bytes([0, 0, 255, 255])) == "  ██"
    assert picture(bytes([0] * 47 + [1])) == " " * 23 + "▁"
    assert picture(b"") == ""
