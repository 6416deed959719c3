"""Reports, what moderators do with them, and appeals: bodies of the REST interface."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import UNPRINTABLE, Count, Timestamp, Url, Word
from relay.wire.ids import Id
from relay.wire.rest import MAX_PAGE, AudioPost, Name, PageCursor, Username

Reason = Literal["spam", "harassment", "hate", "sexual", "violence", "copyright", "illegal", "other"]
REASONS: dict[str, str] = {
    "spam": "Spam, or a trick",
    "harassment": "Harasses somebody",
    "hate": "Hates people for what they are",
    "sexual": "Sexual, or exploits somebody",
    "violence": "Calls for violence",
    "copyright": "Somebody else's work, without leave",
    "illegal": "Against the law otherwise",
    "other": "Something else",
}
"""Each reason that a report may have, in words."""
Words = Annotated[str, Meta(max_length=1000, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")]
Kind = Literal["post", "comment", "account"]


class NewReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /reports. Reporting the same again is reporting it once. Of an account: its id."""

    kind: Kind
    id: Id
    reason: Reason
    text: Words = ""


class Report(Struct, frozen=True, kw_only=True):
    """One's own report, as it stands."""

    id: Id
    kind: Word
    object_id: Id
    reason: Word
    created_at: Timestamp
    is_closed: bool


class Reported(Struct, frozen=True, kw_only=True):
    """Something in the moderators' queue. words: what it says; state: of a post, as `visible`, `hidden`, `gone`."""

    kind: Word
    id: Id
    count: Count
    reasons: Annotated[dict[Word, Count], Meta(max_length=16)]
    texts: Annotated[list[Words], Meta(max_length=20)] = []
    first_at: Timestamp
    username: Username | None = None
    words: Words = ""
    url: Url = ""
    state: Word = "visible"


class Inspected(Struct, frozen=True, kw_only=True):
    """GET /moderation/posts/{post_id}: what was reported or hidden, for moderators, whoever may see it otherwise.

    state: of the post; owner_state: of the account that it is of. audio_url: of its sound, for moderators.
    """

    post: AudioPost
    state: Word
    owner_state: Word
    audio_url: Url


class Queue(Struct, frozen=True, kw_only=True):
    """GET /moderation/queue: what was reported first comes first."""

    reported: Annotated[list[Reported], Meta(max_length=MAX_PAGE)]
    appeals: Annotated[list["Appeal"], Meta(max_length=MAX_PAGE)] = []


class Decision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /moderation/decide. note: why, for the log and for whom it is of. block_sound: of a post that is hidden, never taken again.

    deed: dismiss (the reports), hide and unhide (a post), remove (a comment), suspend and unsuspend (an account).
    """

    kind: Kind
    id: Id
    deed: Literal["dismiss", "hide", "unhide", "remove", "suspend", "unsuspend"]
    note: Words
    block_sound: bool = False


class Decided(Struct, frozen=True, kw_only=True):
    """closed: how many reports that was."""

    closed: Count


class NewAppeal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /appeals: against a post of yours being hidden, or your account being suspended. Once for each."""

    kind: Literal["post", "account"]
    id: Id
    text: Annotated[Words, Meta(min_length=1)]


class Appeal(Struct, frozen=True, kw_only=True):
    """answer "": there is none yet."""

    id: Id
    kind: Word
    object_id: Id
    username: Username
    text: Words
    answer: Words = ""
    created_at: Timestamp


class AppealAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /moderation/appeals/{appeal_id}/answer. What is decided otherwise is decided by a Decision."""

    answer: Annotated[Words, Meta(min_length=1)]


class Audited(Struct, frozen=True, kw_only=True):
    """A line of the log. username: who did it, or an id, where that account is gone. owner: whose it was, as far as they are there.

    words, url: of what it was of, as it is now, and where moderators look at it; "": it is gone, or is for some alone.
    """

    id: Id
    at: Timestamp
    username: Name
    deed: Word
    kind: Word
    object_id: Word
    owner: Username | None = None
    words: Words = ""
    url: Url = ""
    note: Words


class AuditPage(Struct, frozen=True, kw_only=True):
    """GET /moderation/log?cursor=&limit= : newest first."""

    lines: Annotated[list[Audited], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None = None


class RoleRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /moderation/roles: of admins alone."""

    username: Username
    role: Literal["user", "moderator", "admin"]


class RoleSet(Struct, frozen=True, kw_only=True):
    """Answer to it."""

    username: Username
    role: Word
