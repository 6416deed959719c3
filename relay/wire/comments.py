"""Comments on creations: what is written, read and told of them."""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import MAX_DURATION_MS, UNPRINTABLE, Count, Timestamp
from relay.wire.ids import Id
from relay.wire.rest import MAX_PAGE, PageCursor, Username

MAX_COMMENT = 1_000
MAX_COMMENT_DEPTH = 16
"""Answers to answers to …; what is deeper is refused."""
MAX_MENTIONS = 8
"""People whom one comment may name; further names are text."""
REPLIES_SHOWN = 3
"""Of the answers to a comment, as many of the first stand with it."""

CommentText = Annotated[
    str, Meta(min_length=1, max_length=MAX_COMMENT, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")
]
"""May have more than one line."""
ShownText = Annotated[str, Meta(max_length=MAX_COMMENT, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")]
PositionMs = Annotated[int, Meta(ge=0, le=MAX_DURATION_MS)]


class NewComment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /audio/{post_id}/comments. parent_id: what it answers. position_ms: where in the sound; an answer has no place.

    A name such as @anna tells her of it, if she may read it.
    """

    text: CommentText
    parent_id: Id | None = None
    position_ms: PositionMs | None = None


class CommentEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PATCH /comments/{comment_id}."""

    text: CommentText


class Comment(Struct, frozen=True, kw_only=True):
    """A comment as it is shown. Of one that was deleted and has answers, only its place is left: no name, no text.

    root_id: of the comment with which its thread begins. mentions: whom its text names, of those there are.
    """

    id: Id
    post_id: Id
    root_id: Id
    parent_id: Id | None = None
    user_id: Id | None = None
    username: Username | None = None
    text: ShownText = ""
    position_ms: PositionMs | None = None
    mentions: Annotated[list[Username], Meta(max_length=MAX_MENTIONS)] = []
    created_at: Timestamp
    edited_at: Timestamp | None = None
    deleted: bool = False
    reply_count: Count = 0
    """Answers in its thread, for the comment with which it begins; else 0."""
    replies: "Annotated[list[Comment], Meta(max_length=REPLIES_SHOWN)]" = []
    """The first of them, the oldest first; GET /comments/{comment_id}/replies has all."""


class CommentPage(Struct, frozen=True, kw_only=True):
    """GET /audio/{post_id}/comments, newest first; GET /comments/{comment_id}/replies, oldest first."""

    comments: Annotated[list[Comment], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None = None


class CommentDeleted(Struct, frozen=True, kw_only=True):
    """Answer to DELETE /comments/{comment_id}."""

    comment_id: Id
