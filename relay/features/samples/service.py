"""Taking a sample: looked into, decoded and encoded anew in the sandbox, and stored if there is room for it."""

import asyncio
import tempfile
from pathlib import Path

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.core.visibility import Visibility
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.objects.door import Objects
from relay.engine.virus_scan import Scanner
from relay.features.creations import api as creations
from relay.features.moderation import api as moderation
from relay.features.samples import store
from relay.features.samples.arriving import Arrived
from relay.wire.samples import QUOTA_BYTES, Sample, SamplePage, UploadedSample

UPLOAD_FILE = "upload"


class Samples:
    """scratch: a folder of this process alone. scanner None: nobody looks into what is sent. [loop]"""

    def __init__(
        self,
        *,
        db: Database,
        objects: Objects,
        encoder: creations.Encoder,
        owning: creations.Owning,
        removed: creations.Removals,
        scratch: Path,
        scanner: Scanner | None,
        base_url: str,
    ) -> None:
        self._db = db
        self._objects = objects
        self._encoder = encoder
        self._owning = owning
        self._removed = removed
        self._scratch = scratch
        self._scanner = scanner
        self._base_url = base_url

    async def require_room(self, account_id: str) -> None:
        """Before anything is read of an upload. Raises Refusal: quota_exceeded."""
        (await self._db.read(lambda db: store.room_of(db, account_id))).require(1)

    async def take(self, account_id: str, given: Arrived) -> UploadedSample:
        """Raises Refusal: audio_refused, quota_exceeded, busy; EncodingFault, ObjectsUnavailable, NoRoom."""
        if self._scanner is not None:
            await self._scanner.require_clean(given.data)
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            folder = Path(name)
            await asyncio.to_thread((folder / UPLOAD_FILE).write_bytes, given.data)
            made = await self._encoder.run(_encode_job(given.name, name))
            sample_id = await self._store(account_id, given.name, made, folder)
        found, room = await self._db.read(lambda db: self._found(db, account_id))
        sample = next((each for each in found if each.id.replace("-", "") == sample_id), None)
        if sample is None:
            raise Refusal("gone", "It was deleted meanwhile.")
        return UploadedSample(
            **{each: getattr(sample, each) for each in Sample.__struct_fields__}, quota_warning=room.warning
        )

    async def listed(self, account_id: str) -> SamplePage:
        """All of one's own, without their sound."""
        found, room = await self._db.read(lambda db: self._found(db, account_id))
        return SamplePage(
            samples=found, total_size=room.size_bytes, quota=QUOTA_BYTES, quota_warning=room.warning
        )

    async def delete(self, actor: Actor, sample_id: str) -> None:
        """Raises Refusal: not_found, gone."""
        kind = await self._db.read(lambda db: creations.kind_of(db, sample_id))
        if kind is not creations.Kind.SAMPLE:
            raise Refusal("not_found", "There is no such sample.")
        await self._owning.delete(actor, sample_id)

    def _found(self, db: Connection, account_id: str) -> tuple[list[Sample], store.Room]:
        return store.of_owner(db, account_id, self._base_url), store.room_of(db, account_id)

    async def _store(self, account_id: str, name: str, made: creations.Made, folder: Path) -> str:
        files = {creations.PREVIEW: creations.PREVIEW_FILE, creations.LOSSLESS: creations.LOSSLESS_FILE}
        while True:
            since = await self._db.read(creations.mark, snapshot=False)
            assets = [await self._put(folder / file, role) for role, file in files.items()]
            try:
                return await self._db.write(lambda tx: _publish(tx, account_id, name, made, assets, since))  # noqa: B023 (awaited)
            except creations.Removed as removed:  # equal bytes, meanwhile
                await self._removed.settled(removed.names)

    async def _put(self, file: Path, role: str) -> creations.Asset:
        mime = creations.SOUND_TYPES[role]
        sha256 = await self._objects.put_file(file, mime)
        return creations.Asset(
            role=role, sha256=sha256, size_bytes=await self._objects.size(sha256), mime=mime
        )


def _publish(
    tx: Tx, account_id: str, name: str, made: creations.Made, assets: list[creations.Asset], since: int
) -> str:
    """Raises Removed; Refusal: quota_exceeded, audio_refused. [writer]"""
    names = [asset.sha256 for asset in assets]
    creations.require_kept(tx, names, since)
    moderation.require_allowed(tx.db, names)
    lossless = next(asset for asset in assets if asset.role == creations.LOSSLESS)
    store.room_of(tx.db, account_id).require(lossless.size_bytes)
    new = creations.NewCreation(
        id=new_id(),
        version_id=new_id(),
        owner_id=account_id,
        kind=creations.Kind.SAMPLE,
        visibility=Visibility.PRIVATE,
        title=name,
        bpm=made.bpm,
        key=made.key,
        tags=[],
        daw=None,
        figures=made.figures,
        assets=assets,
        at_us=now_us(),
    )
    creations.publish(tx, new)
    return new.id


def _encode_job(name: str, folder: str) -> creations.EncodeJob:
    return creations.EncodeJob(
        folder=folder,
        upload_file=UPLOAD_FILE,
        title=name,
        bpm=None,
        key=None,
        duration_bars=None,
        bar_frames=[],
        analyse=False,
    )
