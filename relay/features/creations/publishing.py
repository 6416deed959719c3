"""A post of an upload that has arrived, or another sound for one, once per idempotency key: a job (making.py), however often
and wherever it is asked for.
"""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from relay.core.access import Actor
from relay.core.refusal import Code, Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Workers
from relay.features.accounts import api as accounts
from relay.features.creations import lineage, versions
from relay.features.creations.making import PostJob
from relay.features.creations.posts import one
from relay.features.moderation import api as moderation
from relay.features.uploads import api as uploads_api
from relay.features.uploads.api import Uploads
from relay.wire.rest import UploadedPost

JOB_KIND = "post"
WAIT_S = 110.0
"""How long who asked for a post waits for it; then it asks again with the same key."""
RETRY_S = 2


class Published(Struct, frozen=True, kw_only=True):
    """The post of a key. created: it was made for this call, and not for an earlier one."""

    post: UploadedPost
    created: bool


class _PostState(Struct, frozen=True, kw_only=True):
    """What became of a key so far."""

    job_id: str
    creation_id: str | None


class Publishing:
    """quota_bytes: what the creations of one account may take up. [loop]"""

    def __init__(self, db: Database, uploads: Uploads, base_url: str, quota_bytes: int) -> None:
        self._db = db
        self._uploads = uploads
        self._base_url = base_url
        self._quota_bytes = quota_bytes

    async def publish(
        self,
        workers: Workers,
        actor: Actor,
        job: PostJob,
    ) -> Published:
        """The post of an upload that has arrived, or with it. Whoever asks again with the key joins whoever asked first.

        Raises Refusal: gone, upload_incomplete, not_found, quota_exceeded, sha256_mismatch, idempotency_mismatch,
        upload_running, audio_refused, cancelled, busy, internal. A key that has made its post answers with it, whether or not the
        upload is still known.
        """
        owner_id = actor.account_id
        found = await self._db.read(lambda db: _standing(db, owner_id, job))
        if found is not None:
            standing, begun = found, False
        else:
            size_bytes = 0
            if job.upload_id is not None:
                size_bytes = (await self._uploads.whole(actor, job.upload_id)).size_bytes
            standing, begun = await self._db.write(lambda tx: self._begin(tx, owner_id, job, size_bytes))
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

    def ask(self, tx: Tx, owner_id: str, job: PostJob, size_bytes: int) -> str:
        """The id of the job that makes a post of an upload that has arrived. Raises Refusal: quota_exceeded, busy. [writer]"""
        return self._begin(tx, owner_id, job, size_bytes)[0].job_id

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
        if job.meta.remix_of is not None:
            lineage.parent(tx.db, job.meta.remix_of, owner_id)
        if job.replaces is not None:
            versions.require_room(tx.db, job.replaces)
        held_bytes = accounts.stored_bytes(tx.db, owner_id) + _bytes_under_way(tx.db, owner_id)
        if held_bytes + size_bytes > self._quota_bytes:
            raise Refusal(
                "quota_exceeded",
                f"What you keep here would be more than {self._quota_bytes >> 20} MiB.",
                "Delete something you no longer want here.",
            )
        job_id = table.enqueue(tx, kind=JOB_KIND, account_id=owner_id, data=job)
        tx.db.execute(
            "INSERT INTO publication (account_id, key, sha256, upload_id, job_id, replaces_id, started_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (owner_id, job.key, job.meta.sha256, job.upload_id, job_id, job.replaces, now_us()),
        )
        return _PostState(job_id=job_id, creation_id=None), True


def given_up(tx: Tx, ended: table.Job) -> None:
    """The key is free again; so is an upload that nobody comes back for. [writer]"""
    tx.db.execute("DELETE FROM publication WHERE job_id = ? AND creation_id IS NULL", (ended.id,))
    job = msgspec.json.decode(ended.data, type=PostJob)
    if job.once and job.upload_id is not None:
        uploads_api.end(tx, job.upload_id)


def made_of(db: Connection, account_id: str, key: str) -> str | None:
    """The post that a key has made. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT creation_id FROM publication WHERE account_id = ? AND key = ?", (account_id, key)
    ).fetchone()
    return found[0] if found else None


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
        "SELECT upload_id FROM publication WHERE account_id = ? AND creation_id IS NULL AND upload_id IS NOT NULL",
        (account_id,),
    )
    return sum(uploads_api.size_bytes(db, upload_id) for (upload_id,) in rows.fetchall())


def _standing(db: Connection, owner_id: str, job: PostJob) -> _PostState | None:
    """Raises Refusal: idempotency_mismatch."""
    found = db.execute(
        "SELECT sha256, replaces_id, job_id, creation_id FROM publication WHERE account_id = ? AND key = ?",
        (owner_id, job.key),
    ).fetchone()
    if found is None:
        return None
    sha256, replaces_id, job_id, creation_id = found
    if (sha256, replaces_id) != (job.meta.sha256, job.replaces):
        what = "for something else" if replaces_id != job.replaces else "with other audio"
        raise Refusal("idempotency_mismatch", f"This Idempotency-Key was used {what}.", "Use a fresh key.")
    return _PostState(job_id=job_id, creation_id=creation_id)


_CODES: dict[str, Code] = {
    "sha256_mismatch": "sha256_mismatch",
    "audio_refused": "audio_refused",
    "gone": "gone",
    "validation": "validation",
}


def _came_to_nothing(job: table.Job) -> Refusal:
    if job.state == "failed" and (code := _CODES.get(job.error_code or "")) is not None:
        return Refusal(code, job.error or "The audio is not usable.")
    if job.state == "cancelled":
        return Refusal("cancelled", "Making this post was cancelled.", "Post it again if it was not meant.")
    return Refusal("internal", "The relay could not make this post.", "Try again later.")
