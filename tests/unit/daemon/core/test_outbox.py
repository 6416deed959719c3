"""Every edge of the outbox's table, every edge that is not there, and its waits."""

import random
from collections import Counter

import pytest

from daemon.core import outbox
from daemon.core.outbox import Entry, Event, IllegalEvent, State, apply, next_attempt_us, pick

NOW_US = 1_800_000_000_000_000
SHA = "ab" * 32
EVENTS: list[Event] = [
    outbox.Rendered(sha256=SHA),
    outbox.Held(until_us=NOW_US + 1),
    outbox.Released(),
    outbox.Picked(account="ana"),
    outbox.Moved(upload_url="w", size_bytes=9, sent_bytes=3),
    outbox.Accepted(post_id="p", post_url="u"),
    outbox.FailedTransient(reason="The relay did not answer."),
    outbox.FailedFinal(reason="The relay said no."),
    outbox.LeaseExpired(),
    outbox.RelayBack(),
    outbox.Poisoned(reason="The encoder died three times."),
    outbox.Retried(),
    outbox.Titled(title="another"),
    outbox.Shown(visibility="private"),
    outbox.Discarded(),
]


def entry(state: State, entry_id: str = "e1", **fields: object) -> Entry:
    known: dict[str, object] = {
        "entry_id": entry_id,
        "take_id": "t" + entry_id,
        "account": None,
        "state": state,
    }
    if state not in (State.HELD, State.WAITING, State.QUARANTINED):
        known["sha256"] = SHA
    if state is State.HELD:
        known["held_until_us"] = NOW_US + 10_000_000
    if state is State.UPLOADING:
        known |= {"lease_until_us": NOW_US, "attempts": 1, "account": "ana"}
    if state in (State.QUEUED, State.UPLOADING, State.NEEDS_ATTENTION):
        known |= {"upload_url": "w", "size_bytes": 9, "sent_bytes": 2}
    if state is State.ACCEPTED:
        known |= {"post_id": "p", "post_url": "u"}
    if state in (State.QUARANTINED, State.NEEDS_ATTENTION):
        known["reason"] = "It did not work."
    return Entry(**{**known, **fields})  # type: ignore[arg-type]


def check_invariants(e: Entry) -> None:
    """What the CHECKs of the table repeat."""
    assert (e.state is State.HELD) == (e.held_until_us is not None)
    assert (e.state is State.UPLOADING) == (e.lease_until_us is not None)
    assert (e.state is State.ACCEPTED) == (e.post_id is not None)
    assert e.sha256 is not None or e.state in (State.HELD, State.WAITING, State.QUARANTINED, State.DISCARDED)
    assert e.state not in (State.QUARANTINED, State.NEEDS_ATTENTION) or e.reason is not None
    assert (e.upload_url is None) == (e.size_bytes is None)
    assert 0 <= e.sent_bytes <= (e.size_bytes or 0)
    assert e.upload_url is None or e.state in (State.QUEUED, State.UPLOADING, State.NEEDS_ATTENTION)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("state", State)
def test_an_edge_leads_where_the_table_says_and_any_other_changes_nothing(state: State, event: Event) -> None:
    before = entry(state)
    if (to := outbox.TRANSITIONS[state].get(type(event))) is None:
        with pytest.raises(IllegalEvent, match=type(event).__name__):
            apply(before, event, NOW_US, 0.5)
        return
    after = apply(before, event, NOW_US, 0.5)
    assert after.state is to and after.entry_id == before.entry_id
    check_invariants(after)


def test_every_state_but_accepted_can_be_left_and_every_state_is_reached() -> None:
    for state, edges in outbox.TRANSITIONS.items():
        assert state is State.ACCEPTED or set(edges.values()) - {state}
    reached = {to for edges in outbox.TRANSITIONS.values() for to in edges.values()}
    assert reached == set(State)


@pytest.mark.parametrize("rendered", [False, True])
def test_nothing_of_what_is_held_leaves_and_what_is_released_goes_as_any_other(rendered: bool) -> None:
    held = entry(State.HELD)
    if rendered:
        held = apply(held, outbox.Rendered(sha256=SHA), NOW_US, 0.0)
    assert held.state is State.HELD and pick([held], NOW_US + outbox.LEASE_US) is None
    released = apply(held, outbox.Released(), NOW_US, 0.0)
    assert (released.state, released.sha256) == (State.WAITING, SHA if rendered else None)
    assert apply(held, outbox.Retried(), NOW_US, 0.0).state is State.WAITING, "a person may not want to wait"
    undone = apply(held, outbox.Discarded(), NOW_US, 0.0)
    again = apply(undone, outbox.Held(until_us=NOW_US + 5), NOW_US, 0.0)
    assert (again.state, again.entry_id, again.held_until_us) == (State.HELD, held.entry_id, NOW_US + 5)


@pytest.mark.parametrize(
    ("ahead_us", "left_us"),
    [
        (3_000_000, 3_000_000),
        (0, 0),
        (-5, 0),
        (outbox.MAX_HOLD_US, outbox.MAX_HOLD_US),
        (outbox.MAX_HOLD_US + 1, 0),
    ],
)
def test_what_is_left_of_a_hold_is_never_more_than_any_hold(ahead_us: int, left_us: int) -> None:
    held = entry(State.HELD, held_until_us=NOW_US + ahead_us)
    assert outbox.held_left_us(held, NOW_US) == left_us
    assert outbox.held_left_us(entry(State.QUEUED), NOW_US) is None


def test_an_attempt_is_counted_before_the_work() -> None:
    picked = apply(entry(State.QUEUED, attempts=4), outbox.Picked(account="ana"), NOW_US, 0.0)
    assert (picked.attempts, picked.account, picked.lease_until_us) == (5, "ana", NOW_US + outbox.LEASE_US)


def test_where_an_upload_stands_outlives_its_failure_and_its_retry() -> None:
    e = apply(entry(State.UPLOADING), outbox.Moved(upload_url="w", size_bytes=9, sent_bytes=5), NOW_US, 0.0)
    assert e.lease_until_us == NOW_US + outbox.LEASE_US, "who moves lives"
    for event in (outbox.FailedTransient(reason="No answer."), outbox.LeaseExpired()):
        assert apply(e, event, NOW_US, 0.0).sent_bytes == 5
    refused = apply(e, outbox.FailedFinal(reason="No."), NOW_US, 0.0)
    assert apply(refused, outbox.Retried(), NOW_US, 0.0).upload_url == "w"


def test_another_copy_begins_at_its_beginning() -> None:
    assert apply(entry(State.QUEUED), outbox.Rendered(sha256="new"), NOW_US, 0.0).upload_url is None
    assert apply(entry(State.QUEUED), outbox.Rendered(sha256=SHA), NOW_US, 0.0).upload_url == "w"


@pytest.mark.parametrize(
    ("url", "sent", "attempts"), [("w", 3, 1), ("w", 2, 7), ("new", 1, 1), ("new", 0, 7)]
)
def test_what_moves_on_waits_as_if_it_had_failed_once(url: str, sent: int, attempts: int) -> None:
    moved = outbox.Moved(upload_url=url, size_bytes=9, sent_bytes=sent)
    assert apply(entry(State.UPLOADING, attempts=7), moved, NOW_US, 0.0).attempts == attempts


@pytest.mark.parametrize("account", [None, "ben"])
def test_an_entry_is_never_picked_for_another_account_or_for_nobody(account: str | None) -> None:
    with pytest.raises(IllegalEvent, match="it is for ana"):
        apply(entry(State.QUEUED, account="ana"), outbox.Picked(account=account), NOW_US, 0.0)


def test_network_trouble_never_quarantines() -> None:
    e = entry(State.QUEUED)
    for _ in range(1000):
        e = apply(e, outbox.Picked(account="ana"), NOW_US, 0.0)
        e = apply(e, outbox.FailedTransient(reason="No answer."), NOW_US, 1.0)
    assert e.state is State.QUEUED and e.next_attempt_us == NOW_US + outbox.RETRY_CEILING_US


def test_a_later_copy_does_not_replace_the_hash_of_what_is_being_sent() -> None:
    for state, sha in ((State.QUEUED, "new"), (State.UPLOADING, SHA), (State.ACCEPTED, SHA)):
        assert apply(entry(state), outbox.Rendered(sha256="new"), NOW_US, 0.0).sha256 == sha


def test_the_wait_doubles_from_one_second_to_five_minutes_with_full_jitter() -> None:
    waits = [
        [next_attempt_us(0, attempts, jitter) for jitter in (0.0, 0.5, 1.0)]
        for attempts in (1, 2, 5, 9, 10**6)
    ]
    assert waits == [
        [1_000_000, 1_500_000, 2_000_000],
        [1_000_000, 2_500_000, 4_000_000],
        [1_000_000, 16_500_000, 32_000_000],
        [1_000_000, 150_500_000, 300_000_000],
        [1_000_000, 150_500_000, 300_000_000],
    ]


@pytest.mark.parametrize("attempts", range(3, 12))
def test_a_thousand_daemons_that_lost_the_relay_together_do_not_return_together(attempts: int) -> None:
    chance = random.Random(attempts)
    waits_us = [next_attempt_us(0, attempts, chance.random()) for _ in range(1000)]
    span_s = min(2**attempts, 300) - 1
    step_s = max(1, span_s // 30)
    arrivals = Counter(int((wait - 1_000_000) / 1e6 / step_s) for wait in waits_us)
    assert max(arrivals.values()) <= 2 * 1000 * step_s / span_s


@pytest.mark.parametrize(("asked_s", "waits_s"), [(0, 1), (90, 90), (10**6, 3600)])
def test_retry_after_is_obeyed_and_capped_at_an_hour(asked_s: int, waits_s: int) -> None:
    event = outbox.FailedTransient(reason="Later.", retry_after_us=asked_s * 1_000_000)
    assert apply(entry(State.UPLOADING), event, NOW_US, 0.0).next_attempt_us == NOW_US + waits_s * 1_000_000


def test_the_first_due_entry_is_picked_and_none_beside_one_under_way() -> None:
    """The first of those given, whatever their times say: the clock may have been set back between them."""
    old, new = entry(State.QUEUED, "a", created_us=2), entry(State.QUEUED, "b", created_us=1)
    later = entry(State.QUEUED, "c", created_us=0, next_attempt_us=NOW_US + 1)
    waiting = entry(State.WAITING, "d", created_us=0)
    assert pick([later, waiting, old, new], NOW_US) == old
    assert pick([new, old, entry(State.UPLOADING, "e")], NOW_US) is None
    assert pick([later, waiting], NOW_US) is None
    assert pick([later], NOW_US + 1) == later


def test_a_clock_set_back_does_not_hold_an_entry_for_years() -> None:
    held = entry(State.QUEUED, next_attempt_us=NOW_US)
    assert pick([held], NOW_US - outbox.RETRY_AFTER_CEILING_US) is None
    assert pick([held], NOW_US - outbox.RETRY_AFTER_CEILING_US - 1) == held
