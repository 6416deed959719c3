"""Whether a preview follows the host: what is unknown is never guessed, and every no has its sentence."""

import pytest

from audio import fit
from daemon.core import preview
from daemon.core.preview import Plan, bar_ahead, differs, plan


def test_what_was_not_asked_for_is_not_done() -> None:
    assert plan(wanted=False, bpm=100.0, bars=4, host_bpm=120.0, host_playing=True) == Plan()


def test_the_hosts_tempo_over_the_sounds_is_the_speed() -> None:
    found = plan(wanted=True, bpm=100.0, bars=4, host_bpm=120.0, host_playing=True)
    assert found == Plan(speed=1.2, in_sync=True, at_bar=True, repeats=True)


def test_equal_tempos_need_no_stretching() -> None:
    found = plan(wanted=True, bpm=100.0, bars=4, host_bpm=100.00001, host_playing=True)
    assert (found.speed, found.in_sync) == (1.0, True)


@pytest.mark.parametrize(
    ("bpm", "host_bpm", "word"),
    [
        (None, 120.0, "of this sound is not known"),
        (100.0, None, "the host does not tell"),
        (60.0, 121.0, "too far"),
        (121.0, 60.0, "too far"),
    ],
)
def test_without_both_tempos_it_plays_as_it_is_and_says_so(
    bpm: float | None, host_bpm: float | None, word: str
) -> None:
    found = plan(wanted=True, bpm=bpm, bars=4, host_bpm=host_bpm, host_playing=True)
    assert (found.speed, found.in_sync, found.at_bar, found.repeats) == (1.0, False, False, False)
    assert word in found.note


@pytest.mark.parametrize("playing", [False, None])
def test_a_host_that_stands_has_no_next_bar(playing: bool | None) -> None:
    found = plan(wanted=True, bpm=100.0, bars=4, host_bpm=90.0, host_playing=playing)
    assert (found.in_sync, found.at_bar) == (True, False) and "stands" in found.note


@pytest.mark.parametrize("bars", [None, 0])
def test_what_is_not_of_whole_bars_is_not_repeated(bars: int | None) -> None:
    assert not plan(wanted=True, bpm=100.0, bars=bars, host_bpm=90.0, host_playing=True).repeats


def test_decision_and_stretching_have_the_same_bounds() -> None:
    assert (preview.MIN_SPEED, preview.MAX_SPEED) == (fit.MIN_SPEED, fit.MAX_SPEED)


def test_only_a_tempo_that_can_be_heard_to_be_another_is_followed() -> None:
    plans = [
        plan(wanted=True, bpm=100.0, bars=4, host_bpm=bpm, host_playing=True)
        for bpm in (120.0, 120.001, 121.0)
    ]
    assert not differs(plans[0], plans[1])
    assert differs(plans[0], plans[2])


@pytest.mark.parametrize(("heard_s", "bar"), [(0.0, 1), (1.99, 1), (2.01, 2), (7.9, 0), (8.1, 1), (15.0, 0)])
def test_a_loop_goes_on_with_the_bar_that_would_come_next(heard_s: float, bar: int) -> None:
    assert bar_ahead(heard_s, 8.0, 4) == bar
