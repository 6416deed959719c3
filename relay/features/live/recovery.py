"""Where an account stands in what happened, and what a client that comes back is told: the missed, or plainly to fetch.

A place is (n, i): every event up to the i-th of commit n is applied. A cursor is a place of one epoch, opaque to clients.
Epochs change when history does (a restored backup, a fail-over that lost commits).
"""

import re
from enum import Enum

from msgspec import Struct

from relay.wire.events import MAX_RECOVERY_EVENTS

LAST = 0x7FFF_FFFF
"""As i: all of the commit."""
_FORM = re.compile(r"([0-9a-f]{8,32})\.([0-9]{1,16})\.([0-9]{1,10})")


class Place(Struct, frozen=True, order=True):
    """n: number of a commit; i: place of an event in it."""

    n: int
    i: int


class Log(Struct, frozen=True, kw_only=True):
    """The log of events in a snapshot. Events of commits up to floor are gone; head: the last commit."""

    epoch: str
    floor: int
    head: int


class Why(Enum):
    """Why a client is where it is."""

    NEW = "it starts at the head"
    RESUMED = "the missed events follow"
    UNREADABLE = "its cursor is none of ours"
    OTHER_EPOCH = "history has changed since"
    FROM_FUTURE = "it is ahead of us, so our history was replaced"
    TOO_OLD = "events are gone"
    TOO_MANY = "fetching pages is cheaper"


class Plan(Struct, frozen=True, kw_only=True):
    """after: where the missed begin; None: nothing is to be read."""

    why: Why
    after: Place | None = None

    @property
    def recovered(self) -> bool:
        return self.why in (Why.NEW, Why.RESUMED)


def write_cursor(epoch: str, place: Place) -> str:
    """[any]"""
    return f"{epoch}.{place.n}.{place.i}"


def plan(log: Log, cursor: str | None) -> Plan:
    """What to do for a client that shows a cursor. Whether it missed too many is seen when they are read. [any]"""
    if cursor is None:
        return Plan(why=Why.NEW)
    found = _FORM.fullmatch(cursor)
    if found is None:
        return Plan(why=Why.UNREADABLE)
    if found[1] != log.epoch:
        return Plan(why=Why.OTHER_EPOCH)
    place = Place(int(found[2]), int(found[3]))
    if place.n > log.head or place.i > LAST:
        return Plan(why=Why.FROM_FUTURE)
    if place.n < log.floor:
        return Plan(why=Why.TOO_OLD)
    return Plan(why=Why.RESUMED, after=place)


def counted(made: Plan, missed: int) -> Plan:
    """The plan once it is known how many events were missed. [any]"""
    return Plan(why=Why.TOO_MANY) if missed > MAX_RECOVERY_EVENTS else made
