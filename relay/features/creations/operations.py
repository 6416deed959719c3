"""/api/v1/audio: uploads become posts, and posts are read; media.py has the bytes of their audio, embeds.py shows them
elsewhere, owning_operations.py has what their owner does with them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from relay.core.access import Action, Actor
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.header_lines import boundary_of
from relay.core.keys import key_of, require_key
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.database import Connection, Database
from relay.engine.jobs.workers import Workers
from relay.features.creations import posts
from relay.features.creations.encoding import Encoder
from relay.features.creations.making import PostJob
from relay.features.creations.publishing import Publishing
from relay.features.creations.receive import Form, announced_bytes
from relay.features.creations.terms import details, status_of
from relay.features.creations.version_operations import answer_of
from relay.features.uploads.api import Uploads
from relay.wire import operations as wire
from relay.wire.owning import PostDetails
from relay.wire.rest import AudioProcess, PostStatus, UploadedPost

Bare = Call[wire.Nothing, wire.Nothing]


@dataclass(frozen=True, kw_only=True, slots=True)
class PostOperations:
    """require_live: refuses an actor whose sign-in was ended meanwhile. [loop]"""

    db: Database
    encoder: Encoder
    publishing: Publishing
    workers: Workers
    uploads: Uploads
    base_url: str
    max_upload_bytes: int
    require_live: Callable[[Actor], None]

    async def upload(self, call: Call[wire.UploadForm, wire.Nothing]) -> Answer[UploadedPost]:
        key = key_of(call.headers) or new_id()  # without one, whoever repeats it posts twice
        size_bytes = announced_bytes(call.headers.get("content-length"), self.max_upload_bytes)
        form = Form(call.stream(), boundary_of(call.headers.get("content-type")), self.max_upload_bytes)
        self.encoder.expect()
        received = await self.uploads.receive(call.actor, size_bytes, aiter(form))
        try:
            self.require_live(call.actor)  # receiving may have taken minutes
            job = PostJob(key=key, upload_id=received.id, meta=form.meta, once=True)
            published = await self.publishing.publish(self.workers, call.actor, job)
        finally:
            await self.uploads.let_go(received.id)
        return answer_of(published)

    async def process(self, call: Call[AudioProcess, wire.Nothing]) -> Answer[UploadedPost]:
        given = call.body
        if not given.meta.sha256:
            raise Refusal("validation", "meta: sha256 is missing.", "Name the hash of what you have sent.")
        job = PostJob(key=require_key(call.headers), upload_id=given.upload_id, meta=given.meta, once=False)
        return answer_of(await self.publishing.publish(self.workers, call.actor, job))

    async def get_post(self, call: Bare) -> PostDetails:
        post_id, viewer = call.path["post_id"], call.actor.user_id

        def work(reader: Connection) -> PostDetails:
            post = posts.one(reader, post_id, viewer, self.base_url).post
            return details(reader, post, viewer, self.base_url)

        return await self.db.read(work)

    async def get_status(self, call: Bare) -> PostStatus:
        post_id, viewer = call.path["post_id"], call.actor.user_id

        def work(reader: Connection) -> PostStatus:
            posts.one(reader, post_id, viewer, self.base_url)
            return status_of(reader, post_id)

        return await self.db.read(work)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.UPLOAD_AUDIO, Action.POST_CREATE, self.upload, limit=Kind.UPLOAD),
            Row(wire.PROCESS_AUDIO, Action.POST_CREATE, self.process, limit=Kind.UPLOAD),
            Row(wire.GET_STATUS, Action.POST_READ, self.get_status),
            Row(wire.GET_POST, Action.POST_READ, self.get_post),
        ]
