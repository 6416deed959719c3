"""What other features may ask of likes and reactions. `creations` reads whose they are with each row, so this module
imports nothing of it.
"""

from relay.features.reactions.likers import likers
from relay.features.reactions.showing import note_creation, note_owner
from relay.features.reactions.store import (
    NEW_LIKE,
    NEW_REACTION,
    forget,
    is_reposted,
    stands,
    tell_likes,
    tell_reactions,
)

LIKED = "(SELECT 1 FROM creation_like AS l WHERE l.account_id = :viewer AND l.creation_id = c.id) IS NOT NULL"
"""Whether :viewer likes `creation AS c`; a column."""
REACTED = "(SELECT json_group_array(e.emoji) FROM reaction AS e WHERE e.creation_id = c.id AND e.account_id = :viewer)"
"""The emoji with which :viewer reacted to `creation AS c`, as a JSON array; a column."""

REPOSTED = "(SELECT 1 FROM repost AS r WHERE r.account_id = :viewer AND r.creation_id = c.id) IS NOT NULL"
"""Whether :viewer shows `creation AS c` to others; a column."""
SAVED = "(SELECT 1 FROM saved AS s WHERE s.account_id = :viewer AND s.creation_id = c.id) IS NOT NULL"
"""Whether :viewer has saved `creation AS c`; a column."""

__all__ = [
    "LIKED",
    "NEW_LIKE",
    "NEW_REACTION",
    "REACTED",
    "REPOSTED",
    "SAVED",
    "forget",
    "is_reposted",
    "likers",
    "note_creation",
    "note_owner",
    "stands",
    "tell_likes",
    "tell_reactions",
]
