"""What other features may ask of the live feed: tell what happened, to whom, once."""

from relay.features.live.conversation import Message, Receive, Send
from relay.features.live.encoding import LiveOnly
from relay.features.live.hub import Connection as Listener
from relay.features.live.opening import Opening
from relay.features.live.store import (
    Act,
    Blocked,
    Followed,
    Happened,
    Muted,
    Unfollowed,
    append,
    append_once,
    author_topic,
    blocked_with,
    hidden_from,
    inbox_topic,
    is_told_first,
    owner_of_inbox,
)
from relay.features.live.telling import Addressed, Teller

__all__ = [
    "Act",
    "Addressed",
    "Blocked",
    "Followed",
    "Happened",
    "Listener",
    "LiveOnly",
    "Message",
    "Muted",
    "Opening",
    "Receive",
    "Send",
    "Teller",
    "Unfollowed",
    "append",
    "append_once",
    "author_topic",
    "blocked_with",
    "hidden_from",
    "inbox_topic",
    "is_told_first",
    "owner_of_inbox",
]
