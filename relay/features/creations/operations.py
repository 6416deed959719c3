"""/api/v1/audio: uploads become posts, and posts are read; media.py has the bytes of their audio."""

from collections.abc import Callable
from typing import Any

from relay.core.access import Action, Actor
from relay.core.calls import Answer, AnyRow, Call, Page, Render, Row
from relay.core.keys import require_key
from relay.core.limits import Kind
from relay.engine.database import Connection, Database
from relay.engine.jobs.workers import Workers
from relay.engine.objects.door import Objects
from relay.features.creations import embeds, media, posts, showing
from relay.features.creations.encoding import Encoder
from relay.features.creations.posts import Detail
from relay.features.creations.publishing import PostJob, Published, Publishing
from relay.features.creations.receive import Form, announced_bytes, boundary
from relay.features.uploads.api import Uploads
from relay.wire import operations as wire
from relay.wire.rest import AudioPost, AudioProcess, UploadedPost

Bare = Call[wire.Nothing, wire.Nothing]


def rows(
    db: Database,
    objects: Objects,
    encoder: Encoder,
    publishing: Publishing,
    workers: Workers,
    uploads: Uploads,
    *,
    base_url: str,
    max_upload_bytes: int,
    audio_cache_s: int,
    audio_links_s: int,
    require_live: Callable[[Actor], None],
    render: Render,
) -> list[AnyRow]:
    """require_live: refuses an actor whose sign-in was ended meanwhile. audio_cache_s, audio_links_s: of media.rows."""

    async def upload(call: Call[wire.UploadForm, wire.Nothing]) -> Answer[UploadedPost]:
        key = require_key(call.headers)
        size_bytes = announced_bytes(call.headers.get("content-length"), max_upload_bytes)
        form = Form(call.stream(), boundary(call.headers.get("content-type")), max_upload_bytes)
        encoder.expect()
        received = await uploads.receive(call.actor, size_bytes, aiter(form))
        try:
            require_live(call.actor)  # receiving may have taken minutes
            job = PostJob(key=key, upload_id=received.id, meta=form.meta, once=True)
            published = await publishing.publish(workers, call.actor, job)
        finally:
            await uploads.let_go(received.id)
        return _published(published)

    async def process(call: Call[AudioProcess, wire.Nothing]) -> Answer[UploadedPost]:
        given = call.body
        job = PostJob(key=require_key(call.headers), upload_id=given.upload_id, meta=given.meta, once=False)
        return _published(await publishing.publish(workers, call.actor, job))

    async def get_post(call: Bare) -> AudioPost:
        post_id, viewer = call.path["post_id"], call.actor.user_id
        return (await db.read(lambda reader: posts.one(reader, post_id, viewer, base_url))).post

    async def post_page(call: Call[Any, Any]) -> Answer[Any]:
        post_id, viewer = call.path["post_id"], call.actor.user_id

        def work(reader: Connection) -> tuple[Detail, bool]:
            return posts.one(reader, post_id, viewer, base_url), posts.is_embeddable(reader, post_id)

        detail, is_public = await db.read(work)
        frame = embeds.frame_of(detail.post.id, base_url) if is_public else ""
        discovery = embeds.discovery_of(detail.post, base_url) if is_public else ""
        return render("single.html", call.session, detail=detail, frame=frame, discovery=discovery)

    return [
        Row(operation=wire.UPLOAD_AUDIO, action=Action.POST_CREATE, limit=Kind.UPLOAD, handler=upload),
        Row(operation=wire.PROCESS_AUDIO, action=Action.POST_CREATE, limit=Kind.UPLOAD, handler=process),
        Row(operation=wire.GET_POST, action=Action.POST_READ, handler=get_post),
        *media.rows(db, objects, audio_cache_s=audio_cache_s, audio_links_s=audio_links_s),
        *showing.rows(db),
        *embeds.rows(db, base_url=base_url, render=render),
        Page(method="GET", path="/p/{post_id}", action=Action.POST_READ, handler=post_page),
    ]


def _published(published: Published) -> Answer[UploadedPost]:
    return Answer(value=published.post, status=201 if published.created else 200)
