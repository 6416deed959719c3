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


def count_producing(friends: Iterable[PresenceUpdate]) -> int:
    """How many of them make music now. [any]"""
    return sum(update.status in PRODUCING for update in friends)
