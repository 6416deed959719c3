"""Names and codes of keys."""

import pytest

from audio.analyse.key import Key, Mode


@pytest.mark.parametrize(
    ("tonic", "mode", "name", "camelot"),
    [
        (0, Mode.MAJOR, "C major", "8B"),
        (9, Mode.MINOR, "A minor", "8A"),
        (6, Mode.MINOR, "F# minor", "11A"),
        (3, Mode.MAJOR, "D# major", "5B"),
        (11, Mode.MAJOR, "B major", "1B"),
        (8, Mode.MINOR, "G# minor", "1A"),
    ],
)
def test_camelot_codes(tonic: int, mode: Mode, name: str, camelot: str) -> None:
    key = Key(tonic, mode)
    assert (str(key), key.camelot) == (name, camelot)


def test_camelot_neighbours_are_a_fifth_apart_and_relatives_share_a_number() -> None:
    for tonic in range(12):
        here, fifth = Key(tonic, Mode.MAJOR), Key((tonic + 7) % 12, Mode.MAJOR)
        assert int(fifth.camelot[:-1]) % 12 == (int(here.camelot[:-1]) + 1) % 12
        assert Key((tonic + 9) % 12, Mode.MINOR).camelot[:-1] == here.camelot[:-1]
