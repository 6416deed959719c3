"""Carrying a job out: from an upload that has arrived, or from the sound of a post, to a post or to another version of one."""

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.core.visibility import Visibility
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Work
from relay.engine.objects.door import ObjectDamaged, ObjectMissing, Objects
from relay.features.accounts import api as accounts
from relay.features.creations import changes, lineage, removals, versions
from relay.features.creations.encoding import LOSSLESS_FILE, PREVIEW_FILE, EncodeJob, Encoder, Made
from relay.features.creations.figures import Card
from relay.features.creations.kinds import KINDS, LOSSLESS, PREVIEW, Kind
from relay.features.creations.removals import Removals, Removed
from relay.features.creations.retitling import retag
from relay.features.creations.store import Asset, NewCreation, NewVersion, publish
from relay.features.moderation import api as moderation
from relay.features.uploads import api as uploads_api
from relay.wire.rest import UploadMeta

UPLOAD_FILE = "upload"
ENCODE_FROM, STORE_FROM = 0.1, 0.9
"""What share of a job is done when it begins to be encoded, and to be stored."""


class PostJob(Struct, frozen=True, kw_only=True):
    """What is to be made. once: nobody comes back for the upload if this comes to nothing.

    replaces: the post that gets this sound, None: a new one. upload_id None: of the sound that it has.
    """

    key: str
    upload_id: str | None
    meta: UploadMeta
    once: bool
    replaces: str | None = None


class _Retitled(Exception):
    """The post is called otherwise than its new sound says. title: what it is called."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.title = title


class Making:
    """scratch: a folder of this process alone. [loop]"""

    def __init__(
        self, *, db: Database, objects: Objects, encoder: Encoder, removed: Removals, scratch: Path
    ) -> None:
        self._db = db
        self._objects = objects
        self._encoder = encoder
        self._removed = removed
        self._scratch = scratch

    async def make(self, work: Work) -> None:
        """Carry out one job. Raises Refusal: sha256_mismatch, audio_refused, gone; EncodingFault, LeaseLost."""
        job = msgspec.json.decode(work.job.data, type=PostJob)
        work.say("fetch", 0.0)
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            folder = Path(name)
            await self._fetch(job, folder / UPLOAD_FILE)
            work.say("encode", ENCODE_FROM)
            title = await self._title(job)
            made = await self._encoder.run(
                _encode_job(job.meta, title, folder),
                lambda share: work.say("encode", ENCODE_FROM + (STORE_FROM - ENCODE_FROM) * share),
            )
            work.say("store", STORE_FROM)
            await self._publish(work, job, made, folder, title)
        if job.upload_id is not None:
            await self._objects.delete_upload(job.upload_id)

    async def _title(self, job: PostJob) -> str:
        """As the sound itself is to say. Raises Refusal: gone."""
        if (post_id := job.replaces) is None:
            return job.meta.title
        return (await self._db.read(lambda db: _standing(db, post_id))).title

    async def _publish(self, work: Work, job: PostJob, made: Made, folder: Path, title: str) -> None:
        """Store what was made and commit it; again where equal bytes were removed, or the post was retitled, meanwhile."""
        files = {PREVIEW: PREVIEW_FILE, LOSSLESS: LOSSLESS_FILE}
        while True:
            since = await self._db.read(removals.mark, snapshot=False)
            assets = await asyncio.gather(*(self._store(folder / name, role) for role, name in files.items()))
            try:
                await self._db.write(lambda tx: _finish(tx, work, job, made, assets, since, title))  # noqa: B023 (awaited)
                return
            except Removed as removed:
                await self._removed.settled(removed.names)
            except _Retitled as otherwise:
                title = otherwise.title
                preview = folder / PREVIEW_FILE
                await asyncio.to_thread(
                    lambda: preview.write_bytes(retag(preview.read_bytes(), title, made.bpm, made.key))  # noqa: B023 (awaited)
                )

    async def _fetch(self, job: PostJob, target: Path) -> None:
        """Raises Refusal: sha256_mismatch, gone."""
        if job.upload_id is None:
            await self._fetch_lossless(job.meta.sha256, target)
            return
        upload_id = job.upload_id
        parts = await self._db.read(lambda db: uploads_api.parts(db, upload_id))
        with suppress(ObjectMissing, ObjectDamaged):  # lost since they arrived: as if they had come damaged
            if await self._objects.join(parts, target) == job.meta.sha256:
                return
        await self._db.write(
            lambda tx: uploads_api.end(tx, upload_id)
        )  # the bytes are of no use: the next try begins anew
        raise Refusal(
            "sha256_mismatch", "The audio that arrived is not the audio that meta names.", "Send it again."
        )

    async def _fetch_lossless(self, sha256: str, target: Path) -> None:
        try:
            stream = await self._objects.read(sha256)
            data = b"".join([piece async for piece in stream])
        except ObjectMissing:
            raise Refusal("gone", "The lossless sound of this post is not there any more.") from None
        await asyncio.to_thread(target.write_bytes, data)

    async def _store(self, file: Path, role: str) -> Asset:
        mime = KINDS[Kind.POST].roles[role]
        name = await self._objects.put_file(file, mime)
        return Asset(role=role, sha256=name, size_bytes=await self._objects.size(name), mime=mime)


def _finish(
    tx: Tx, work: Work, job: PostJob, made: Made, assets: list[Asset], since: int, title: str
) -> None:
    """Post or version, idempotency row, upload and job in one transaction: exactly one result.

    Raises LeaseLost, Removed, _Retitled; Refusal: gone. [writer]
    """
    removals.require_kept(tx, [asset.sha256 for asset in assets], since)
    moderation.require_allowed(tx.db, [asset.sha256 for asset in assets])
    table.finish(tx, work.job, work.holder)
    card = _with_sources(made.figures.card, job.meta)
    version = NewVersion(
        id=new_id(),
        bpm=made.bpm,
        key=made.key,
        figures=replace(made.figures, card=card),
        assets=assets,
        at_us=now_us(),
        vector=made.vector,
    )
    owner_id = work.job.account_id
    if job.replaces is None:
        creation_id = _publish_new(tx, owner_id, job.meta, version)
    else:
        creation_id = _replace(tx, owner_id, job.replaces, version, job.meta.daw, title)
    if job.upload_id is not None:
        uploads_api.set_published(tx, job.upload_id)
    tx.db.execute(
        "UPDATE publication SET creation_id = ? WHERE account_id = ? AND key = ?",
        (creation_id, owner_id, job.key),
    )


def _publish_new(tx: Tx, owner_id: str, meta: UploadMeta, version: NewVersion) -> str:
    parent = None
    if meta.remix_of is not None:
        with suppress(Refusal):  # it was there when this was asked for
            parent = lineage.parent(tx.db, meta.remix_of, owner_id)
    new = NewCreation(
        id=new_id(),
        version_id=version.id,
        owner_id=owner_id,
        kind=Kind.POST,
        visibility=Visibility(meta.visibility or accounts.post_visibility(tx.db, owner_id)),
        title=meta.title,
        bpm=version.bpm,
        key=version.key,
        tags=meta.genre,
        daw=meta.daw,
        figures=version.figures,
        assets=version.assets,
        at_us=version.at_us,
        vector=version.vector,
        parent_id=None if parent is None else parent.id,
        parent_version_id=None if parent is None else parent.version_id,
    )
    publish(tx, new)
    return new.id


def _replace(
    tx: Tx, owner_id: str, creation_id: str, version: NewVersion, daw: str | None, title: str
) -> str:
    """What was said to the post stays, and who hears of it is told. Raises _Retitled; Refusal: gone."""
    was = _standing(tx.db, creation_id)
    if was.title != title:
        raise _Retitled(was.title)
    if versions.add(tx, creation_id, owner_id, version, daw):
        changes.tell(tx, was, was.shown, version.at_us)
    return creation_id


def _standing(db: Connection, creation_id: str) -> changes.Existing:
    """Raises Refusal: gone."""
    if (found := changes.standing(db, creation_id)) is None:
        raise Refusal("gone", "The post was deleted meanwhile.")
    return found


def _encode_job(meta: UploadMeta, title: str, folder: Path) -> EncodeJob:
    return EncodeJob(
        folder=str(folder),
        upload_file=UPLOAD_FILE,
        title=title,
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
