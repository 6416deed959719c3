"""/api/v1/uploads: tus 1.0. What a request may say is read by core.tus, the bytes are kept by service.py."""

from collections.abc import Callable
from typing import Any

from relay.core import tus
from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.keys import key_of
from relay.core.limits import Kind
from relay.features.uploads.service import Uploads
from relay.features.uploads.store import Upload
from relay.wire import operations as wire
from relay.wire.tus import CHECKSUM, EXPIRES, LENGTH, METADATA, OFFSET, RESUMABLE, UPLOADS_PATH

UploadCall = Call[wire.Nothing, wire.Nothing]
UploadAnswer = Answer[wire.Nothing]


def rows(uploads: Uploads, expect_audio: Callable[[], None], max_bytes: int) -> list[AnyRow]:
    """expect_audio: an upload has begun, so a decoder will be wanted. max_bytes: of one upload."""

    async def rules(_: UploadCall) -> UploadAnswer:
        return Answer(status=204, headers=tus.rules(max_bytes))

    async def begin(call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        size_bytes = tus.length_of(_header(call, LENGTH), call.headers.get("upload-defer-length"), max_bytes)
        checksum = tus.checksum_of(_header(call, CHECKSUM))
        metadata = tus.metadata_of(_header(call, METADATA))
        upload = await uploads.begin(call.actor, size_bytes, metadata, key_of(call.headers))
        expect_audio()
        if tus.is_chunk(call.headers.get("content-type")) and not upload.offset_bytes:
            upload = await uploads.append(call.actor, upload.id, 0, call.stream(), checksum)
        headers = _where_it_stands(upload) | {"location": f"{UPLOADS_PATH}/{upload.id}"}
        return Answer(status=201, headers=headers)

    async def status(call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        upload = await uploads.status(call.actor, call.path["upload_id"])
        headers = _where_it_stands(upload) | {LENGTH: str(upload.size_bytes)}
        if upload.metadata:
            headers[METADATA] = upload.metadata
        return Answer(headers=headers)

    async def go_on(call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        tus.require_chunk(call.headers.get("content-type"))
        at, checksum = tus.offset_of(_header(call, OFFSET)), tus.checksum_of(_header(call, CHECKSUM))
        upload = await uploads.append(call.actor, call.path["upload_id"], at, call.stream(), checksum)
        return Answer(status=204, headers=_where_it_stands(upload))

    async def end(call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        await uploads.end(call.actor, call.path["upload_id"])
        return Answer(status=204)

    return [
        Row(operation=wire.UPLOAD_RULES, action=Action.UPLOAD_RULES, handler=rules),
        Row(operation=wire.UPLOAD_RULES_OF_ONE, action=Action.UPLOAD_RULES, handler=rules),
        Row(operation=wire.BEGIN_UPLOAD, action=Action.UPLOAD_BEGIN, limit=Kind.CHUNK, handler=begin),
        Row(operation=wire.UPLOAD_STATUS, action=Action.UPLOAD_CONTINUE, limit=Kind.CHUNK, handler=status),
        Row(operation=wire.CONTINUE_UPLOAD, action=Action.UPLOAD_CONTINUE, limit=Kind.CHUNK, handler=go_on),
        Row(operation=wire.END_UPLOAD, action=Action.UPLOAD_CONTINUE, limit=Kind.CHUNK, handler=end),
    ]


def _header(call: Call[Any, Any], name: str) -> str | None:  # any: headers are the same whatever the body
    return call.headers.get(name.lower())


def _where_it_stands(upload: Upload) -> dict[str, str]:
    headers = {OFFSET: str(upload.offset_bytes)}
    if upload.state == "open":
        headers[EXPIRES] = tus.http_date(upload.expires_us)
    return headers
