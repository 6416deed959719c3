"""/api/v1/uploads: tus 1.0. What a request may say is read by core.tus, the bytes are kept by services.transfers."""

from collections.abc import AsyncIterator
from typing import Annotated

from litestar import HttpMethod, Response, Router, delete, head, patch, post, route
from litestar.exceptions import InternalServerException
from litestar.params import FromPath, HeaderParameter

from relay.app.gate import ActorDep, PartsDep, operation
from relay.app.problems import AnyRequest
from relay.app.receive import EntryKey, idempotency_key
from relay.app.throttle import Kind
from relay.core import tus
from relay.core.access import Action
from relay.core.refusal import Refusal
from relay.services.transfers import BodyLost, Transfer
from relay.wire.tus import CHECKSUM, EXPIRES, LENGTH, METADATA, OFFSET, RESUMABLE, UPLOADS_PATH

Version = Annotated[str | None, HeaderParameter(name=RESUMABLE, description="1.0.0")]
Offset = Annotated[str | None, HeaderParameter(name=OFFSET, description="bytes")]
Length = Annotated[str | None, HeaderParameter(name=LENGTH, description="bytes")]
Metadata = Annotated[str | None, HeaderParameter(name=METADATA, description="name base64,name base64")]
Sum = Annotated[str | None, HeaderParameter(name=CHECKSUM, description="sha256 base64, of this body")]

RULES = operation(Action.UPLOAD_RULES)
BEGIN = operation(Action.UPLOAD_BEGIN, Kind.CHUNK)
CONTINUE = operation(Action.UPLOAD_CONTINUE, Kind.CHUNK)


@route(["/", "/{upload_id:str}"], http_method=HttpMethod.OPTIONS, opt=RULES, include_in_schema=False)
async def upload_rules() -> Response[None]:
    """What of tus is spoken here."""
    return Response(None, status_code=204, headers=tus.rules())


@post("/", opt=BEGIN, request_max_body_size=None, tags=["uploads"])
async def begin_upload(
    request: AnyRequest,
    parts: PartsDep,
    actor: ActorDep,
    version: Version = None,
    length: Length = None,
    metadata: Metadata = None,
    checksum: Sum = None,
    key: EntryKey = None,
) -> Response[None]:
    """Begin an upload; the body may be its first part. With the same key again: the same upload, where it stands."""
    tus.require_version(version)
    size_bytes = tus.length_of(length, request.headers.get("upload-defer-length"))
    checked_sum, with_part = tus.checksum_of(checksum), tus.is_chunk(request.headers.get("content-type"))
    checked_key = None if key is None else idempotency_key(key)
    transfer = await parts.transfers.begin(actor, size_bytes, tus.metadata_of(metadata), checked_key)
    parts.production.expect()
    if with_part and not transfer.offset_bytes:
        transfer = await _append(request, parts, actor, transfer.id, 0, checked_sum)
    headers = _standing(transfer) | {"location": f"{UPLOADS_PATH}/{transfer.id}"}
    return Response(None, status_code=201, headers=headers)


@head("/{upload_id:str}", opt=CONTINUE, tags=["uploads"])
async def upload_status(
    upload_id: FromPath[str], parts: PartsDep, actor: ActorDep, version: Version = None
) -> Response[None]:
    """How far it is. A request that was still sending is ended by this one."""
    tus.require_version(version)
    transfer = await parts.transfers.status(actor, upload_id)
    headers = _standing(transfer) | {LENGTH: str(transfer.size_bytes)}
    if transfer.metadata:
        headers[METADATA] = transfer.metadata
    return Response(None, status_code=200, headers=headers)


@patch("/{upload_id:str}", opt=CONTINUE, status_code=204, request_max_body_size=None, tags=["uploads"])
async def continue_upload(
    request: AnyRequest,
    upload_id: FromPath[str],
    parts: PartsDep,
    actor: ActorDep,
    version: Version = None,
    offset: Offset = None,
    checksum: Sum = None,
) -> Response[None]:
    """Send the next part, from the offset on. A request that was still sending is ended by this one."""
    tus.require_version(version)
    tus.require_chunk(request.headers.get("content-type"))
    at, checked_sum = tus.offset_of(offset), tus.checksum_of(checksum)
    transfer = await _append(request, parts, actor, upload_id, at, checked_sum)
    return Response(None, status_code=204, headers=_standing(transfer))


@delete("/{upload_id:str}", opt=CONTINUE, tags=["uploads"])
async def end_upload(
    upload_id: FromPath[str], parts: PartsDep, actor: ActorDep, version: Version = None
) -> None:
    """Give an upload up."""
    tus.require_version(version)
    await parts.transfers.end(actor, upload_id)


async def _append(
    request: AnyRequest, parts: PartsDep, actor: ActorDep, upload_id: str, at: int, checksum: tus.Checksum | None
) -> Transfer:  # fmt: skip
    try:
        return await parts.transfers.append(actor, upload_id, at, _body(request), checksum)
    except BodyLost:
        raise Refusal("malformed", "The request ended before its body did.") from None


async def _body(request: AnyRequest) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except InternalServerException:  # the framework's word for a client that is gone
        raise BodyLost from None


def _standing(transfer: Transfer) -> dict[str, str]:
    headers = {OFFSET: str(transfer.offset_bytes)}
    if transfer.state == "open":
        headers[EXPIRES] = tus.http_date(transfer.expires_us)
    return headers


router = Router(
    "/uploads", route_handlers=[upload_rules, begin_upload, upload_status, continue_upload, end_upload]
)
