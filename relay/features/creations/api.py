"""What other features may ask of creations."""

from relay.features.creations.posts import (
    COLUMNS,
    NEWEST,
    OLDER,
    SELECT,
    Detail,
    Position,
    by_ids,
    commentable,
    detail,
    one,
    page,
    position,
    reactable,
)
from relay.features.creations.removals import Removals, Removed, mark, require_kept
from relay.features.creations.removals import begin as begin_removal
from relay.features.creations.store import (
    count_comments,
    note_owner,
    readable_titles,
    set_likes,
    set_reactions,
    shown_of,
    stored_assets,
    words_after,
)

__all__ = [
    "COLUMNS",
    "NEWEST",
    "OLDER",
    "SELECT",
    "Detail",
    "Position",
    "Removals",
    "Removed",
    "begin_removal",
    "by_ids",
    "commentable",
    "count_comments",
    "detail",
    "mark",
    "note_owner",
    "one",
    "page",
    "position",
    "reactable",
    "readable_titles",
    "require_kept",
    "set_likes",
    "set_reactions",
    "shown_of",
    "stored_assets",
    "words_after",
]
