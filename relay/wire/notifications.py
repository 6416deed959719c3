"""Notifications: what others did that concerns somebody, told of together where it is of one kind."""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import UNPRINTABLE, Count, Sentence, Timestamp, Url, Word
from relay.wire.ids import Id
from relay.wire.rest import MAX_PAGE, PageCursor, Username

PEOPLE_SHOWN = 3
TEXT_SHOWN = 140
MAX_UNREAD_COUNTED = 100
"""Acts that were not read and are counted; there may be more."""
Excerpt = Annotated[str, Meta(max_length=TEXT_SHOWN, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")]


class Notification(Struct, frozen=True, kw_only=True):
    """One act, or several that are told of together. id: of the newest; ids: of all, by which they are marked as read.

    kind: "follow", "follow_request", "follow_accepted", "reaction", "repost", "comment", "reply", "mention", "remix", or one that later versions know. sentence: all of it in words.
    people: the newest of `count`. text: the beginning of a comment that is told of alone.
    """

    id: Id
    kind: Word
    at: Timestamp
    seen: bool
    read: bool
    sentence: Sentence
    people: Annotated[list[Username], Meta(max_length=PEOPLE_SHOWN)]
    count: Count
    post_id: Id | None = None
    comment_id: Id | None = None
    text: Excerpt = ""
    url: Url
    ids: Annotated[list[Id], Meta(max_length=MAX_PAGE)]


class NotificationCounts(Struct, frozen=True, kw_only=True):
    """How many are not read, and not even seen, of the newest MAX_UNREAD_COUNTED acts that are not read."""

    unread: Count
    unseen: Count


class NotificationPage(Struct, frozen=True, kw_only=True):
    """GET /notifications?cursor=&limit= : newest first. `limit` counts acts, so there are fewer notifications."""

    notifications: Annotated[list[Notification], Meta(max_length=MAX_PAGE)]
    counts: NotificationCounts
    next: PageCursor | None = None


class NotificationsRead(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /notifications/read. ids: of a Notification; null: all there are."""

    ids: Annotated[list[Id], Meta(max_length=MAX_PAGE)] | None = None


class NotificationPreferences(Struct, frozen=True, kw_only=True):
    """Of what somebody is told."""

    follow: bool = True
    follow_request: bool = True
    follow_accepted: bool = True
    reaction: bool = True
    repost: bool = True
    comment: bool = True
    reply: bool = True
    mention: bool = True
    remix: bool = True


class PreferencesEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """PUT /notifications/preferences: what is left out stays as it is."""

    follow: bool | None = None
    follow_request: bool | None = None
    follow_accepted: bool | None = None
    reaction: bool | None = None
    repost: bool | None = None
    comment: bool | None = None
    reply: bool | None = None
    mention: bool | None = None
    remix: bool | None = None
