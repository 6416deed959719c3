"""What a model calls a clip: what is told and what stays unknown, how its network is laid out, and what is no model of this kind."""

import numpy as np
import pytest

from audio.models.weights import BadWeights
from audio.tags.musicnn import (
    BANDS,
    GIVEN,
    HOP,
    PLACES,
    RATE_HZ,
    WORDS,
    hear_tags,
    levels,
    network,
    weights_of,
)
from audio.tags.shapes import INSTRUMENTS, STYLES, tags_of
from tests.support.model_files import htdemucs_file, musicnn_file


def test_what_the_model_is_unsure_of_is_not_told_and_words_for_one_thing_are_one() -> None:
    found = tags_of(dict.fromkeys(WORDS, 0.49) | {"voice": 0.7, "vocals": 0.6, "techno": 0.5, "piano": 0.9})
    assert [(each.name, each.confidence) for each in found.instruments] == [("piano", 0.9), ("voice", 0.7)]
    assert [each.name for each in found.styles] == ["techno"] and found.model == "musicnn"
    nothing = tags_of(dict.fromkeys(WORDS, 0.499))
    assert nothing.instruments == nothing.styles == ()


def test_each_word_is_the_models_and_none_is_of_whose_voice_it_is_or_of_a_mood() -> None:
    words = [each for known in (INSTRUMENTS, STYLES) for names in known.values() for each in names]
    assert set(words) <= set(WORDS) and len(set(words)) == len(words)
    assert not any("male" in each or each in ("man", "woman", "slow", "weird", "soft") for each in words)


@pytest.mark.parametrize(("seconds", "rate_hz"), [(0.5, 44_100), (7.0, 16_000)])
def test_a_clip_of_any_length_and_rate_is_called_what_its_parts_are(seconds: float, rate_hz: int) -> None:
    told: list[float] = []
    clip = np.random.default_rng(1).uniform(-0.3, 0.3, (round(seconds * rate_hz), 2)).astype(np.float32)
    found = hear_tags(clip, rate_hz, told.append, [musicnn_file(new_age=0.75, cello=0.6)])
    assert [(each.name, each.confidence) for each in found.instruments] == [("cello", 0.6)]
    assert [(each.name, each.confidence) for each in found.styles] == [("new age", 0.75)]
    assert told == sorted(told) and told[-1] == 1.0


def test_mel_spectra_have_a_tone_where_it_lies() -> None:
    times = np.arange(GIVEN * HOP) / RATE_HZ
    strongest = [
        levels(np.sin(2 * np.pi * hz * times).astype(np.float32))[50].argmax() for hz in (500, 1_000, 4_000)
    ]
    assert strongest == sorted(strongest) and len(set(strongest)) == 3
    assert levels(np.zeros(GIVEN * HOP, np.float32)).max() == 0


def test_every_layer_is_used_and_reads_what_lies_at_its_place() -> None:
    """Of random weights: each array changes what is claimed."""
    rng = np.random.default_rng(2)
    made = {
        name: np.abs(rng.normal(0.5, 0.2, shape)).astype(np.float32)
        / (np.prod(shape[:-1]) if "kernel" in name else 1)
        for name, (_, shape) in PLACES.items()
    }
    made = {name: np.asarray(array, np.float32) for name, array in made.items()}
    spectra = rng.uniform(0, 3, (8, BANDS)).astype(np.float32)
    claimed = network(spectra, made)
    assert claimed.shape == (len(WORDS),)
    for name, array in made.items():
        other = network(spectra, {**made, name: array * np.float32(1.5)})
        assert not np.array_equal(other, claimed), name


def test_what_is_no_such_file_is_refused() -> None:
    for data in (b"", htdemucs_file(), musicnn_file()[:-4]):
        with pytest.raises(BadWeights):
            weights_of(data)
