"""What this device knows of others: the Items of the feed and who is producing, folded from the link's payloads.

Folding is idempotent: the same payload twice is the same Inbox, so a repeated delivery does no harm. Not here:
positions, storage, REST.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from relay.wire.events import FeedNewPost, Payload, PresenceUpdate, SocialNewFollow, SocialNewReaction
from relay.wire.rest import AudioPost

MAX_ITEMS = 500
MAX_FRIENDS = 5000
PRODUCING = frozenset({"producing", "recording"})


class Inbox(Struct, frozen=True, kw_only=True):
    """items: newest first, at most MAX_ITEMS. presence: user id -> what they do; nobody who is offline."""

    items: tuple[AudioPost, ...] = ()
    presence: Mapping[str, PresenceUpdate] = {}


def fold(inbox: Inbox, payload: Payload) -> Inbox:
    """The Inbox after one more payload. [any]"""
    match payload:
        case FeedNewPost(post=post):
            return replace(inbox, items=with_items(inbox.items, [post]))
        case PresenceUpdate():
            return replace(inbox, presence=_present([*inbox.presence.values(), payload]))
        case SocialNewFollow() | SocialNewReaction():
            return inbox  # told to the person, not kept: the relay keeps them


def with_items(items: Iterable[AudioPost], posts: Iterable[AudioPost]) -> tuple[AudioPost, ...]:
    """Newest first, one for each post id (the later given wins), the oldest beyond MAX_ITEMS dropped. [any]

    Order is by `created_at` (RFC 3339 in UTC sorts as text), then by id, which is made in order of time.
    """
    by_id = {post.id: post for post in items} | {post.id: post for post in posts}
    return tuple(sorted(by_id.values(), key=lambda p: (p.created_at, p.id), reverse=True)[:MAX_ITEMS])


def with_presence(inbox: Inbox, presence: Iterable[PresenceUpdate]) -> Inbox:
    """Presence as a whole: who is not named is not there. [any]"""
    return replace(inbox, presence=_present(presence))


def friends_producing(inbox: Inbox) -> int:
    """How many of those followed make music now. [any]"""
    return sum(update.status in PRODUCING for update in inbox.presence.values())


def _present(updates: Iterable[PresenceUpdate]) -> dict[str, PresenceUpdate]:
    """The last word on each; of more than MAX_FRIENDS, those heard of first."""
    last = {update.user_id: update for update in updates}
    present = [(user_id, update) for user_id, update in last.items() if update.status != "offline"]
    return dict(present[:MAX_FRIENDS])
