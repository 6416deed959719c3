"""People as they see and change themselves: bodies of the REST interface under `/api/v1/users/me`."""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Count, Timestamp, Url
from relay.wire.rest import MAX_LINKS, Name, Producer, ShownTo, Text, Username, WebLink

AVATAR_SIZES_PX = (96, 384)
MAX_AVATAR_BYTES = 8 * 1024 * 1024
MAX_AVATAR_PIXELS = 64_000_000
"""Of the picture as it is sent: what the largest of today's phones take."""


class Me(Producer, frozen=True, kw_only=True):
    """One's own profile. shows_activity: whether others see `last_active` and `is_live`. request_count: who ask to follow."""

    shows_activity: bool = True
    request_count: Count = 0
    post_visibility: ShownTo = "public"
    """Of what is posted without a word on who is to see it, from whichever device."""
    is_guest: bool = False
    expires_at: Timestamp | None = None
    """Of a guest: when all of it is deleted, unless it is used before. See POST /auth/guest."""


class Export(Struct, frozen=True, kw_only=True):
    """GET /users/me/export. The archive that was made last; null: there is none. It is kept for a week."""

    created_at: Timestamp | None = None
    size_bytes: Count = 0
    path: Url | None = None
    """Under the relay's address, with the access token."""


class DeleteAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /users/me/delete. username: one's own, so that nothing is deleted by mistake."""

    username: Username


class AccountDeleted(Struct, frozen=True, kw_only=True):
    """Nobody sees any of it from here on, and its sign-ins have ended; the rest goes within minutes."""

    username: Username


class ProfileEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """PUT and PATCH /users/me: what is left out, or null, stays as it is. daw_preference "" is none."""

    display_name: Name | None = None
    bio: Text | None = None
    daw_preference: Annotated[str, Meta(max_length=64, pattern=PRINTABLE)] | None = None
    links: Annotated[list[WebLink], Meta(max_length=MAX_LINKS)] | None = None
    shows_activity: bool | None = None
    post_visibility: ShownTo | None = None
    is_private: bool | None = None
    """true: who wants to follow asks first. false: who has asked follows."""
