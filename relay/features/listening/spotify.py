"""What a track, an album or a playlist is called and what is in it, by an operator's own key at Spotify (client credentials, RFC 6749, 4.4; its Web API). Never a sound.

The key's secret goes to the server of tokens alone, and stands in no log and no answer; a token stays in memory until shortly before it ends.
"""

import asyncio
import base64
import logging
import re
import time
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.outward import TargetAnswered, TargetRefused, TargetUnavailable
from relay.engine.outward_get import Reader
from relay.features.listening.links import Called, Key, Link, Listed, picture, shown

log = logging.getLogger("relay")

ACCOUNTS, API = "https://accounts.spotify.com", "https://api.spotify.com"
LIMIT_S, MAX_BYTES, MAX_TOKEN_BYTES = 10.0, 1 << 20, 16 * 1024
MAX_LISTED = 100
"""Of what is in a list, from its beginning: a page of the service."""
EARLIER_S, LONGEST_S = 60.0, 3_600.0
"""A token is not used in its last minute, nor longer than an hour, whatever is said."""
UNAUTHORIZED, MISSING, TOO_OFTEN = 401, 404, 429
MAX_COUNT = 1_000_000_000
_ID = re.compile("[0-9A-Za-z]{22}")
_FIELDS = "name,images(url),tracks(total,items(track(id,name,duration_ms,artists(name))))"
_PATHS = {
    "track": "/v1/tracks/{id}",
    "album": "/v1/albums/{id}",
    "playlist": f"/v1/playlists/{{id}}?fields={_FIELDS}",
}


class _Named(Struct, frozen=True):
    name: str


class _Image(Struct, frozen=True):
    url: str


class _Track(Struct, frozen=True):
    name: str
    id: str | None = None
    duration_ms: int = 0
    artists: list[_Named] = []


class _Entry(Struct, frozen=True):
    """Of a playlist; null where what stood there is gone."""

    track: _Track | None = None


class _Page(Struct, frozen=True):
    total: int = 0
    items: list[msgspec.Raw] = []


class _Album(Struct, frozen=True):
    images: list[_Image] = []


class _Whole(_Track, frozen=True):
    """A track, an album or a playlist. album: of a track. tracks: of the others."""

    images: list[_Image] = []
    album: _Album | None = None
    tracks: _Page = _Page()


class _Token(Struct, frozen=True):
    access_token: str
    expires_in: float


class Spotify:
    """[loop]"""

    def __init__(self, reader: Reader, key: Key, *, accounts: str = ACCOUNTS, api: str = API) -> None:
        self._reader = reader
        self._key = key
        self._accounts = accounts
        self._api = api
        self._token, self._until_s = "", 0.0
        self._asking = asyncio.Lock()

    async def called(self, link: Link) -> Called:
        """Raises Refusal: not_found, busy."""
        try:
            return _told(link, await self._whole(link))
        except TargetAnswered as error:
            if error.status == TOO_OFTEN:
                raise Refusal(
                    "busy", "Spotify was asked too often by this relay.", "Try again in a minute."
                ) from None
            if error.status != MISSING:
                log.warning("Spotify: %s", error)
        except (TargetRefused, TargetUnavailable, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("Spotify: %s", error)
        raise Refusal("not_found", "Nothing is known of this link now.", "Say the title yourself.")

    async def _whole(self, link: Link) -> _Whole:
        url = self._api + _PATHS[link.kind].format(id=link.url.rpartition("/")[2])
        for is_last in (False, True):
            token = await self._access()
            try:
                said = await self._read(url, {"Authorization": f"Bearer {token}"}, MAX_BYTES)
                return msgspec.json.decode(said, type=_Whole)
            except TargetAnswered as error:
                if error.status != UNAUTHORIZED or is_last:
                    raise
                self._token = ""  # it ended before its time
        raise AssertionError("the second time returns or raises")

    async def _access(self) -> str:
        """One request at a time: who comes meanwhile has its token."""
        async with self._asking:
            if not self._token or time.monotonic() >= self._until_s:
                pair = f"{self._key.client_id}:{self._key.client_secret}".encode()
                headers = {
                    "Authorization": f"Basic {base64.b64encode(pair).decode()}",
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                body = b"grant_type=client_credentials"
                said = await self._read(f"{self._accounts}/api/token", headers, MAX_TOKEN_BYTES, body)
                found = msgspec.json.decode(said, type=_Token)
                if not (found.access_token.isascii() and found.access_token.isprintable()):
                    raise TargetUnavailable("Its token has signs that none has.")
                self._token = found.access_token
                self._until_s = time.monotonic() + min(found.expires_in, LONGEST_S) - EARLIER_S
            return self._token

    async def _read(
        self, url: str, headers: Mapping[str, str], max_bytes: int, body: bytes | None = None
    ) -> bytes:
        pieces = self._reader.read(url, max_bytes=max_bytes, limit_s=LIMIT_S, headers=headers, body=body)
        return b"".join([piece async for piece in pieces])


def _told(link: Link, whole: _Whole) -> Called:
    """Raises Refusal: not_found."""
    images = whole.images or (whole.album.images if whole.album is not None else [])
    kind: type[_Entry | _Track] = _Entry if link.kind == "playlist" else _Track
    read = [msgspec.json.decode(each, type=kind) for each in whole.tracks.items[:MAX_LISTED]]
    tracks = [each.track if isinstance(each, _Entry) else each for each in read]
    listed = [_listed(each) for each in tracks if each is not None and shown(each.name)]
    name = shown(whole.name)
    if not name:
        raise Refusal("not_found", "Nothing is known of this link now.", "Say the title yourself.")
    return Called(
        name=name,
        image_url=picture(images[0].url) if images else None,
        artists=_artists(whole),
        duration_ms=_bounded(whole.duration_ms) if link.kind == "track" else None,
        tracks=listed,
        total=None if link.kind == "track" else max(_bounded(whole.tracks.total), len(listed)),
    )


def _listed(track: _Track) -> Listed:
    return Listed(
        url=f"https://open.spotify.com/track/{track.id}" if _ID.fullmatch(track.id or "") else None,
        name=shown(track.name),
        artists=_artists(track),
        duration_ms=_bounded(track.duration_ms),
    )


def _bounded(count: int) -> int:
    return min(max(count, 0), MAX_COUNT)


def _artists(track: _Track) -> list[str]:
    found = [shown(each.name) for each in track.artists[:20]]
    return [each for each in found if each]
