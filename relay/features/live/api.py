"""What other features may ask of the live feed: tell what happened, to whom, once."""

from relay.features.live.encoding import LiveOnly
from relay.features.live.store import (
    Act,
    Blocked,
    Followed,
    Happened,
    Unfollowed,
    append,
    append_once,
    author_topic,
    inbox_topic,
    is_told_first,
)
from relay.features.live.telling import Delivery, Teller

__all__ = [
    "Act",
    "Blocked",
    "Delivery",
    "Followed",
    "Happened",
    "LiveOnly",
    "Teller",
    "Unfollowed",
    "append",
    "append_once",
    "author_topic",
    "inbox_topic",
    "is_told_first",
]
