"""What other features may ask of comments. `creations` forgets them with a post, so this module imports nothing of it."""

from relay.features.comments.store import (
    COMMENT,
    FOUND,
    JOINED,
    MENTION,
    REPLY,
    CommentChanged,
    CommentRow,
    any_of,
    forget,
    seen,
    shown,
    tell_comments,
    words_after,
)

__all__ = [
    "COMMENT",
    "FOUND",
    "JOINED",
    "MENTION",
    "REPLY",
    "CommentChanged",
    "CommentRow",
    "any_of",
    "forget",
    "seen",
    "shown",
    "tell_comments",
    "words_after",
]
