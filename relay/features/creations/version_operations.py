"""Under /api/v1/audio, the sounds of a post: its owner replaces it, has it made anew, and looks at what it was before."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.core.access import Action, Actor
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.header_lines import boundary_of
from relay.core.keys import key_of, require_key
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.jobs.workers import Workers
from relay.features.creations.encoding import Encoder
from relay.features.creations.making import PostJob
from relay.features.creations.publishing import Published, Publishing
from relay.features.creations.receive import Form, announced_bytes
from relay.features.creations.replacing import Replacing, version_number
from relay.features.uploads.api import Uploads
from relay.wire import operations as wire
from relay.wire.owning import SoundVersions
from relay.wire.rest import AudioProcess, UploadedPost

Bare = Call[wire.Nothing, wire.Nothing]


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionOperations:
    """require_live: refuses an actor whose sign-in was ended meanwhile. [loop]"""

    encoder: Encoder
    publishing: Publishing
    replacing: Replacing
    workers: Workers
    uploads: Uploads
    max_upload_bytes: int
    require_live: Callable[[Actor], None]

    async def replace(self, call: Call[AudioProcess, wire.Nothing]) -> Answer[UploadedPost]:
        post_id, given = call.path["post_id"], call.body
        await self.replacing.require_own(call.actor, post_id)
        if not given.meta.sha256:
            raise Refusal("validation", "meta: sha256 is missing.", "Name the hash of what you have sent.")
        job = PostJob(
            key=require_key(call.headers),
            upload_id=given.upload_id,
            meta=given.meta,
            once=False,
            replaces=post_id,
        )
        return answer_of(await self.publishing.publish(self.workers, call.actor, job))

    async def upload(self, call: Call[wire.UploadForm, wire.Nothing]) -> Answer[UploadedPost]:
        post_id = call.path["post_id"]
        await self.replacing.require_own(call.actor, post_id)
        key = key_of(call.headers) or new_id()
        size_bytes = announced_bytes(call.headers.get("content-length"), self.max_upload_bytes)
        form = Form(call.stream(), boundary_of(call.headers.get("content-type")), self.max_upload_bytes)
        self.encoder.expect()
        received = await self.uploads.receive(call.actor, size_bytes, aiter(form))
        try:
            self.require_live(call.actor)  # receiving may have taken minutes
            job = PostJob(key=key, upload_id=received.id, meta=form.meta, once=True, replaces=post_id)
            return answer_of(await self.publishing.publish(self.workers, call.actor, job))
        finally:
            await self.uploads.let_go(received.id)

    async def process_again(self, call: Bare) -> Answer[UploadedPost]:
        job = await self.replacing.again(call.actor, call.path["post_id"])
        done = await self.publishing.publish(self.workers, call.actor, job)
        return Answer(value=done.post)

    async def versions(self, call: Bare) -> SoundVersions:
        return await self.replacing.versions(call.actor, call.path["post_id"])

    async def forget(self, call: Bare) -> SoundVersions:
        return await self.replacing.forget(call.actor, call.path["post_id"], version_number(call.path["n"]))

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.REPLACE_SOUND, Action.POST_EDIT, self.replace, limit=Kind.UPLOAD),
            Row(wire.REPLACE_UPLOAD, Action.POST_EDIT, self.upload, limit=Kind.UPLOAD),
            Row(wire.PROCESS_AGAIN, Action.POST_EDIT, self.process_again, limit=Kind.UPLOAD),
            Row(wire.LIST_VERSIONS, Action.POST_EDIT, self.versions),
            Row(wire.FORGET_VERSION, Action.POST_EDIT, self.forget),
        ]


def answer_of(published: Published) -> Answer[UploadedPost]:
    """201 where it was made for this call. [any]"""
    return Answer(value=published.post, status=201 if published.created else 200)
