"""What a client that comes back is told about each channel: the missed events, or plainly to fetch again.

Also the cut-over from history to live. A joining connection first collects every effect that commits, then reads a
snapshot; effects numbered at or before the snapshot's commit are in it already. So none is lost, none comes twice.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TypeVar

from msgspec import Struct

from relay.wire.events import MAX_RECOVERY_EVENTS, Position

MAX_RECOVERY_TOTAL = 1_000
"""Events in one Connected, over all channels: the answer must stay a frame that a phone can hold."""


class Stream(Struct, frozen=True, kw_only=True):
    """A durable channel in a snapshot. Rows floor+1 .. head exist."""

    epoch: str
    floor: int
    head: int


class Why(Enum):
    """Why a client is where it is."""

    NEW = "it did not name the channel and starts at the head"
    CURRENT = "it has everything"
    RESUMED = "the missed events follow"
    OTHER_EPOCH = "continuity cannot be proven"
    FROM_FUTURE = "it is ahead of us, so our history was replaced"
    TOO_OLD = "rows are gone"
    TOO_MANY = "fetching a page is cheaper"


class Plan(Struct, frozen=True, kw_only=True):
    """Send rows after+1 .. head when recovered."""

    why: Why
    after: int

    @property
    def recovered(self) -> bool:
        return self.why in (Why.NEW, Why.CURRENT, Why.RESUMED)


def plan(stream: Stream, position: Position | None, room: int = MAX_RECOVERY_EVENTS) -> Plan:
    """How one channel is brought to its head. room: events that still fit in the answer. [any]"""
    if position is None:
        return Plan(why=Why.NEW, after=stream.head)
    missed = stream.head - position.offset
    if position.epoch != stream.epoch:
        why = Why.OTHER_EPOCH
    elif missed < 0:
        why = Why.FROM_FUTURE
    elif missed == 0:
        why = Why.CURRENT
    elif position.offset < stream.floor:
        why = Why.TOO_OLD
    elif missed > min(room, MAX_RECOVERY_EVENTS):
        why = Why.TOO_MANY
    else:
        return Plan(why=Why.RESUMED, after=position.offset)
    return Plan(why=why, after=stream.head)


def plan_all(streams: Mapping[str, Stream], positions: Mapping[str, Position]) -> dict[str, Plan]:
    """Plans of every channel an account listens to; what does not fit in the total is told to fetch. [any]"""
    room = MAX_RECOVERY_TOTAL
    plans: dict[str, Plan] = {}
    for channel, stream in streams.items():
        plans[channel] = made = plan(stream, positions.get(channel), room)
        room -= stream.head - made.after
    return plans


class Effect(Struct, frozen=True, kw_only=True):
    """Something that committed and that connections must hear of. commit: number of its transaction."""

    commit: int


E = TypeVar("E", bound=Effect)


def after_snapshot(effects: Iterable[E], snapshot_commit: int) -> list[E]:
    """The effects a connection still has to apply, in order. [any]"""
    return [effect for effect in effects if effect.commit > snapshot_commit]
