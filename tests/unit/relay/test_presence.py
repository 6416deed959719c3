"""Presence leases on a clock of our own."""

from relay.core.presence import GRACE_US, LEASE_US, Visible
from tests.support.leases import Leases

ANNA = "a" * 32


def say(
    leases: Leases, status: str, now_us: int, device: str = "d1", bpm: float | None = 128.0
) -> Visible | None:
    return leases.say(ANNA, device, status=status, daw="Ardour", bpm=bpm, now_us=now_us)


def test_only_what_changes_is_announced() -> None:
    leases = Leases()
    first = say(leases, "producing", 1)
    assert first is not None and (first.status, first.bpm, first.since_us) == ("producing", 128.0, 1)
    assert say(leases, "producing", 2) is None
    changed = say(leases, "producing", 3, bpm=140.0)
    assert changed is not None and (changed.bpm, changed.since_us) == (140.0, 1)


def test_a_lease_that_is_not_renewed_ends() -> None:
    leases = Leases()
    say(leases, "producing", 0)
    assert leases.expire(LEASE_US - 1) == []
    assert [each.status for each in leases.expire(LEASE_US)] == ["offline"]
    assert leases.expire(LEASE_US + 1) == []


def test_any_sign_of_life_renews() -> None:
    leases = Leases()
    say(leases, "idle", 0)
    leases.renew(ANNA, "d1", LEASE_US - 1)
    assert leases.expire(LEASE_US) == []
    assert leases.visible(ANNA, LEASE_US).status == "idle"


def test_a_reconnect_inside_the_grace_time_announces_nothing() -> None:
    leases = Leases()
    say(leases, "producing", 0)
    leases.leave(ANNA, "d1", 1_000)
    assert leases.expire(GRACE_US) == []
    assert say(leases, "producing", GRACE_US) is None
    assert leases.expire(2 * GRACE_US) == []


def test_after_the_grace_time_the_leave_is_announced_once() -> None:
    leases = Leases()
    say(leases, "producing", 0)
    leases.leave(ANNA, "d1", 1_000)
    assert [each.status for each in leases.expire(1_000 + GRACE_US)] == ["offline"]


def test_leaving_does_not_revive_a_lease_that_has_ended() -> None:
    leases = Leases()
    say(leases, "producing", 0)
    leases.leave(ANNA, "d1", LEASE_US + 1)
    leases.renew(ANNA, "d1", LEASE_US + 1)
    assert leases.visible(ANNA, LEASE_US + 2).status == "offline"


def test_the_device_that_does_most_is_shown() -> None:
    leases = Leases()
    say(leases, "idle", 0, device="laptop")
    shown = say(leases, "recording", 1, device="tower")
    assert shown is not None and shown.status == "recording"
    back = say(leases, "offline", 2, device="tower")
    assert back is not None and back.status == "idle"
    assert leases.visible("b" * 32, 2).status == "offline"
