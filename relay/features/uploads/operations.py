"""/api/v1/uploads: tus 1.0. What a request may say is read by core.tus, the bytes are kept by service.py."""

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadOperations:
    """expect_audio: an upload has begun, so a decoder will be wanted. max_bytes: of one upload. [loop]"""

    uploads: Uploads
    expect_audio: Callable[[], None]
    max_bytes: int

    async def rules(self, _: UploadCall) -> UploadAnswer:
        return Answer(status=204, headers=tus.rules(self.max_bytes))

    async def begin(self, call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        size_bytes = tus.length_of(
            _header(call, LENGTH), call.headers.get("upload-defer-length"), self.max_bytes
        )
        checksum = tus.checksum_of(_header(call, CHECKSUM))
        metadata = tus.metadata_of(_header(call, METADATA))
        upload = await self.uploads.begin(call.actor, size_bytes, metadata, key_of(call.headers))
        self.expect_audio()
        if tus.is_chunk(call.headers.get("content-type")) and not upload.offset_bytes:
            upload = await self.uploads.append(call.actor, upload.id, 0, call.stream(), checksum)
        headers = _where_it_stands(upload) | {"location": f"{UPLOADS_PATH}/{upload.id}"}
        return Answer(status=201, headers=headers)

    async def status(self, call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        upload = await self.uploads.status(call.actor, call.path["upload_id"])
        headers = _where_it_stands(upload) | {LENGTH: str(upload.size_bytes)}
        if upload.metadata:
            headers[METADATA] = upload.metadata
        return Answer(headers=headers)

    async def go_on(self, call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        tus.require_chunk(call.headers.get("content-type"))
        at, checksum = tus.offset_of(_header(call, OFFSET)), tus.checksum_of(_header(call, CHECKSUM))
        upload = await self.uploads.append(call.actor, call.path["upload_id"], at, call.stream(), checksum)
        return Answer(status=204, headers=_where_it_stands(upload))

    async def end(self, call: UploadCall) -> UploadAnswer:
        tus.require_version(_header(call, RESUMABLE))
        await self.uploads.end(call.actor, call.path["upload_id"])
        return Answer(status=204)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.UPLOAD_RULES, Action.UPLOAD_RULES, self.rules),
            Row(wire.UPLOAD_RULES_OF_ONE, Action.UPLOAD_RULES, self.rules),
            Row(wire.BEGIN_UPLOAD, Action.UPLOAD_BEGIN, self.begin, limit=Kind.CHUNK),
            Row(wire.UPLOAD_STATUS, Action.UPLOAD_CONTINUE, self.status, limit=Kind.CHUNK),
            Row(wire.CONTINUE_UPLOAD, Action.UPLOAD_CONTINUE, self.go_on, limit=Kind.CHUNK),
            Row(wire.END_UPLOAD, Action.UPLOAD_CONTINUE, self.end, limit=Kind.CHUNK),
        ]


def _header(call: Call[Any, Any], name: str) -> str | None:  # any: headers are the same whatever the body
    return call.headers.get(name.lower())


def _where_it_stands(upload: Upload) -> dict[str, str]:
    headers = {OFFSET: str(upload.offset_bytes)}
    if upload.state == "open":
        headers[EXPIRES] = tus.http_date(upload.expires_us)
    return headers
