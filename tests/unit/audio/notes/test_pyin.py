"""One note at a time, without a model: which tone sounds, where it begins and ends; what has none has none."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from audio.intake import Samples
from audio.notes.engines import ENGINES
from audio.notes.pyin import hear_notes

RATE_HZ = 44_100


def tone(pitch: float, seconds: float, *, trembles: float = 0.0, rate_hz: int = RATE_HZ) -> Samples:
    """Eight partials that fade. trembles: semitones to either side, five times a second."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    hz = 440.0 * 2 ** ((pitch + trembles * np.sin(2 * np.pi * 5 * times) - 69) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / rate_hz
    wave = sum(np.sin(n * phase) / n for n in range(1, 9))
    ends = np.minimum(1, np.minimum(times, times[-1] - times) / 0.005)
    return np.asarray(0.3 * wave * np.exp(-2 * times) * ends, np.float32)[:, None]


def line(*pitches: float, rate_hz: int = RATE_HZ) -> Samples:
    """Each for 0.4 s, the first after 0.2 s."""
    lead = np.zeros((round(0.2 * rate_hz), 1), np.float32)
    return np.concatenate([lead, *(tone(each, 0.4, rate_hz=rate_hz) for each in pitches)])


def heard(sound: Samples, rate_hz: int = RATE_HZ) -> list[tuple[int, float]]:
    return [(each.pitch, each.start_s) for each in hear_notes(sound, rate_hz, lambda _: None)]


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 96_000])
def test_a_line_is_heard_note_by_note_whatever_its_rate(rate_hz: int) -> None:
    pitches = (40, 52, 59, 71, 83, 95)
    found = hear_notes(line(*pitches, rate_hz=rate_hz), rate_hz, lambda _: None)
    assert [each.pitch for each in found] == list(pitches)
    assert [each.start_s for each in found] == pytest.approx([0.2 + 0.4 * n for n in range(6)], abs=0.05)
    assert [each.end_s for each in found] == pytest.approx([0.6 + 0.4 * n for n in range(6)], abs=0.05)
    assert all(each.strength > 0.7 for each in found)


def test_a_note_that_is_struck_again_is_another_and_one_that_trembles_is_one() -> None:
    assert [pitch for pitch, _ in heard(line(57, 57, 57))] == [57, 57, 57]
    assert [pitch for pitch, _ in heard(tone(64, 1.5, trembles=0.4))] == [64]


def test_an_octave_below_or_above_is_not_taken_for_the_tone() -> None:
    """Odd partials alone, and one without its lowest partial."""
    times = np.arange(RATE_HZ) / RATE_HZ
    for partials in ((1, 3, 5, 7), (2, 3, 4, 5)):
        wave = sum(np.sin(2 * np.pi * 220 * n * times) / n for n in partials)
        assert [pitch for pitch, _ in heard(np.asarray(0.2 * wave, np.float32)[:, None])] == [57]


@pytest.mark.parametrize(
    "sound",
    [
        lambda: np.zeros((RATE_HZ, 2), np.float32),
        lambda: np.zeros((1, 1), np.float32),
        lambda: np.random.default_rng(1).uniform(-0.3, 0.3, (2 * RATE_HZ, 2)).astype(np.float32),
        lambda: tone(60, 0.4) * np.float32(1e-4),
    ],
    ids=["silence", "one frame", "noise", "too soft"],
)
def test_what_has_no_tone_has_no_note(sound: Callable[[], Samples]) -> None:
    assert heard(sound()) == []


def test_notes_never_overlap_whatever_sounds_at_once() -> None:
    parts = [line(*keys) for keys in ((48, 55, 60, 48), (64, 67, 72, 76), (40, 43, 45, 40))]
    found = hear_notes(np.asarray(sum(parts), np.float32), RATE_HZ, lambda _: None)
    assert all(one.end_s <= other.start_s for one, other in itertools.pairwise(found))


def test_how_far_it_is_rises_to_its_end_and_what_is_told_may_end_the_work() -> None:
    told: list[float] = []
    hear_notes(line(*[60] * 12), RATE_HZ, told.append)
    assert told == sorted(told) and told[-1] == 1.0 and len(told) > 3

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hear_notes(line(60), RATE_HZ, stop)


def test_each_engine_says_what_it_is_and_the_first_needs_no_model() -> None:
    assert list(ENGINES) == ["pyin", "basic-pitch"]
    assert "one note at a time" in ENGINES["pyin"].says and "at once" in ENGINES["basic-pitch"].says
