"""Clips that sound alike lie near each other."""

import numpy as np
import pytest

from audio.analyse.analysis import analyse, likeness_vector
from audio.analyse.likeness import Vector, likeness
from audio.analyse.likeness_scale import DIMENSIONS
from audio.intake import Samples
from tests.support.music import faster, piece
from tests.support.tones import sine

pytestmark = pytest.mark.slow  # whole clips are rendered and analysed

RATE_HZ = 44_100


def placed(samples: Samples) -> Vector:
    return analyse(samples, RATE_HZ, transport_bpm=None, transport_meter=None, bars=None).embedding


@pytest.fixture(scope="module")
def library() -> list[Samples]:
    kinds = [{"drums": False}, {"notes": False}, {}]
    return [piece(seed, **kinds[seed % 3]).samples for seed in range(12)]


def test_vectors_are_of_length_one(library: list[Samples]) -> None:
    vector = placed(library[0])
    assert vector.shape == (DIMENSIONS,) and vector.dtype == np.float32
    assert likeness(vector, vector) == pytest.approx(1.0, abs=1e-5)


def test_a_vector_alone_is_that_of_the_whole_analysis(library: list[Samples]) -> None:
    for clip in library[:3]:
        assert np.array_equal(likeness_vector(clip, RATE_HZ), placed(clip))


def test_the_other_half_of_a_clip_is_the_nearest_or_nearly(library: list[Samples]) -> None:
    first = [placed(each[: len(each) // 2]) for each in library]
    second = [placed(each[len(each) // 2 :]) for each in library]
    ranks = []
    for number, vector in enumerate(first):
        near = sorted(range(len(second)), key=lambda other: -likeness(vector, second[other]))
        ranks.append(near.index(number))
    assert sum(rank == 0 for rank in ranks) >= 8
    assert max(ranks) <= 5


def test_drums_lie_nearer_to_drums_than_to_chords(library: list[Samples]) -> None:
    vectors = [placed(each) for each in library]
    chords, drums = vectors[0::3], vectors[1::3]
    among = [likeness(a, b) for i, a in enumerate(drums) for b in drums[:i]]
    across = [likeness(a, b) for a in drums for b in chords]
    assert min(among) > max(across)


def test_level_does_not_matter_and_pitch_matters_little(library: list[Samples]) -> None:
    vector = placed(library[2])
    assert likeness(vector, placed(library[2] * np.float32(0.1))) > 0.999
    assert likeness(vector, placed(faster(library[2], 2 ** (1 / 12)))) > 0.7


def test_silence_is_like_nothing() -> None:
    silence = placed(np.zeros((RATE_HZ, 1), np.float32))
    assert not silence.any()
    assert likeness(silence, placed(sine(300, -6, 1.0, RATE_HZ))) == 0.0
