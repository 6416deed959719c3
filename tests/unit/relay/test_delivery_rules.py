"""When something is taken to somebody: quiet hours of their own clock, gathering, digests, and tries."""

import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.core.refusal import Refusal
from relay.features.deliveries.rules import (
    DAY_US,
    GATHER_S,
    MAX_ASKED_WAIT_US,
    MAX_ATTEMPTS,
    PRIORITIES,
    RETRY_US,
    SECOND_US,
    Channel,
    Letters,
    Priority,
    Schedule,
    due_us,
    group_of,
    loud_us,
    retry_us,
    zone_of,
)
from relay.features.notifications.rules import Kind

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Schedule(time_zone="Europe/Berlin", quiet_from_min=22 * 60, quiet_to_min=7 * 60)


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * SECOND_US


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-11-30 21:59", "2026-11-30 21:59"),
        ("2026-11-30 22:00", "2026-12-01 07:00"),
        ("2026-12-01 03:00", "2026-12-01 07:00"),
        ("2026-12-01 07:00", "2026-12-01 07:00"),
        ("2026-03-29 01:30", "2026-03-29 07:00"),  # the night of which an hour is missing
        ("2026-10-24 23:00", "2026-10-25 07:00"),  # and the one that has one twice
    ],
)
def test_quiet_hours_are_those_of_somebodys_own_clock(now: str, told: str) -> None:
    assert loud_us(Priority.HIGH, NIGHT, at(now)) == at(told)
    assert loud_us(Priority.URGENT, NIGHT, at(now)) == at(now), "what is urgent does not wait"


def test_quiet_hours_within_a_day() -> None:
    nap = Schedule(time_zone="Asia/Kolkata", quiet_from_min=13 * 60, quiet_to_min=14 * 60 + 30)
    zone = ZoneInfo("Asia/Kolkata")
    assert loud_us(Priority.LOW, nap, at("2026-11-30 13:05", zone)) == at("2026-11-30 14:30", zone)
    assert loud_us(Priority.LOW, nap, at("2026-11-30 14:30", zone)) == at("2026-11-30 14:30", zone)
    none = Schedule(quiet_from_min=60, quiet_to_min=60)
    assert loud_us(Priority.LOW, none, at("2026-11-30 01:00")) == at("2026-11-30 01:00")


def test_what_is_less_urgent_waits_longer_for_more_of_its_kind() -> None:
    for channel in Channel:
        waits = [GATHER_S[channel][each] for each in Priority]
        assert waits == sorted(waits, reverse=True) and waits[-1] == 0
    now = at("2026-11-30 12:00")
    assert due_us(Channel.MAIL, Priority.LOW, Schedule(), now) == now + 1_800 * SECOND_US
    assert due_us(Channel.PUSH, Priority.LOW, NIGHT, at("2026-11-30 21:58")) == at("2026-12-01 07:00")
    assert due_us(Channel.WEBHOOK, Priority.LOW, NIGHT, at("2026-12-01 03:00")) == at("2026-12-01 03:00")


@pytest.mark.parametrize(
    ("letters", "now", "told"),
    [
        (Letters.DAILY, "2026-11-30 07:59", "2026-11-30 08:00"),
        (Letters.DAILY, "2026-11-30 08:00", "2026-12-01 08:00"),
        (Letters.WEEKLY, "2026-11-30 07:59", "2026-11-30 08:00"),  # a Monday
        (Letters.WEEKLY, "2026-11-30 08:00", "2026-12-07 08:00"),
        (Letters.WEEKLY, "2026-12-05 23:00", "2026-12-07 08:00"),
    ],
)
def test_a_digest_comes_in_the_morning(letters: Letters, now: str, told: str) -> None:
    schedule = Schedule(letters=letters, time_zone="Europe/Berlin")
    assert due_us(Channel.MAIL, Priority.HIGH, schedule, at(now)) == at(told)
    assert due_us(Channel.MAIL, Priority.URGENT, schedule, at(now)) == at(now)


def test_a_digest_waits_for_the_end_of_quiet_hours_too() -> None:
    late = Schedule(
        letters=Letters.DAILY, time_zone="Europe/Berlin", quiet_from_min=23 * 60, quiet_to_min=10 * 60
    )
    assert due_us(Channel.MAIL, Priority.LOW, late, at("2026-11-30 12:00")) == at("2026-12-01 10:00")


@given(
    now=st.integers(0, 4 * 10**15),
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
    channel=st.sampled_from(Channel),
    letters=st.sampled_from(Letters),
)
def test_nothing_waits_for_ever_nor_is_told_before_it_happened(
    now: int, start: int, end: int, zone: str, channel: Channel, letters: Letters
) -> None:
    schedule = Schedule(letters=letters, time_zone=zone, quiet_from_min=start, quiet_to_min=end)
    for priority in Priority:
        due = due_us(channel, priority, schedule, now)
        assert now - SECOND_US < due <= now + 9 * DAY_US


def test_what_goes_together() -> None:
    daily = Schedule(letters=Letters.DAILY)
    assert group_of(Channel.MAIL, Kind.FOLLOW, Priority.LOW, Schedule(), "a") == group_of(
        Channel.MAIL, Kind.REACTION, Priority.LOW, Schedule(), "b"
    )
    assert group_of(Channel.MAIL, Kind.FOLLOW, Priority.LOW, daily, "a") == "daily"
    assert group_of(Channel.MAIL, Kind.FOLLOW, Priority.URGENT, daily, "a") == "urgent"
    assert group_of(Channel.PUSH, Kind.FOLLOW, Priority.LOW, daily, "a") == "follow"
    assert group_of(Channel.WEBHOOK, Kind.FOLLOW, Priority.LOW, daily, "a") == "a"


def test_tries_are_further_and_further_apart_and_end() -> None:
    waits = [retry_us(n, None, 0) for n in range(1, MAX_ATTEMPTS + 1)]
    assert waits == [*RETRY_US, None] and all(a < b for a, b in pairwise(RETRY_US))
    assert retry_us(1, 600, 0) == 600 * SECOND_US and retry_us(1, 10**8, 0) == MAX_ASKED_WAIT_US


def test_every_kind_has_a_priority_and_zones_are_known() -> None:
    assert set(PRIORITIES) == set(Kind)
    for wrong in ("Nowhere/At_All", "../../etc/passwd", "", "/etc/localtime", "x" * 64):
        with pytest.raises(Refusal):
            zone_of(wrong)
