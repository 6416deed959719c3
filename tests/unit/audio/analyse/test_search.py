"""A library is searched whole: what is the same sound comes first, whatever was done to it, then what is like it."""

import numpy as np
import pytest

from audio.analyse.analysis import Analysis, analyse
from audio.analyse.search import search
from audio.encode.mp3 import encode_mp3
from audio.intake import Samples
from audio.read.reader import read_audio
from tests.support.music import faster, piece, rotated, shifted

RATE_HZ = 44_100
PIECES = 12


def heard(samples: Samples) -> Analysis:
    return analyse(samples, RATE_HZ, transport_bpm=None, transport_meter=None, bars=None)


def through_mp3(samples: Samples) -> Samples:
    return read_audio(encode_mp3(samples, RATE_HZ, title=None, bpm=None, key=None).data).samples


@pytest.fixture(scope="module")
def sounds() -> list[Samples]:
    """Half of them in one tempo, a third of them drums alone: what one producer's library is like."""
    kinds: list[dict[str, bool]] = [{}, {"drums": False}, {"notes": False}]
    return [
        piece(seed, bpm=120.0 if seed % 2 else None, bars=2, **kinds[seed % 3]).samples
        for seed in range(PIECES)
    ]


@pytest.fixture(scope="module")
def library(sounds: list[Samples]) -> list[Analysis]:
    return [heard(each) for each in sounds]


CHANGES = {
    "6 dB quieter": lambda x: x * np.float32(0.5),
    "MP3": through_mp3,
    "begins 0.3 s later": lambda x: shifted(x, round(0.3 * RATE_HZ)),
    "half": lambda x: x[: len(x) // 2],
    "loop started elsewhere": lambda x: rotated(x, len(x) // 3),
    "2 % faster": lambda x: faster(x, 1.02),
    "3 % slower": lambda x: faster(x, 0.97),
    "one channel": lambda x: x[:, :1],
    "MP3 of a quieter loop started elsewhere": lambda x: through_mp3(
        rotated(x * np.float32(0.4), len(x) // 4)
    ),
}


@pytest.mark.slow  # whole clips are rendered and analysed
@pytest.mark.parametrize("change", CHANGES)
def test_precision_and_recall_are_full_on_changed_sounds(
    sounds: list[Samples], library: list[Analysis], change: str
) -> None:
    prints, vectors = [each.fingerprint for each in library], [each.embedding for each in library]
    told, right = 0, 0
    for number in range(0, PIECES, 2):
        asked = heard(CHANGES[change](sounds[number]))
        same = [
            each.number
            for each in search(asked.fingerprint, asked.embedding, prints, vectors)
            if each.match.same
        ]
        told, right = told + len(same), right + (number in same)
    assert (told, right) == (PIECES // 2, PIECES // 2)


@pytest.mark.slow
def test_another_piece_is_nobodys_same_and_likeness_falls(library: list[Analysis]) -> None:
    asked = heard(piece(77, bars=2).samples)
    found = search(
        asked.fingerprint, asked.embedding, [x.fingerprint for x in library], [x.embedding for x in library]
    )
    assert not any(each.match.same for each in found)
    likeness = [each.likeness for each in found]
    assert likeness == sorted(likeness, reverse=True) and len(found) == PIECES


def test_silence_and_nothing_are_like_nothing() -> None:
    nothing, words = np.zeros(0, np.float32), np.arange(40, dtype=np.uint32)
    unit = np.eye(1, 48, dtype=np.float32)[0]
    assert search(words, unit, [], []) == []
    found = search(words, nothing, [words, words[:0]], [unit, nothing])
    assert [(each.number, each.match.same, each.likeness) for each in found] == [
        (0, True, 0.0),
        (1, False, 0.0),
    ]
    found = search(words[:0], unit, [words, words[:0]], [unit, nothing])
    assert [(each.match.same, each.likeness) for each in found] == [(False, 1.0), (False, 0.0)]
