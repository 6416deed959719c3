"""/api/v1/audio: posts and the bytes of their audio."""

from collections.abc import Callable
from typing import Any

from relay.core.access import Action, Actor, authorize
from relay.core.byte_ranges import byte_range
from relay.core.calls import Answer, AnyRow, Call, Page, Render, Row
from relay.core.keys import require_key
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.core.visibility import Shown, State, Visibility
from relay.engine.database import Database
from relay.engine.jobs.workers import Workers
from relay.engine.objects.door import ObjectMissing, Objects
from relay.features.creations import store
from relay.features.creations.drawing import waveform_svg
from relay.features.creations.encoding import Encoder
from relay.features.creations.kinds import LOSSLESS, PREVIEW
from relay.features.creations.publishing import PostJob, Published, Publishing
from relay.features.creations.receive import Form, announced_bytes, boundary
from relay.features.uploads import api as uploads
from relay.wire import operations as wire
from relay.wire.rest import AudioPost, AudioProcess

MEDIA_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
EMBEDDED = {"cross-origin-resource-policy": "cross-origin"}
"""Of what pages of others may show: they are sent no cookie of ours (SameSite), so they get what everybody gets."""
PRIVATE = "private, no-cache"
"""Kept by the browser, and asked for each time whether it may still be shown."""
Bare = Call[wire.Nothing, wire.Nothing]
Bytes = Answer[wire.AudioBytes]


def rows(
    db: Database,
    objects: Objects,
    encoder: Encoder,
    publishing: Publishing,
    workers: Workers,
    transfers: uploads.Uploads,
    *,
    base_url: str,
    max_upload_bytes: int,
    audio_cache_s: int,
    require_live: Callable[[Actor], None],
    render: Render,
) -> list[AnyRow]:
    """require_live: refuses an actor whose sign-in was ended meanwhile. audio_cache_s: for public sound; 0: ask each time."""
    public = f"public, max-age={audio_cache_s}, immutable" if audio_cache_s else PRIVATE

    async def upload(call: Call[wire.UploadForm, wire.Nothing]) -> Answer[AudioPost]:
        key = require_key(call.headers)
        size_bytes = announced_bytes(call.headers.get("content-length"), max_upload_bytes)
        form = Form(call.stream(), boundary(call.headers.get("content-type")), max_upload_bytes)
        encoder.expect()
        received = await transfers.receive(call.actor, size_bytes, aiter(form))
        try:
            require_live(call.actor)  # receiving may have taken minutes
            job = PostJob(key=key, upload_id=received.id, meta=form.meta, once=True)
            published = await publishing.publish(workers, call.actor, job)
        finally:
            await transfers.let_go(received.id)
        return _published(published)

    async def process(call: Call[AudioProcess, wire.Nothing]) -> Answer[AudioPost]:
        given = call.body
        job = PostJob(key=require_key(call.headers), upload_id=given.upload_id, meta=given.meta, once=False)
        return _published(await publishing.publish(workers, call.actor, job))

    async def get_post(call: Bare) -> AudioPost:
        post_id, viewer = call.path["post_id"], call.actor.user_id
        return (await db.read(lambda reader: store.one(reader, post_id, viewer, base_url))).post

    async def waveform(call: Bare) -> Bytes:
        post_id, viewer = call.path["post_id"], call.actor.user_id
        found = await db.read(lambda reader: store.figures(reader, post_id, viewer))
        svg = waveform_svg(found.peak_min, found.peak_max, found.bar_fractions)
        headers = {"content-security-policy": MEDIA_POLICY, "cache-control": PRIVATE, **EMBEDDED}
        return Answer(content=svg.encode(), media_type="image/svg+xml", headers=headers)

    async def mp3(call: Bare) -> Bytes:
        return await media(call, PREVIEW)

    async def flac(call: Bare) -> Bytes:
        return await media(call, LOSSLESS)

    async def media(call: Bare, role: str) -> Bytes:
        post_id, viewer = call.path["post_id"], call.actor.user_id
        asset, shown = await db.read(lambda reader: store.asset(reader, post_id, role, viewer))
        if role == LOSSLESS:
            authorize(call.actor, Action.POST_LOSSLESS, shown.owner_id)
        headers = _media_headers(asset, shown, role, public)
        if call.headers.get("if-none-match") == headers["etag"]:
            return Answer(status=304, media_type=asset.mime, headers=headers)
        wanted = (
            call.headers.get("range")
            if call.headers.get("if-range", headers["etag"]) == headers["etag"]
            else None
        )
        part = byte_range(wanted, asset.size_bytes)
        start, end = part or (0, asset.size_bytes)
        if part is not None:
            headers["content-range"] = f"bytes {start}-{end - 1}/{asset.size_bytes}"
        try:
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

    async def post_page(call: Call[Any, Any]) -> Answer[Any]:
        post_id, viewer = call.path["post_id"], call.actor.user_id
        detail = await db.read(lambda reader: store.one(reader, post_id, viewer, base_url))
        return render("single.html", call.session, detail=detail)

    return [
        Row(operation=wire.UPLOAD_AUDIO, action=Action.POST_CREATE, limit=Kind.UPLOAD, handler=upload),
        Row(operation=wire.PROCESS_AUDIO, action=Action.POST_CREATE, limit=Kind.UPLOAD, handler=process),
        Row(operation=wire.GET_POST, action=Action.POST_READ, handler=get_post),
        Row(operation=wire.GET_WAVEFORM, action=Action.POST_READ, handler=waveform),
        Row(operation=wire.GET_MP3, action=Action.POST_READ, limit=Kind.MEDIA, handler=mp3),
        Row(operation=wire.GET_FLAC, action=Action.POST_LOSSLESS, limit=Kind.MEDIA, handler=flac),
        Page(method="GET", path="/p/{post_id}", action=Action.POST_READ, handler=post_page),
    ]


def _published(published: Published) -> Answer[AudioPost]:
    return Answer(value=published.post, status=201 if published.created else 200)


def _media_headers(asset: store.Asset, shown: Shown, role: str, public: str) -> dict[str, str]:
    is_public = shown.visibility is Visibility.PUBLIC and shown.state is State.READY and role == PREVIEW
    return {
        "accept-ranges": "bytes",
        "etag": f'"{asset.sha256}"',
        "cache-control": public if is_public else PRIVATE,
        "content-security-policy": MEDIA_POLICY,
        **(EMBEDDED if role == PREVIEW else {}),
    }
