"""/api/samples."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import bare
from relay.core.limits import Kind
from relay.features.samples.arriving import MAX_BODY_BYTES, arrived, too_large
from relay.features.samples.service import Samples
from relay.wire import sample_operations as wire
from relay.wire.operation import Nothing
from relay.wire.playground import Succeeded
from relay.wire.samples import SampleForm, SamplePage, UploadedSample

Bare = Call[Nothing, Nothing]


def rows(samples: Samples) -> list[AnyRow]:
    async def upload(call: Call[SampleForm, Nothing]) -> UploadedSample:
        announced = call.headers.get("content-length", "")
        if announced.isdecimal() and (len(announced) > 12 or int(announced) > MAX_BODY_BYTES):
            raise too_large()
        await samples.require_room(call.account_id)
        return await samples.take(
            call.account_id, await arrived(call.stream(), call.headers.get("content-type"))
        )

    async def listed(call: Bare) -> SamplePage:
        return await samples.listed(call.account_id)

    async def delete(call: Bare) -> Succeeded:
        await samples.delete(call.actor, bare(call.path["creation_id"]))
        return Succeeded()

    return [
        Row(wire.UPLOAD_SAMPLE, Action.POST_CREATE, upload, limit=Kind.UPLOAD),
        Row(wire.SAMPLES, Action.OWN_LISTS, listed, limit=Kind.LIBRARY),
        Row(wire.DELETE_SAMPLE, Action.POST_DELETE, delete),
    ]
