"""Guests: accounts that nobody has signed up for yet. Their token goes where an access token goes."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import Count, Sentence, Timestamp
from relay.wire.ids import Id
from relay.wire.rest import Producer

TOKEN_PREFIX = "guest."
GuestSecret = Annotated[str, Meta(min_length=49, max_length=49, pattern=r"^guest\.[A-Za-z0-9_-]*\Z")]


class GuestToken(Struct, frozen=True, kw_only=True):
    """POST /auth/guest. The token does not end, but the guest does: `expires_at`, unless it is used before; each use moves it."""

    access_token: GuestSecret
    user: Producer
    expires_at: Timestamp
    warning: Sentence
    token_type: Literal["Bearer"] = "Bearer"


class TakeOver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /users/me/take-over. token: the guest's."""

    token: GuestSecret


class TakenOver(Struct, frozen=True, kw_only=True):
    """What the guest made is the account's: so many creations, under the same ids, with versions, links and counts. Its token has ended."""

    guest_id: Id
    user_id: Id
    creations: Count
