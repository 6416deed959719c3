"""What a link of a music service names. Values in, values out: nothing is fetched here."""

import re
from collections.abc import Mapping
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


MAX_SHOWN, MAX_PICTURE = 300, 1_024
Kind = Literal["track", "album", "playlist"]
_SPOTIFY = re.compile(
    r"(?:https://open\.spotify\.com/(?:intl-[a-z]{2,5}/)?|spotify:)(track|album|playlist)[/:]([0-9A-Za-z]{22})(?:\?[!-~]*)?"
)


class Link(Struct, frozen=True, kw_only=True):
    """id: ours, of 32 hex digits, the same for the same thing. url: in its one form."""

    id: str
    kind: Kind
    url: str


class Key(Struct, frozen=True, kw_only=True):
    """Of an app that the operator has registered at Spotify."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Key({self.client_id})"


def key_of(env: Mapping[str, str]) -> Key | None:
    """Of SIDECHAIN_RELAY_SPOTIFY_CLIENT_ID and _CLIENT_SECRET, or without the prefix; None: one of them is missing. [any]"""
    client_id, secret = (
        env.get(f"SIDECHAIN_RELAY_SPOTIFY_{which}") or env.get(f"SPOTIFY_{which}")
        for which in ("CLIENT_ID", "CLIENT_SECRET")
    )
    return Key(client_id=client_id, client_secret=secret) if client_id and secret else None


class Listed(Struct, frozen=True, kw_only=True):
    """A track of a list. url None: it has none."""

    url: str | None
    name: str
    artists: list[str]
    duration_ms: int


class Called(Struct, frozen=True, kw_only=True):
    """What is said of a link. total: how many tracks are in it, of which `tracks` are the first; None: of a track, or unknown."""

    name: str
    image_url: str | None
    artists: list[str] = []
    duration_ms: int | None = None
    tracks: list[Listed] = []
    total: int | None = None


def shown(text: object) -> str:
    """What a stranger's text shows; "": nothing. [any]"""
    return "".join(sign for sign in str(text) if sign.isprintable())[:MAX_SHOWN].strip()


def picture(url: object) -> str | None:
    """An address that pages may lead to. [any]"""
    is_https = (
        isinstance(url, str) and url.startswith("https://") and url.isascii() and len(url) < MAX_PICTURE
    )
    return url if is_https and isinstance(url, str) and url.isprintable() else None


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
