"""Keys as people write them, the wheel that they mix by, and text as it is looked for."""

import pytest

from relay.core.folding import folded
from relay.core.tonality import camelot, goes_with

FIFTHS_OF_MAJOR = ["C", "G", "D", "A", "E", "B", "F#", "Db", "Ab", "Eb", "Bb", "F"]
FIFTHS_OF_MINOR = ["A", "E", "B", "F#", "C#", "G#", "D#", "A#", "F", "C", "G", "D"]


def test_a_fifth_up_is_an_hour_later_and_the_relative_the_same_hour() -> None:
    for step, (major, minor) in enumerate(zip(FIFTHS_OF_MAJOR, FIFTHS_OF_MINOR, strict=True)):
        hour = (8 - 1 + step) % 12 + 1
        assert (camelot(major), camelot(f"{minor}m")) == (f"{hour}B", f"{hour}A")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *[(each, "8A") for each in ("A minor", "Am", "am", "a min", "A  MINOR", "8A", "8a", "Amin")],
        *[(each, "8B") for each in ("C major", "C", "c", "CM", "C maj", "C Major", "8b")],
        *[(each, "3B") for each in ("Db", "C#", "D♭ major", "c♯", "C sharp major", "D flat")],
        *[(each, None) for each in ("", "H", "A minor!", "13A", "0B", "A dorian", "8C", "Amm", "7" * 99)],
    ],
)
def test_a_key_is_read_however_it_is_written(text: str, place: str | None) -> None:
    assert camelot(text) == place


def test_what_goes_together_goes_together_both_ways() -> None:
    wheel = [f"{hour}{mode}" for hour in range(1, 13) for mode in "AB"]
    for one in wheel:
        assert len(set(goes_with(one))) == 4 and set(goes_with(one)) <= set(wheel)
        assert all((one in goes_with(other)) == (other in goes_with(one)) for other in wheel)
    assert goes_with("12A") == ("12A", "12B", "11A", "1A")


@pytest.mark.parametrize("text", ["Café", "  CAFE\u0301 ", "cafe", "ｃａｆｅ"])
def test_text_is_folded_to_what_whoever_types_it_finds(text: str) -> None:
    assert folded(text) == "cafe"
    assert folded("夜") == "夜" and folded("\u0301") != ""
