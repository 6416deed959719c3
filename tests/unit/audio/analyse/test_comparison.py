"""Five respects, a word for each: by documents whose figures are set, so that each word has its case."""

import msgspec
import numpy as np
import pytest

from audio.analyse.comparison import compare
from audio.analyse.document import Source, analyse_whole
from audio.analyse.shapes import AnalysisDocument
from tests.support.music import drum_loop, piece

RATE_HZ = 44_100


@pytest.fixture(scope="module")
def document() -> AnalysisDocument:
    return analyse_whole(piece(4, bpm=120.0).samples, RATE_HZ, Source(content_sha256="", bpm=120.0)).document


def _with(document: AnalysisDocument, **parts: dict[str, object]) -> AnalysisDocument:
    changed = {
        name: msgspec.structs.replace(getattr(document, name), **values) for name, values in parts.items()
    }
    return msgspec.structs.replace(document, **changed)


def test_a_sound_is_like_itself(document: AnalysisDocument) -> None:
    found = compare(document, document)
    for aspect in (found.tempo, found.timbre, found.harmony, found.rhythm, found.loudness):
        assert aspect.likeness == pytest.approx(1.0)
    assert (found.tempo.word, found.timbre.word, found.loudness.word) == ("the same", "the same", "as loud")


@pytest.mark.parametrize(
    ("bpm", "word", "likeness"),
    [
        (120.4, "the same", 0.97),
        (125.0, "near", 0.74),
        (60.0, "half", 0.8),
        (240.0, "double", 0.8),
        (150.0, "different", 0.0),
        (None, "unknown", None),
    ],
)
def test_tempo(document: AnalysisDocument, bpm: float | None, word: str, likeness: float | None) -> None:
    found = compare(document, _with(document, tempo={"bpm": bpm})).tempo
    assert found.word == word and found.likeness == (
        None if likeness is None else pytest.approx(likeness, abs=0.02)
    )


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        (("C major", "8B", "C major", "8B"), "the same key"),
        (("C major", "8B", "G major", "9B"), "a fifth up"),
        (("C major", "8B", "F major", "7B"), "a fifth down"),
        (("E major", "12B", "B major", "1B"), "a fifth up"),
        (("C major", "8B", "A minor", "8A"), "the relative key"),
        (("C major", "8B", "C minor", "5A"), "the parallel key"),
    ],
)
def test_keys_are_called_as_djs_call_them(
    document: AnalysisDocument, keys: tuple[str, ...], word: str
) -> None:
    one, other = (_with(document, key={"name": name, "camelot": code}) for name, code in (keys[:2], keys[2:]))
    assert compare(one, other).harmony.word == word


def test_a_transposed_copy_is_told_by_how_much(document: AnalysisDocument) -> None:
    up = tuple(float(value) for value in np.roll(document.key.chroma, 3))
    one = _with(document, key={"name": None})
    found = compare(one, _with(document, key={"name": None, "chroma": up})).harmony
    assert found.likeness is not None and found.likeness < 0.85 and "+3 semitones" in found.says


def test_other_music_is_other_in_timbre_and_silence_in_nothing(document: AnalysisDocument) -> None:
    drums = analyse_whole(drum_loop(1, 1), RATE_HZ, Source(content_sha256="")).document
    found = compare(document, drums)
    assert found.timbre.likeness is not None and found.timbre.likeness < 0.6
    silent = analyse_whole(np.zeros((RATE_HZ, 1), np.float32), RATE_HZ, Source(content_sha256="")).document
    nothing = compare(document, silent)
    for aspect in (nothing.tempo, nothing.timbre, nothing.harmony, nothing.rhythm, nothing.loudness):
        assert (aspect.likeness, aspect.word) == (None, "unknown")


@pytest.mark.parametrize(("by_lu", "word"), [(0.3, "as loud"), (-1.5, "a little quieter"), (5.0, "louder")])
def test_loudness(document: AnalysisDocument, by_lu: float, word: str) -> None:
    level = document.loudness.integrated_lufs
    assert level is not None
    assert (
        compare(document, _with(document, loudness={"integrated_lufs": level + by_lu})).loudness.word == word
    )
