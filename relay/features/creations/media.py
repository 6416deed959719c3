"""The bytes of posts: their sound in parts and whole, and its picture. Sent without a cookie, and shown by pages of others."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from relay.core.access import Action, authorize
from relay.core.byte_ranges import byte_range
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.entity_tags import names_tag
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.core.visibility import Audience, Shown, audience
from relay.engine.database import Connection, Database
from relay.engine.objects.door import ObjectMissing, Objects
from relay.features.creations import versions
from relay.features.creations.drawing import waveform_svg
from relay.features.creations.figures import Figures
from relay.features.creations.kinds import LOSSLESS, PREVIEW
from relay.features.creations.posts import one
from relay.features.creations.share_image import share_image
from relay.features.creations.store import Asset
from relay.features.creations.terms import terms_of
from relay.features.creations.versions import HEAD
from relay.wire import operations as wire
from relay.wire.owning import LICENCE_URLS
from relay.wire.rest import Peaks

MEDIA_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
EMBEDDED = {"cross-origin-resource-policy": "cross-origin"}
"""Of what pages of others may show: they are sent no cookie of ours (SameSite), so they get what everybody gets."""
PRIVATE = "private, no-cache"
"""Kept by the browser, and asked for each time whether it may still be shown."""
Bare = Call[wire.Nothing, wire.Nothing]
OfVersion = Call[wire.Nothing, wire.VersionQuery]
AnyCall = Call[Any, Any]  # any: with a version or without
Bytes = Answer[wire.AudioBytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """public: the cache-control of public sound. audio_links_s: as of `media`. [loop]"""

    db: Database
    objects: Objects
    public: str
    audio_links_s: int

    async def _figures(self, call: OfVersion) -> Figures:
        post_id, viewer, n = call.path["post_id"], call.actor.user_id, call.query.v or HEAD
        return await self.db.read(lambda reader: versions.figures(reader, post_id, viewer, n))

    async def waveform(self, call: OfVersion) -> Bytes:
        found = await self._figures(call)
        svg = waveform_svg(found.peak_min, found.peak_max, found.bar_fractions)
        headers = {"content-security-policy": MEDIA_POLICY, "cache-control": PRIVATE, **EMBEDDED}
        return Answer(content=svg.encode(), media_type="image/svg+xml", headers=headers)

    async def image(self, call: Bare) -> Bytes:
        post_id, viewer = call.path["post_id"], call.actor.user_id
        found = (await self.db.read(lambda reader: one(reader, post_id, viewer, ""))).post
        drawn = await asyncio.to_thread(share_image, found.title or "Untitled", found.username, found.outline)
        headers = {"content-security-policy": MEDIA_POLICY, "cache-control": PRIVATE, **EMBEDDED}
        return Answer(content=drawn, media_type="image/png", headers=headers)

    async def peaks(self, call: OfVersion) -> Answer[Peaks]:
        found = await self._figures(call)
        value = Peaks(
            minimum=found.peak_min,
            maximum=found.peak_max,
            bar_fractions=found.bar_fractions,
            duration_ms=found.card.duration_ms,
        )
        return Answer(value=value, headers={"cache-control": PRIVATE})

    async def mp3(self, call: OfVersion) -> Bytes:
        return await self._sound(call, PREVIEW, call.query.v)

    async def flac(self, call: OfVersion) -> Bytes:
        return await self._sound(call, LOSSLESS, call.query.v)

    async def download(self, call: Bare) -> Bytes:
        post_id, viewer = call.path["post_id"], call.actor.user_id
        given = await self.db.read(lambda reader: _given_out(reader, post_id, viewer))
        return await self._sound(call, LOSSLESS, None, given)

    async def stem(self, call: AnyCall, role: str) -> Bytes:
        """Of the newest version, for its owner. role: of stems.py."""
        return await self._sound(call, role, None)

    async def _sound(
        self, call: AnyCall, role: str, n: int | None, given: Mapping[str, str] | None = None
    ) -> Bytes:
        """given: headers of what the author gives out; else all but the preview is theirs alone."""
        post_id, viewer = call.path["post_id"], call.actor.user_id
        asset, shown, is_its_own = await self.db.read(
            lambda reader: versions.asset(reader, post_id, role, viewer, n or HEAD)
        )
        if role != PREVIEW and given is None:
            authorize(call.actor, Action.POST_LOSSLESS, shown.owner_id)
        public = self.public if is_its_own else PRIVATE
        headers = _headers(asset, shown, role, public) | dict(given or {})
        if names_tag(call.headers.get("if-none-match"), headers["etag"]):
            return Answer(status=304, media_type=asset.mime, headers=headers)
        if self.audio_links_s and _follows_links(call):
            link = await self.objects.signed_url(asset.sha256, self.audio_links_s)
            if link is not None:
                return Answer(status=307, headers={"location": link, **EMBEDDED})
        return await send_sound(self.objects, call, asset, headers)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.GET_DOWNLOAD, Action.POST_READ, self.download, limit=Kind.MEDIA),
            Row(wire.GET_WAVEFORM, Action.POST_READ, self.waveform),
            Row(wire.GET_IMAGE, Action.POST_READ, self.image, limit=Kind.MEDIA),
            Row(wire.GET_PEAKS, Action.POST_READ, self.peaks),
            Row(wire.GET_MP3, Action.POST_READ, self.mp3, limit=Kind.MEDIA),
            Row(wire.GET_FLAC, Action.POST_LOSSLESS, self.flac, limit=Kind.MEDIA),
        ]


def media(db: Database, objects: Objects, *, audio_cache_s: int, audio_links_s: int) -> Media:
    """audio_cache_s: how long public sound may be kept by whoever got it; 0: it is asked for each time.

    audio_links_s: how long a link to the store of objects holds that a browser is given instead; 0: it is given none.
    """
    public = f"public, max-age={audio_cache_s}, immutable" if audio_cache_s else PRIVATE
    return Media(db=db, objects=objects, public=public, audio_links_s=audio_links_s)


def _given_out(db: Connection, post_id: str, viewer: str | None) -> dict[str, str]:
    """Headers of a file of the post's title, under its licence. Raises Refusal: not_found, gone, forbidden."""
    post = one(db, post_id, viewer, "").post
    terms = terms_of(db, post_id)
    if not terms.downloads and post.user_id != viewer:
        raise Refusal("forbidden", "Its author does not give this sound out.", "Ask them for it.")
    name = f"{post.username} - {post.title or post.id}.flac".replace("/", "-")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    if licence := LICENCE_URLS.get(terms.licence):
        headers["link"] = f'<{licence}>; rel="license"'
    return headers


def _follows_links(call: AnyCall) -> bool:
    """A device follows none: where it is led it would show its token. A link is for GET; HEAD is answered here."""
    return call.actor.device_id is None and not call.head


async def send_sound(objects: Objects, call: AnyCall, asset: Asset, headers: dict[str, str]) -> Bytes:
    """headers: with the etag of the asset. All of it or the part that is asked for (RFC 9110, 14): by GET alone, and of this very sound."""
    may_be_part = not call.head and call.headers.get("if-range", headers["etag"]) == headers["etag"]
    part = byte_range(call.headers.get("range") if may_be_part else None, asset.size_bytes)
    start, end = part or (0, asset.size_bytes)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{asset.size_bytes}"
    try:
        if call.head:  # of which the store, too, is asked for no more than whether it is there
            await objects.size(asset.sha256)
            return Answer(size_bytes=asset.size_bytes, media_type=asset.mime, headers=headers)
        stream = await objects.read(asset.sha256, start, end)
    except ObjectMissing as error:
        raise Refusal("internal", "The audio of this post is lost.") from error
    return Answer(
        status=206 if part else 200,
        stream=stream,
        size_bytes=end - start,
        media_type=asset.mime,
        headers=headers,
    )


def _headers(asset: Asset, shown: Shown, role: str, public: str) -> dict[str, str]:
    is_public = audience(shown) is Audience.EVERYBODY and role == PREVIEW
    return {
        "accept-ranges": "bytes",
        "etag": f'"{asset.sha256}"',
        "cache-control": public if is_public else PRIVATE,
        "content-security-policy": MEDIA_POLICY,
        **(EMBEDDED if role == PREVIEW else {}),
    }
