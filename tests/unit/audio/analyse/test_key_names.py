"""Keys as people write them."""

import pytest

from audio.analyse.key import TONICS, Key, Mode
from audio.analyse.key_names import written_key


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("tonic", range(12))
def test_every_spelling_of_every_key(tonic: int, mode: Mode) -> None:
    key, minor = Key(tonic, mode), mode is Mode.MINOR
    name = TONICS[tonic]
    endings = ["m", " minor", " min", "min"] if minor else ["", " major", "maj", " maj"]
    for spelling in [name + ending for ending in endings] + [key.camelot, key.camelot.lower()]:
        for written in (spelling, spelling.replace("#", "♯"), spelling.lower(), f" {spelling} "):
            assert written_key(written) == (str(key), key), written


@pytest.mark.parametrize(
    ("written", "spelled", "tonic"),
    [("Bbm", "Bb minor", 10), ("E♭ major", "Eb major", 3), ("ab", "Ab major", 8)],
)
def test_flats_stay_flats(written: str, spelled: str, tonic: int) -> None:
    found = written_key(written)
    assert found is not None and (found[0], found[1].tonic) == (spelled, tonic)


@pytest.mark.parametrize("text", ["", "H moll", "13A", "0B", "Am7", "C minor major", "♯", "do", "x" * 500])
def test_what_is_no_key(text: str) -> None:
    assert written_key(text) is None
