"""Messages of the control socket about comments and notifications. Sent and received like those of control.py, which holds
the unions.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from bridge.control_base import Called, ControlMessage, Done, Limit
from bridge.control_values import Url
from plugin_protocol.message_base import U32, Line, Short

Words = Annotated[str, Meta(max_length=4096)]
Cursor = Annotated[str, Meta(max_length=128)]


class CommentInfo(Struct, frozen=True, kw_only=True):
    """A comment. author: None: it was deleted, and has answers."""

    comment_id: Short
    author: Short | None
    text: Words
    created_at: Short  # RFC 3339
    at_ms: int | None = None
    edited: bool = False


class ThreadInfo(CommentInfo, frozen=True, kw_only=True):
    """A comment with the first of its `answers`, oldest first. An answer has none of its own: whatever a relay nests in it."""

    answers: int = 0
    replies: list[CommentInfo] = []


class CommentsAre(ControlMessage, frozen=True, kw_only=True, tag="comments_are"):
    comments: list[ThreadInfo]
    next: Cursor | None = None


class OneComment(ControlMessage, frozen=True, kw_only=True, tag="comment_is"):
    comment: ThreadInfo


class ListComments(ControlMessage, frozen=True, kw_only=True, tag="comments"):
    """Of a post, the newest first, as the relay has them now."""

    Reply: ClassVar = CommentsAre

    post_id: Called
    limit: Limit = 20
    cursor: Cursor | None = None


class WriteComment(ControlMessage, frozen=True, kw_only=True, tag="comment"):
    """at_ms: where in the sound. answered: a comment that this answers. Not queued: an error when offline."""

    Reply: ClassVar = OneComment

    post_id: Called
    text: Words
    at_ms: Annotated[int, Meta(ge=0)] | None = None
    answered: Called | None = None


class EditComment(ControlMessage, frozen=True, kw_only=True, tag="edit_comment"):
    """One of this account's. Not queued."""

    Reply: ClassVar = OneComment

    comment_id: Called
    text: Words


class DeleteComment(ControlMessage, frozen=True, kw_only=True, tag="delete_comment"):
    """One of this account's, or on a post of this account's. Not queued."""

    Reply: ClassVar = Done

    comment_id: Called


class NotificationInfo(Struct, frozen=True, kw_only=True):
    """What one or several people did. text: the beginning of a comment that is told of alone."""

    kind: Short
    sentence: Line
    at: Short  # RFC 3339
    read: bool
    url: Url
    text: Words = ""


class NotificationsAre(ControlMessage, frozen=True, kw_only=True, tag="notifications_are"):
    notifications: list[NotificationInfo]
    unread: U32
    next: Cursor | None = None


class ListNotifications(ControlMessage, frozen=True, kw_only=True, tag="notifications"):
    """The newest first. `limit` counts what people did, of which several are told of together."""

    Reply: ClassVar = NotificationsAre

    limit: Limit = 50
    cursor: Cursor | None = None


class ReadNotifications(ControlMessage, frozen=True, kw_only=True, tag="read_notifications"):
    """All of them are read."""

    Reply: ClassVar = Done


class NotificationsChanged(ControlMessage, frozen=True, kw_only=True, tag="notifications_changed"):
    """Told unasked: so many are unread now. kind, sentence: of what is new, "" if nothing is; url: where it can be looked at.
    acts: how many, not read yet, it tells of together.
    """

    unread: U32
    kind: Short = ""
    sentence: Line = ""
    url: Url = ""
    acts: U32 = 0
