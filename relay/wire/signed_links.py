"""Links that open the sound of a post without signing in, for an hour at most."""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import Count, Timestamp, Url
from relay.wire.ids import Id
from relay.wire.operation import AudioBytes, list_row, post_row
from relay.wire.rest import Sha256

MAX_LINK_S = 3600
SoundFile = Annotated[str, Meta(max_length=32, pattern=r"^(?:mp3|flac|download|stem:[a-z]+)\Z")]
"""Of a post: what GET /audio/{post_id}/… has by these names; stem:NAME: a part that one's own sound was taken apart into."""


class NewSignedLink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """expires_in: seconds."""

    file: SoundFile = "mp3"
    expires_in: Annotated[int, Meta(ge=1, le=MAX_LINK_S)] = MAX_LINK_S


class SignedLink(Struct, frozen=True, kw_only=True):
    """Whoever has the url has the sound, until then."""

    url: Url
    expires_at: Timestamp


class SignedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a link says. by: by whose right it opens; expires: Unix time in seconds."""

    file: SoundFile
    by: Id
    expires: Count
    signature: Sha256


SIGN_LINK = post_row(
    "/audio/{post_id}/links",
    NewSignedLink,
    SignedLink,
    "A link that opens the sound without signing in, for an hour or less, by your right: where you lose that, the link ends, too.",
)
FOLLOW_LINK = list_row(
    "/audio/{post_id}/signed",
    SignedQuery,
    AudioBytes,
    "The sound that a signed link is to, whole or in ranges. 403: the link is over, or is not one of ours.",
)
