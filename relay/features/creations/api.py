"""What other features may ask of creations."""

from relay.features.creations.posts import (
    NEWEST,
    OLDER,
    SELECT,
    Detail,
    Position,
    one,
    page,
    position,
    reactable,
)
from relay.features.creations.store import set_likes, set_reactions, stored_assets

__all__ = [
    "NEWEST",
    "OLDER",
    "SELECT",
    "Detail",
    "Position",
    "one",
    "page",
    "position",
    "reactable",
    "set_likes",
    "set_reactions",
    "stored_assets",
]
