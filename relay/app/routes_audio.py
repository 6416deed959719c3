"""/api/v1/audio: posts and the bytes of their audio."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from litestar import Response, Router, get, post
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import FromPath, JSONBody

from relay.app.gate import ActorDep, PartsDep, operation
from relay.app.parts import Parts
from relay.app.problems import AnyRequest
from relay.app.receive import EntryKey, boundary, check_length, idempotency_key, receive
from relay.app.throttle import Kind
from relay.core.access import Action, Actor, authorize
from relay.core.drawing import waveform_svg
from relay.core.ranges import byte_range
from relay.services.uploads import UPLOAD_FILE, Received
from relay.wire.rest import AudioPost, AudioProcess

MEDIA_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
FOREVER = "public, max-age=31536000, immutable"
PRIVATE = "private, max-age=31536000, immutable"


@dataclass
class UploadOperation(Operation):
    """The framework cannot see a body that is read while it streams; the document names it here."""

    def __post_init__(self) -> None:
        meta = Schema(
            type=OpenAPIType.STRING, description="UploadMeta as JSON", content_media_type="application/json"
        )
        audio = Schema(type=OpenAPIType.STRING, description="WAV or FLAC", content_media_type="audio/flac")
        form = Schema(
            type=OpenAPIType.OBJECT, properties={"meta": meta, "audio": audio}, required=["meta", "audio"]
        )
        self.request_body = RequestBody(
            content={"multipart/form-data": OpenAPIMediaType(schema=form)}, required=True
        )


@post(
    "/upload",
    operation_class=UploadOperation,
    opt=operation(Action.POST_CREATE, Kind.UPLOAD),
    request_max_body_size=None,  # counted while it streams, in receive.py
    responses={200: ResponseSpec(AudioPost, description="The same upload made this post before")},
    tags=["audio"],
)
async def upload_audio(
    request: AnyRequest,
    parts: PartsDep,
    actor: ActorDep,
    key: EntryKey = None,
) -> Response[AudioPost]:
    """Publish a take. multipart/form-data: `meta` (UploadMeta as JSON) and `audio` (WAV or FLAC)."""
    checked_key = idempotency_key(key)
    check_length(request.headers.get("content-length"))
    separator = boundary(request.headers.get("content-type"))
    parts.production.expect()
    with tempfile.TemporaryDirectory(dir=parts.uploads.scratch) as folder:
        meta, sha256 = await receive(request.stream(), separator, Path(folder) / UPLOAD_FILE)
        parts.tokens.require_live(actor)  # receiving may have taken minutes
        published = await parts.uploads.accept(
            Received(
                owner_id=str(actor.user_id), key=checked_key, meta=meta, folder=Path(folder), sha256=sha256
            )
        )
    return Response(published.post, status_code=201 if published.created else 200)


@post(
    "/process",
    opt=operation(Action.POST_CREATE, Kind.UPLOAD),
    responses={200: ResponseSpec(AudioPost, description="The same upload made this post before")},
    tags=["audio"],
)
async def process_audio(
    data: JSONBody[AudioProcess],
    parts: PartsDep,
    actor: ActorDep,
    key: EntryKey = None,
) -> Response[AudioPost]:
    """Publish a take whose bytes have arrived by tus, at /uploads."""
    published = await parts.uploads.publish(actor, idempotency_key(key), data)
    return Response(published.post, status_code=201 if published.created else 200)


@get("/{post_id:str}", opt=operation(Action.POST_READ), tags=["audio"])
async def get_post(post_id: FromPath[str], parts: PartsDep, actor: ActorDep) -> AudioPost:
    """One post."""
    found = (await parts.posts.get(post_id, actor.user_id)).post
    authorize(actor, Action.POST_READ, found.user_id)
    return found


@get("/{post_id:str}/waveform", opt=operation(Action.POST_READ), media_type="image/svg+xml", tags=["audio"])
async def get_waveform(post_id: FromPath[str], parts: PartsDep) -> Response[bytes]:
    """The post's picture as SVG, drawn from stored numbers."""
    figures = (await parts.posts.get(post_id, None)).figures
    svg = waveform_svg(figures.peak_min, figures.peak_max, figures.bar_fractions)
    headers = {"content-security-policy": MEDIA_POLICY, "cache-control": "public, max-age=3600"}
    return Response(svg.encode(), media_type="image/svg+xml", headers=headers)


@get(
    "/{post_id:str}/mp3", opt=operation(Action.POST_READ, Kind.MEDIA), media_type="audio/mpeg", tags=["audio"]
)
async def get_preview(request: AnyRequest, post_id: FromPath[str], parts: PartsDep) -> Response[bytes]:
    """The levelled MP3, whole or in ranges. It decodes to the frames its Info frame names, without gaps."""
    return await _media(request, parts, post_id, "preview", FOREVER)


@get(
    "/{post_id:str}/flac",
    opt=operation(Action.POST_LOSSLESS, Kind.MEDIA),
    media_type="audio/flac",
    tags=["audio"],
)
async def get_lossless(
    request: AnyRequest, post_id: FromPath[str], parts: PartsDep, actor: ActorDep
) -> Response[bytes]:
    """The take as it was played, for its author."""
    await _authorize_lossless(parts, actor, post_id)
    return await _media(request, parts, post_id, "lossless", PRIVATE)


async def _authorize_lossless(parts: Parts, actor: Actor, post_id: str) -> None:
    owner_id = (await parts.posts.get(post_id, actor.user_id)).post.user_id
    authorize(actor, Action.POST_LOSSLESS, owner_id)


async def _media(
    request: AnyRequest, parts: Parts, post_id: FromPath[str], role: str, caching: str
) -> Response[bytes]:
    asset = await parts.posts.asset(post_id, role)
    tag = f'"{asset.sha256}"'
    headers = {
        "accept-ranges": "bytes",
        "etag": tag,
        "cache-control": caching,
        "content-security-policy": MEDIA_POLICY,
    }
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers, media_type=asset.mime)
    whole = (0, asset.size_bytes)
    wanted = request.headers.get("range") if request.headers.get("if-range", tag) == tag else None
    part = byte_range(wanted, asset.size_bytes)
    start, end = part or whole
    data = await asyncio.to_thread(parts.objects.read, asset.sha256, start, end)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{asset.size_bytes}"
    return Response(data, status_code=206 if part else 200, headers=headers, media_type=asset.mime)


router = Router(
    "/audio", route_handlers=[upload_audio, process_audio, get_post, get_waveform, get_preview, get_lossless]
)
