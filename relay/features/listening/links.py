"""What a link of a music service names. Values in, values out: nothing is fetched here."""

import re
from enum import StrEnum
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from relay.core.refusal import Refusal


class Elsewhere(StrEnum):
    """What an operator lets be read from outside."""

    OFF = "off"
    LINKS = "links"
    SOUND = "sound"


Kind = Literal["track", "album", "playlist"]
_SPOTIFY = re.compile(
    r"(?:https://open\.spotify\.com/(?:intl-[a-z]{2,5}/)?|spotify:)(track|album|playlist)[/:]([0-9A-Za-z]{22})(?:\?[!-~]*)?"
)


class Link(Struct, frozen=True, kw_only=True):
    """id: ours, of 32 hex digits, the same for the same thing. url: in its one form."""

    id: str
    kind: Kind
    url: str


def link_of(url: str) -> Link:
    """Raises Refusal: validation. [any]"""
    found = _SPOTIFY.fullmatch(url)
    if found is None:
        raise Refusal(
            "validation",
            "This is no address of a track, an album or a playlist at Spotify.",
            "Such as https://open.spotify.com/track/… .",
        )
    kind: Kind = found[1]  # type: ignore[assignment]  # one of the three of the pattern
    own = f"https://open.spotify.com/{kind}/{found[2]}"
    return Link(id=uuid5(NAMESPACE_URL, own).hex, kind=kind, url=own)
