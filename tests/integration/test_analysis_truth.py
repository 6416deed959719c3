"""Tempo and key of clips whose truth is known: pieces by formula, loops that Debian ships, and any folders named.

Folders in SIDECHAIN_AUDIO_FIXTURES count alike. More sets, and other analysers beside ours: `make bench`.
"""

import pytest

from audio.analyse.analysis import Analysis, analyse
from audio.intake import Samples
from benchmarks.bench_analysis import OCTAVES, is_near
from benchmarks.material import Clip, at_fractions, debian_loops, fixtures, synthesised
from tests.support.music import bass_line, drums_with_tuned_snare

pytestmark = pytest.mark.slow  # some sixty clips are analysed

Judged = list[tuple[Clip, Analysis]]


@pytest.fixture(scope="module")
def judged() -> Judged:
    clips = [*synthesised(), *debian_loops(), *(clip for folder in fixtures().values() for clip in folder)]
    return [
        (c, analyse(c.samples, c.sample_rate_hz, transport_bpm=None, transport_meter=None, bars=None))
        for c in clips
    ]


def test_nine_of_ten_tempi_are_right_and_nearly_all_but_for_the_octave(judged: Judged) -> None:
    """An answer withheld counts as wrong."""
    found = [(clip.bpm, a.tempo.bpm) for clip, a in judged if clip.bpm is not None]
    assert len(found) >= 39
    assert sum(is_near(bpm, truth) for truth, bpm in found) >= 0.90 * len(found)
    assert sum(is_near(bpm, truth, OCTAVES) for truth, bpm in found) >= 0.97 * len(found)


def test_a_tempo_said_to_be_sure_is_right(judged: Judged) -> None:
    sure = [(c.bpm, a.tempo.bpm) for c, a in judged if c.bpm is not None and a.tempo.confidence >= 0.9]
    assert len(sure) >= 20
    assert sum(is_near(bpm, truth) for truth, bpm in sure) >= 0.95 * len(sure)


def test_three_of_four_keys_told_are_right_and_most_are_told(judged: Judged) -> None:
    keys = [(clip.key, a.key.key) for clip, a in judged if clip.key is not None]
    told = [(truth, str(key)) for truth, key in keys if key is not None]
    assert len(keys) >= 18
    assert len(told) >= 0.70 * len(keys)
    assert sum(truth == key for truth, key in told) >= 0.75 * len(told)


def test_drums_alone_are_given_no_key(judged: Judged) -> None:
    drums = [a for clip, a in judged if clip.key is None and clip.name.startswith("piece")]
    assert drums and all(a.key.key is None for a in drums)


def test_drums_with_a_tuned_snare_are_given_no_key() -> None:
    assert [_analysed(drums_with_tuned_snare(seed)).key.key for seed in range(40)] == [None] * 40


def test_three_distorted_notes_are_given_the_right_key_or_none() -> None:
    for seed in range(12):
        line, key = bass_line(seed)
        assert str(_analysed(line).key.key) in (key, "None")


@pytest.mark.parametrize("drive", [4.0, 12.0])
@pytest.mark.parametrize("slides", [False, True])
def test_lines_of_a_few_notes_are_given_the_right_key_or_none(drive: float, slides: bool) -> None:
    """Their overtones are no notes: the fifth partial of a root is a major third."""
    lines = [(0, 0, 0, 5), (0, -2, -4, -2), (0, 3, -2, 0), (0, 0, 3, 7), (0, -5, 0, -7)]
    for seed, intervals in enumerate(lines * 2):
        line, key = bass_line(seed, intervals=intervals, drive=drive, slides=slides, bpm=90.0 + 7 * seed)
        assert str(_analysed(line).key.key) in (key, "None"), intervals


@pytest.mark.parametrize("ring_level", [1.2, 2.4])
def test_drums_whose_snare_rings_louder_than_they_are_given_no_key(ring_level: float) -> None:
    given = [
        _analysed(drums_with_tuned_snare(s, ring_level=ring_level, octave=0.3)).key.key for s in range(20)
    ]
    assert given == [None] * 20


@pytest.mark.parametrize("fraction", [0.0, 1 / 2, 1 / 4, 1 / 3])
def test_whole_numbers_and_fractions_of_a_bpm_are_found_to_the_frame_from_60_to_180(fraction: float) -> None:
    """Each second here; all of them: `python -m benchmarks.run analysis`."""
    found = [(clip.bpm or 0.0, _analysed(clip.samples).tempo.bpm) for clip in at_fractions(fraction)[::2]]
    assert sum(is_near(bpm, truth) for truth, bpm in found) >= 0.96 * len(found) >= 28
    octaves = [bpm / truth for truth, bpm in found if bpm is not None]
    assert sum(any(abs(ratio / factor - 1) < 1e-3 for factor in OCTAVES) for ratio in octaves) >= 0.96 * len(
        found
    )


def _analysed(samples: Samples) -> Analysis:
    return analyse(samples, 44_100, transport_bpm=None, transport_meter=None, bars=None)
