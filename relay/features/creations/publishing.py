"""From an upload that has arrived to a post, once per idempotency key: a job, however often and wherever it is asked for."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from relay.core.access import Actor
from relay.core.refusal import Code, Refusal
from relay.core.visibility import Visibility
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Work, Workers
from relay.engine.objects.door import ObjectDamaged, ObjectMissing, Objects
from relay.features.accounts import api as accounts
from relay.features.creations import removals
from relay.features.creations.encoding import LOSSLESS_FILE, PREVIEW_FILE, EncodeJob, Encoder, Made
from relay.features.creations.figures import Card
from relay.features.creations.kinds import KINDS, LOSSLESS, PREVIEW, Kind
from relay.features.creations.posts import one
from relay.features.creations.removals import Removals, Removed
from relay.features.creations.store import Asset, NewCreation, publish
from relay.features.moderation import api as moderation
from relay.features.uploads import api as uploads_api
from relay.features.uploads.api import Uploads
from relay.wire.rest import UploadedPost, UploadMeta

JOB_KIND = "post"
UPLOAD_FILE = "upload"
WAIT_S = 110.0
"""How long who asked for a post waits for it; then it asks again with the same key."""
RETRY_S = 2


class PostJob(Struct, frozen=True, kw_only=True):
    """What a job of JOB_KIND is to do. once: nobody comes back for the upload if this comes to nothing."""

    key: str
    upload_id: str
    meta: UploadMeta
    once: bool


class Published(Struct, frozen=True, kw_only=True):
    """The post of a key. created: it was made for this call, and not for an earlier one."""

    post: UploadedPost
    created: bool


class _PostState(Struct, frozen=True, kw_only=True):
    """What became of a key so far."""

    job_id: str
    creation_id: str | None


class Publishing:
    """scratch: a folder of this process alone. quota_bytes: what the creations of one account may take up. [loop]"""

    def __init__(
        self,
        *,
        db: Database,
        objects: Objects,
        encoder: Encoder,
        uploads: Uploads,
        removed: Removals,
        scratch: Path,
        base_url: str,
        quota_bytes: int,
    ) -> None:
        self._db = db
        self._objects = objects
        self._encoder = encoder
        self._uploads = uploads
        self._removed = removed
        self._scratch = scratch
        self._base_url = base_url
        self._quota_bytes = quota_bytes

    async def publish(
        self,
        workers: Workers,
        actor: Actor,
        job: PostJob,
    ) -> Published:
        """The post of an upload that has arrived. Whoever asks again with the key joins whoever asked first.

        Raises Refusal: gone, upload_incomplete, not_found, quota_exceeded, sha256_mismatch, idempotency_mismatch,
        upload_running, audio_refused, cancelled, busy, internal. A key that has made its post answers with it, whether or not the
        upload is still known.
        """
        owner_id = actor.account_id
        found = await self._db.read(lambda db: _standing(db, owner_id, job))
        if found is not None:
            standing, begun = found, False
        else:
            upload = await self._uploads.whole(actor, job.upload_id)
            standing, begun = await self._db.write(
                lambda tx: self._begin(tx, owner_id, job, upload.size_bytes)
            )
        if standing.creation_id is not None:
            return Published(post=await self._post(standing.creation_id, owner_id), created=False)
        ended = await workers.ended(standing.job_id, WAIT_S)
        if ended is None:
            raise Refusal(
                "upload_running",
                "The post of this Idempotency-Key is still being made.",
                "Try again soon.",
                retry_after_s=RETRY_S,
            )
        if ended.state != "done":
            raise _came_to_nothing(ended)
        made = await self._db.read(lambda db: _standing(db, owner_id, job))
        if made is None or made.creation_id is None:
            raise Refusal("gone", "The post was made, and is there no longer.")
        return Published(post=await self._post(made.creation_id, owner_id), created=begun)

    async def make(self, work: Work) -> None:
        """Carry out one job. Raises Refusal: sha256_mismatch, audio_refused; EncodingFault, LeaseLost."""
        job = msgspec.json.decode(work.job.data, type=PostJob)
        work.say("fetch", 0.0)
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            folder = Path(name)
            await self._fetch(job, folder / UPLOAD_FILE)
            work.say("encode", 0.1)
            made = await self._encoder.run(_encode_job(job.meta, folder))
            work.say("store", 0.9)
            while (removed := await self._publish(work, job, made, folder)) is not None:
                await self._removed.settled(removed.names)
        await self._objects.delete_upload(job.upload_id)

    async def _publish(self, work: Work, job: PostJob, made: Made, folder: Path) -> Removed | None:
        """Store what was made and commit the post; or, equal bytes were removed meanwhile, so it is to be done again."""
        since = await self._db.read(removals.mark, snapshot=False)
        files = {PREVIEW: PREVIEW_FILE, LOSSLESS: LOSSLESS_FILE}
        storing = [self._store(folder / name, role) for role, name in files.items()]
        assets = await asyncio.gather(*storing)
        try:
            await self._db.write(lambda tx: _finish(tx, work, job, made, assets, since))
        except Removed as removed:
            return removed
        return None

    async def _fetch(self, job: PostJob, target: Path) -> None:
        parts = await self._db.read(lambda db: uploads_api.parts(db, job.upload_id))
        with suppress(ObjectMissing, ObjectDamaged):  # lost since they arrived: as if they had come damaged
            if await self._objects.join(parts, target) == job.meta.sha256:
                return
        await self._db.write(
            lambda tx: uploads_api.end(tx, job.upload_id)
        )  # the bytes are of no use: the next try begins anew
        raise Refusal(
            "sha256_mismatch", "The audio that arrived is not the audio that meta names.", "Send it again."
        )

    async def _store(self, file: Path, role: str) -> Asset:
        mime = KINDS[Kind.POST].roles[role]
        name = await self._objects.put_file(file, mime)
        return Asset(role=role, sha256=name, size_bytes=await self._objects.size(name), mime=mime)

    async def _post(self, creation_id: str, owner_id: str) -> UploadedPost:
        found = await self._db.read(lambda db: one(db, creation_id, owner_id, self._base_url))
        return replace(
            msgspec.convert(found.post, UploadedPost, from_attributes=True), lacks=found.card.lacks
        )

    def _begin(self, tx: Tx, owner_id: str, job: PostJob, size_bytes: int) -> tuple[_PostState, bool]:
        """The post that this key made or makes, or a new job for it; and whether it is new. [writer]"""
        standing = _standing(tx.db, owner_id, job)
        if standing is not None:
            return standing, False
        moderation.require_allowed(tx.db, [job.meta.sha256])
        held_bytes = accounts.stored_bytes(tx.db, owner_id) + _bytes_under_way(tx.db, owner_id)
        if held_bytes + size_bytes > self._quota_bytes:
            raise Refusal(
                "quota_exceeded",
                f"What you keep here would be more than {self._quota_bytes >> 20} MiB.",
                "Delete something you no longer want here.",
            )
        job_id = table.enqueue(tx, kind=JOB_KIND, account_id=owner_id, data=job)
        tx.db.execute(
            "INSERT INTO publication (account_id, key, sha256, upload_id, job_id, started_us) VALUES (?, ?, ?, ?, ?, ?)",
            (owner_id, job.key, job.meta.sha256, job.upload_id, job_id, now_us()),
        )
        return _PostState(job_id=job_id, creation_id=None), True


def given_up(tx: Tx, ended: table.Job) -> None:
    """The key is free again; so is an upload that nobody comes back for. [writer]"""
    tx.db.execute("DELETE FROM publication WHERE job_id = ? AND creation_id IS NULL", (ended.id,))
    job = msgspec.json.decode(ended.data, type=PostJob)
    if job.once:
        uploads_api.end(tx, job.upload_id)


def free_keys(tx: Tx) -> None:
    """Those whose posts are not made: who has the audio asks again. [writer]"""
    tx.db.execute("DELETE FROM publication WHERE creation_id IS NULL")


def is_published(db: Connection, account_id: str, key: str) -> bool:
    """Whether a key has made its post. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT 1 FROM publication WHERE account_id = ? AND key = ? AND creation_id IS NOT NULL",
        (account_id, key),
    )
    return found.fetchone() is not None


def _bytes_under_way(db: Connection, account_id: str) -> int:
    """Of uploads of which creations are being made: they will be about as large. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT upload_id FROM publication WHERE account_id = ? AND creation_id IS NULL", (account_id,)
    )
    return sum(uploads_api.size_bytes(db, upload_id) for (upload_id,) in rows.fetchall())


def _standing(db: Connection, owner_id: str, job: PostJob) -> _PostState | None:
    """Raises Refusal: idempotency_mismatch."""
    found = db.execute(
        "SELECT sha256, job_id, creation_id FROM publication WHERE account_id = ? AND key = ?",
        (owner_id, job.key),
    ).fetchone()
    if found is None:
        return None
    sha256, job_id, creation_id = found
    if sha256 != job.meta.sha256:
        raise Refusal(
            "idempotency_mismatch", "This Idempotency-Key was used with other audio.", "Use a fresh key."
        )
    return _PostState(job_id=job_id, creation_id=creation_id)


def _finish(tx: Tx, work: Work, job: PostJob, made: Made, assets: list[Asset], since: int) -> None:
    """Post, idempotency row, upload and job in one transaction: exactly one result. Raises LeaseLost, Removed. [writer]"""
    removals.require_kept(tx, [asset.sha256 for asset in assets], since)
    moderation.require_allowed(tx.db, [asset.sha256 for asset in assets])
    table.finish(tx, work.job, work.holder)
    meta, owner_id = job.meta, work.job.account_id
    new = NewCreation(
        id=new_id(),
        version_id=new_id(),
        owner_id=owner_id,
        kind=Kind.POST,
        visibility=Visibility(meta.visibility),
        title=meta.title,
        bpm=made.bpm,
        key=made.key,
        tags=meta.genre,
        daw=meta.daw,
        figures=replace(made.figures, card=_with_sources(made.figures.card, meta)),
        assets=assets,
        at_us=now_us(),
    )
    publish(tx, new)
    uploads_api.set_published(tx, job.upload_id)
    tx.db.execute(
        "UPDATE publication SET creation_id = ? WHERE account_id = ? AND key = ?", (new.id, owner_id, job.key)
    )


def _encode_job(meta: UploadMeta, folder: Path) -> EncodeJob:
    return EncodeJob(
        folder=str(folder),
        upload_file=UPLOAD_FILE,
        title=meta.title,
        bpm=meta.bpm,
        key=meta.key,
        duration_bars=meta.duration_bars,
        bar_frames=meta.bar_frames,
        analyse=not meta.analysed,
    )


def _with_sources(card: Card, meta: UploadMeta) -> Card:
    """Who says tempo and key, and how surely, where the device says them; nobody says what is unknown."""
    if meta.bpm is not None:
        card = replace(card, bpm_source=meta.bpm_source, bpm_confidence=meta.bpm_confidence)
    if meta.key is not None:
        card = replace(card, key_source=meta.key_source, key_confidence=meta.key_confidence)
    return card


_CODES: frozenset[str] = frozenset({"sha256_mismatch", "audio_refused"})


def _came_to_nothing(job: table.Job) -> Refusal:
    if job.state == "failed" and job.error_code in _CODES:
        code: Code = "audio_refused" if job.error_code == "audio_refused" else "sha256_mismatch"
        return Refusal(code, job.error or "The audio is not usable.")
    if job.state == "cancelled":
        return Refusal("cancelled", "Making this post was cancelled.", "Post it again if it was not meant.")
    return Refusal("internal", "The relay could not make this post.", "Try again later.")
