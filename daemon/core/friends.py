"""Who of those followed is there, as the relay tells it: all of them when the link opens, then one by one.

Telling the same twice changes nothing. Not here: what this device tells of itself (presence.py), Items (the store).
"""

from collections.abc import Iterable

from relay.wire.events import PresenceUpdate

MAX_FRIENDS = 5000
PRODUCING = frozenset({"producing", "recording"})


def present(updates: Iterable[PresenceUpdate]) -> dict[str, PresenceUpdate]:
    """By user id, the last word on each who is not offline; of more than MAX_FRIENDS, those heard of first. [any]"""
    last = {update.user_id: update for update in updates}
    there = [(user_id, update) for user_id, update in last.items() if update.status != "offline"]
    return dict(there[:MAX_FRIENDS])


def producing(friends: Iterable[PresenceUpdate]) -> tuple[str, ...]:
    """The names of those who make music now, in order. [any]"""
    return tuple(sorted(update.username for update in friends if update.status in PRODUCING))
