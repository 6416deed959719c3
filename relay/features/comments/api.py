"""What other features may ask of comments. `creations` forgets them with a post, so this module imports nothing of it."""

from relay.features.comments.store import (
    COMMENT,
    MENTION,
    REPLY,
    CommentChanged,
    CommentRow,
    any_of,
    forget,
    seen,
    tell_comments,
)

__all__ = [
    "COMMENT",
    "MENTION",
    "REPLY",
    "CommentChanged",
    "CommentRow",
    "any_of",
    "forget",
    "seen",
    "tell_comments",
]
