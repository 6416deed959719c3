"""The same sound is recognised through what happens to clips; other sound is not."""

from itertools import combinations

import numpy as np
import pytest

from audio.analyse.analysis import analyse
from audio.analyse.fingerprint import (
    LONG_FRAMES,
    MIN_FRAMES,
    SHORT_SAME_SCORE,
    fingerprint,
    match,
    required_score,
)
from audio.encode.mp3 import encode_mp3
from audio.intake import Samples
from audio.read.reader import read_audio
from tests.support.music import drum_loop, faster, piece, rotated, shifted, two_part_plucks

pytestmark = pytest.mark.slow  # whole clips are rendered and analysed

RATE_HZ = 44_100


def through_mp3(samples: Samples) -> Samples:
    return read_audio(encode_mp3(samples, RATE_HZ, title=None, bpm=None, key=None).data).samples


@pytest.fixture(scope="module")
def originals() -> list[Samples]:
    """Half of them share key, tempo and drums' pattern with others: what a producer's library is like."""
    return [piece(seed, bpm=120.0 if seed % 2 else None).samples for seed in range(10)]


CHANGES = {
    "6 dB quieter": lambda x: x * np.float32(0.5),
    "MP3": lambda x: through_mp3(x[: 6 * RATE_HZ]),
    "begins 0.7 s later": lambda x: shifted(x, round(0.7 * RATE_HZ)),
    "second half": lambda x: x[len(x) // 2 :],
    "loop started elsewhere": lambda x: rotated(x, len(x) // 3),
    "3 % faster": lambda x: faster(x, 1.03),
    "3 % slower": lambda x: faster(x, 0.97),
    "one channel": lambda x: x[:, :1],
    "half, quieter, faster": lambda x: faster(x[len(x) // 2 :] * np.float32(0.3), 1.02),
}


@pytest.mark.parametrize("change", CHANGES)
def test_recall_and_precision_are_full(originals: list[Samples], change: str) -> None:
    known = [fingerprint(each, RATE_HZ) for each in originals]
    for number in range(0, len(originals), 3):
        changed = fingerprint(CHANGES[change](originals[number]), RATE_HZ)
        same = [match(changed, each).same for each in known]
        assert same == [other == number for other in range(len(known))]


def test_unrelated_pieces_stay_clear_of_the_threshold(originals: list[Samples]) -> None:
    known = [fingerprint(each, RATE_HZ) for each in originals]
    scores = [match(one, other).score for one, other in combinations(known, 2)]
    assert max(scores) < SHORT_SAME_SCORE - 0.02


def test_of_other_loops_of_one_kit_few_are_called_the_same_and_every_copy_is() -> None:
    """Kick, snare and hat at one tempo, in other places: the hardest to tell from a copy."""
    loops = [drum_loop(3, pattern) for pattern in range(8)]
    known = [fingerprint(each, RATE_HZ) for each in loops]
    others = [match(one, other).same for one, other in combinations(known, 2)]
    assert sum(others) <= 0.2 * len(others)
    for number in (0, 5):
        for change in ("MP3", "loop started elsewhere", "3 % faster", "3 % slower"):
            assert match(fingerprint(CHANGES[change](loops[number]), RATE_HZ), known[number]).same


def test_a_short_or_faster_clip_needs_less_agreement_and_a_scrap_more() -> None:
    long, short, scrap = (
        required_score(frames, 1.0) for frames in (LONG_FRAMES, LONG_FRAMES - 1, MIN_FRAMES)
    )
    assert short < required_score(LONG_FRAMES, 1.02) < long < scrap


def test_a_match_tells_place_and_speed() -> None:
    samples = piece(4, bpm=100.0).samples
    whole = fingerprint(samples, RATE_HZ)
    later = match(fingerprint(shifted(samples, 2 * RATE_HZ), RATE_HZ), whole)
    assert later.offset_s == pytest.approx(2.0, abs=0.1) and later.speed == 1.0
    quick = match(fingerprint(faster(samples, 1.03), RATE_HZ), whole)
    assert quick.speed == pytest.approx(1.03, abs=0.011)


def test_a_semitone_is_another_sound(originals: list[Samples]) -> None:
    """The stated limit: transposed clips are not recognised."""
    samples = originals[0]
    moved = fingerprint(faster(samples, 2 ** (2 / 12)), RATE_HZ)
    assert not match(moved, fingerprint(samples, RATE_HZ)).same


def test_silence_and_scraps_match_nothing() -> None:
    silence = fingerprint(np.zeros((RATE_HZ * 5, 2), np.float32), RATE_HZ)
    assert len(silence) == 0
    assert match(silence, silence).score == 0.0
    words = np.arange(MIN_FRAMES - 1, dtype=np.uint32)
    assert not match(words, words).same


def test_the_analysis_gives_the_same_fingerprint_at_43_bytes_per_second() -> None:
    for seconds in (2, 9):
        samples = piece(6).samples[: seconds * RATE_HZ]
        found = analyse(samples, RATE_HZ, transport_bpm=None, transport_meter=None, bars=None).fingerprint
        assert found.dtype == np.uint32 and np.array_equal(found, fingerprint(samples, RATE_HZ))
        assert found.nbytes <= 44 * max(4, seconds)


def test_two_part_plucks_of_one_voice_and_rhythm_are_not_the_same() -> None:
    """Reported as “made before”: the fingerprint must hear the notes."""
    prints = [fingerprint(two_part_plucks(seed), RATE_HZ) for seed in range(8)]
    found = [match(first, second) for first, second in combinations(prints, 2)]
    assert not any(each.same for each in found)
    assert max(each.score for each in found) < 0.70
    assert match(prints[0], fingerprint(rotated(two_part_plucks(0), 50_000), RATE_HZ)).same
