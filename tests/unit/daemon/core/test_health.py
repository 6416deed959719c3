"""What is shown first when several things are so at once."""

from itertools import product
from typing import get_args

import pytest

from daemon.core.health import SHOWN, HealthState, overall, paused_words, safe_words
from daemon.core.link import LinkState
from daemon.core.outbox import State
from daemon.errors import Obstacle

LOCKED = "The keyring is locked."
OUTBOXES: list[dict[State, int]] = [
    {},
    {State.QUEUED: 2},
    {State.UPLOADING: 1, State.QUEUED: 1},
    {State.NEEDS_ATTENTION: 1},
]
SITUATIONS = list(
    product([None, *LinkState], OUTBOXES, [None, LOCKED], [True, False], ["", paused_words(None)])
)


def test_every_state_is_reached_is_shown_and_is_left() -> None:
    reached = {overall(*situation).state for situation in SITUATIONS}
    reached |= {overall(LinkState.BACKING_OFF, {}, None, True, obstacle=o).state for o in get_args(Obstacle)}
    reached |= {overall(LinkState.ONLINE, {}, None, True, safe=safe_words(600.0)).state}
    reached |= {overall(LinkState.UNCLAIMED, {}, None, False, claiming=True).state}
    assert reached == set(HealthState) == set(SHOWN)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_is_a_whole_sentence(
    situation: tuple[LinkState | None, dict[State, int], str | None, bool, str],
) -> None:
    health = overall(*situation)
    assert health.sentence.endswith(".") and "{" not in health.sentence + health.next_step
    assert (health.next_step != "") == (health.icon in ("problem", "unclaimed")), (
        "a person is asked only when needed"
    )


@pytest.mark.parametrize(
    ("link", "outbox", "keyring", "claimed", "state"),
    [
        (LinkState.STOPPED, {}, LOCKED, True, HealthState.STOPPING),
        (LinkState.UNCLAIMED, {}, LOCKED, False, HealthState.WAITING_FOR_KEYRING),
        (LinkState.UNCLAIMED, {}, None, True, HealthState.STARTING),
        (LinkState.UNCLAIMED, {}, None, False, HealthState.UNCLAIMED),
        (None, {State.NEEDS_ATTENTION: 1}, None, False, HealthState.NO_RELAY),
        (LinkState.NEEDS_RECLAIM, {State.QUARANTINED: 1}, None, True, HealthState.NEEDS_RECLAIM),
        (LinkState.BACKING_OFF, {State.QUARANTINED: 1}, None, True, HealthState.PROBLEM),
        (LinkState.BACKING_OFF, {State.UPLOADING: 1}, None, True, HealthState.OFFLINE),
        (LinkState.ONLINE, {State.UPLOADING: 1}, None, True, HealthState.UPLOADING),
        (LinkState.ONLINE, {State.QUEUED: 1}, None, True, HealthState.CONNECTED),
        (LinkState.PAUSED, {}, None, True, HealthState.UPDATE_REQUIRED),
    ],
)
def test_what_matters_most_is_shown(
    link: LinkState | None, outbox: dict[State, int], keyring: str | None, claimed: bool, state: HealthState
) -> None:
    assert overall(link, outbox, keyring, claimed).state is state


def test_offline_says_how_many_takes_wait() -> None:
    waiting = {State.QUEUED: 1, State.WAITING: 1}
    assert "2 takes to post" in overall(LinkState.BACKING_OFF, waiting, None, True).sentence


def test_without_a_relay_the_next_step_can_be_done_while_the_daemon_runs() -> None:
    """`sidechain up` alone ends with exit code 77 there."""
    step = overall(None, {}, None, True).next_step
    assert "`sidechain setup`" in step and "starts the daemon anew" in step


@pytest.mark.parametrize(
    ("left_s", "words"),
    [(None, "until it is resumed"), (3599.0, "for 60 minutes more"), (1.0, "for 1 minute more")],
)
def test_a_pause_says_until_when_and_what_waits(left_s: float | None, words: str) -> None:
    health = overall(LinkState.ONLINE, {State.QUEUED: 2}, None, True, paused_words(left_s))
    assert health.state is HealthState.PAUSED and f"paused {words}; 2 takes to post" in health.sentence
    assert overall(LinkState.ONLINE, {State.QUEUED: 2}, None, True, "").state is HealthState.CONNECTED
