"""Parts of a piece: where what plays changes, and which are the same; novelty against its definition, sum by sum."""

import math
from itertools import pairwise

import numpy as np
import pytest

from audio.analyse.descriptors import describe
from audio.analyse.structure import boundaries, novelty, segments_of
from audio.intake import Samples
from tests.support.music import drum_loop, piece

RATE_HZ = 44_100


def _part(kind: str, seconds: int) -> Samples:
    clip = drum_loop(3, 3) if kind == "drums" else piece(int(kind), bpm=100.0, drums=False).samples
    clip = np.resize(clip, (seconds * RATE_HZ, clip.shape[1]))
    return np.repeat(clip[:, :1], 2, axis=1).astype(np.float32)


def test_novelty_is_what_its_definition_says() -> None:
    random = np.random.default_rng(5)
    some = random.random((14, 4))
    alike = (some @ some.T / 4).astype(np.float32)
    reach = 5
    for moment, found in enumerate(novelty(alike, reach)):
        side = min(reach, moment, len(alike) - moment)
        sums = {"within": 0.0, "across": 0.0}
        weight_of_all = 0.0
        for i in range(side):
            for j in range(side):
                weight = math.exp(-2 * ((i + 0.5) / reach) ** 2) * math.exp(-2 * ((j + 0.5) / reach) ** 2)
                weight_of_all += weight
                sums["within"] += (
                    weight * (alike[moment - 1 - i, moment - 1 - j] + alike[moment + i, moment + j]) / 2
                )
                sums["across"] += weight * alike[moment - 1 - i, moment + j]
        expected = (sums["within"] - sums["across"]) / weight_of_all * side / reach if moment else 0.0
        assert found == pytest.approx(expected, abs=1e-6)


def test_parts_end_where_something_else_begins_and_the_same_has_the_same_letter() -> None:
    clip = np.concatenate([_part("1", 16), _part("drums", 14), _part("1", 16)])
    found = segments_of(describe(clip, RATE_HZ), (), len(clip) / RATE_HZ)
    assert [each.label for each in found] == ["A", "B", "A"]
    assert [each.start_s for each in found] == pytest.approx([0.0, 16.0, 30.0], abs=1.5)
    assert found[-1].end_s == pytest.approx(len(clip) / RATE_HZ, abs=1e-3)
    assert all(one.end_s == other.start_s for one, other in pairwise(found))


def test_parts_begin_on_beats_where_beats_are_known() -> None:
    clip = np.concatenate([_part("2", 12), _part("drums", 12)])
    beats_s = tuple(np.arange(0.3, 23.9, 0.6))
    found = segments_of(describe(clip, RATE_HZ), beats_s, 24.0)
    assert len(found) == 2 and min(abs(found[1].start_s - beat) for beat in beats_s) < 1e-3


@pytest.mark.parametrize("kind", ["drums", "silence", "short"])
def test_where_nothing_changes_there_is_one_part(kind: str) -> None:
    clip = {"drums": _part("drums", 30), "silence": np.zeros((20 * RATE_HZ, 2), np.float32)}.get(
        kind, np.ones((1, 1), np.float32)
    )
    seconds = len(clip) / RATE_HZ
    found = segments_of(describe(clip, RATE_HZ), (), seconds)
    assert [(each.start_s, each.label) for each in found] == [(0.0, "A")]
    assert found[0].end_s == pytest.approx(seconds, abs=1e-4)


def test_no_part_is_shorter_than_the_shortest() -> None:
    alike = np.eye(40, dtype=np.float32)
    cuts = [0, *boundaries(alike, 4, 6), 40]
    assert len(cuts) > 3 and all(after - before >= 6 for before, after in pairwise(cuts))
