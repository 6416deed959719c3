"""When rounds begin."""

import pytest

from relay.features.live.pace import GATHER_LIMIT_S, SELDOM, Pace


def paced(cost_s: float) -> Pace:
    """After a round that took so long and ended at 100."""
    pace = Pace()
    pace.ended(100 - cost_s, 100)
    return pace


def test_the_first_of_all_goes_out_at_once() -> None:
    assert Pace().begins_s(5.0) == 5.0


@pytest.mark.parametrize("cost_s", [0.0, 0.001, 0.010, 3.0])
def test_who_comes_when_rounds_are_seldom_waits_for_nobody(cost_s: float) -> None:
    assert paced(cost_s).begins_s(101 + SELDOM * cost_s) == 101 + SELDOM * cost_s


@pytest.mark.parametrize(
    ("cost_s", "came_s", "waits_s"),
    [
        (0.010, 100.0, 0.005),
        (0.010, 100.039, 0.005),
        (0.010, 99.995, 0.005),  # while the round went on: as if it had come at any other time
        (3.0, 100.0, GATHER_LIMIT_S),
        (0.0, 100.0, 0.0),
    ],
)
def test_who_comes_hard_on_its_heels_waits_for_half_a_round_and_never_long(
    cost_s: float, came_s: float, waits_s: float
) -> None:
    assert paced(cost_s).begins_s(came_s) - came_s == pytest.approx(waits_s)
