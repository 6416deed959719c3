"""Carrying out a job that listens: the sound is fetched, a child in the sandbox listens, and row, files and job end in one transaction."""

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from audio.models.table import needs_model
from relay.core.refusal import Refusal
from relay.engine.database import Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Work
from relay.engine.objects.door import ObjectDamaged, ObjectMissing, Objects
from relay.engine.sandbox.children import Children, TookTooLong
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.listening import store
from relay.features.listening.models import Models
from relay.features.listening.service import ListeningJob
from relay.features.listening.store import File, Known, Listening, Source
from relay.features.listening.tasks import (
    ChildJob,
    Done,
    Failed,
    Fetch,
    MadeFile,
    Refused,
    Separate,
    Task,
    content_of,
    engine_of,
)
from relay.features.uploads import api as uploads

log = logging.getLogger("relay")

CHILD = "relay.features.listening.listening_child"
MAX_WALL_S, MAX_MODEL_S = 900.0, 3_600.0
LISTEN_FROM, STORE_FROM = 0.05, 0.95
"""What share of a job is done when the child begins, and when its files are stored."""
_answer: msgspec.json.Decoder[Done | Refused | Failed] = msgspec.json.Decoder(Done | Refused | Failed)


@dataclass(frozen=True)
class _Made:
    """What a child made. result: JSON; files: in folder."""

    folder: Path
    result: str
    files: list[MadeFile]


class ListeningFault(Exception):
    """A mistake of ours, or a disk that is full: the same sound may be listened to another time."""


class ListeningWork:
    """scratch: a folder of this process alone. quota_bytes: what one account may keep. [loop]"""

    def __init__(
        self,
        *,
        db: Database,
        objects: Objects,
        removed: creations.Removals,
        scratch: Path,
        quota_bytes: int,
        models: Models,
    ) -> None:
        self._db = db
        self._objects = objects
        self._removed = removed
        self._scratch = scratch
        self._quota_bytes = quota_bytes
        self.models = models
        self._children = Children(CHILD)

    def expect(self) -> None:
        """A file is on its way here."""
        self._children.expect()

    async def close(self) -> None:
        await self._children.close()

    async def make(self, work: Work) -> None:
        """Carry out one job. Raises Refusal: gone, audio_refused, quota_exceeded, model_unavailable; ListeningFault, LeaseLost."""
        listening_id = msgspec.json.decode(work.job.data, type=ListeningJob).listening_id
        row = await self._db.read(lambda db: store.find(db, listening_id))
        if row is None:
            raise Refusal("gone", "It was deleted meanwhile.")
        work.say("fetch", 0.0)
        task = row.asked.task
        assert not isinstance(task, Fetch), "that is no work of a child"
        with tempfile.TemporaryDirectory(dir=self._scratch) as name:
            folder = Path(name)
            names = [f"source{n}" for n in range(len(row.asked.sources))]
            hashes = [
                await self._fetch(source, folder / file)
                for source, file in zip(row.asked.sources, names, strict=True)
            ]
            content = content_of(task, hashes)
            if isinstance(task, Separate) or not await self._finish_known(work, row, content):
                model = await self._model(task)
                job = ChildJob(folder=name, files=names, hashes=hashes, task=task, model=model)
                await self._finish_new(work, row, content, await self._listen(work, job))
        for upload_id in _uploads_of(row):
            await self._objects.delete_upload(upload_id)

    async def _model(self, task: Task) -> list[str]:
        """Paths of its files, if it needs one. Raises Refusal: model_unavailable."""
        engine = engine_of(task)
        return [] if engine is None or not needs_model(engine) else await self.models.verified(engine)

    async def _fetch(self, source: Source, target: Path) -> str:
        """SHA-256 of what was fetched. Raises Refusal: gone."""
        try:
            if source.upload_id is None:
                assert source.sha256 is not None
                await self._objects.fetch(source.sha256, target)
                return source.sha256
            upload_id = source.upload_id
            parts = await self._db.read(lambda db: uploads.parts(db, upload_id))
            return await self._objects.join(parts, target)
        except (ObjectMissing, ObjectDamaged):
            raise Refusal("gone", "The sound is not there any more.", "Send it again.") from None

    async def _finish_known(self, work: Work, row: Listening, content: str) -> bool:
        """With what came of the same before, if something did: that a row names it keeps it."""

        def finish(tx: Tx) -> bool:
            found = store.known(tx.db, row.kind, content)
            if found is None:
                return False
            self._finish(tx, work, row, content, found)
            return True

        return await self._db.write(finish)

    async def _finish_new(self, work: Work, row: Listening, content: str, done: _Made) -> None:
        """Stored, and again where equal bytes were removed meanwhile."""
        work.say("store", STORE_FROM)
        while True:
            since = await self._db.read(creations.mark, snapshot=False)
            files = [await self._put(done.folder / each.name, each.mime) for each in done.files]
            found = Known(result=done.result, files=files)
            finish = partial(
                self._finish_stored, work=work, row=row, content=content, found=found, since=since
            )
            try:
                await self._removed.finish(await self._db.write(finish))
                return
            except creations.Removed as removed:
                await self._removed.settled(removed.names)

    def _finish_stored(
        self, tx: Tx, *, work: Work, row: Listening, content: str, found: Known, since: int
    ) -> list[str]:
        """Objects that nothing names any more. Raises Removed, LeaseLost; Refusal: gone, quota_exceeded. [writer]"""
        if found.files:
            creations.require_kept(tx, [file.sha256 for file in found.files], since)
        if not isinstance(row.asked.task, Separate):
            self._finish(tx, work, row, content, found)
            return []
        self._finish(tx, work, row, content, Known(result=found.result, files=[]), found.files)
        (source,) = row.asked.sources
        assert source.sha256 is not None and row.creation_id is not None, "only what is here is taken apart"
        stems = [
            creations.Asset(
                role=creations.STEM + Path(file.name).stem,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                mime=file.mime,
            )
            for file in found.files
        ]
        return creations.set_stems(tx, row.creation_id, source.sha256, stems)

    async def _listen(self, work: Work, job: ChildJob) -> _Made:
        """Raises Refusal: audio_refused; ListeningFault."""
        work.say("listen", LISTEN_FROM)
        share = STORE_FROM - LISTEN_FROM
        try:
            said = await self._children.run(
                msgspec.json.encode(job),
                MAX_MODEL_S if job.model else MAX_WALL_S,
                lambda done: work.say("listen", LISTEN_FROM + share * done),
            )
            answer = _answer.decode(said)
        except (TookTooLong, msgspec.DecodeError):  # killed at a limit, or crashed in a codec
            answer = Refused(
                reason="This sound cannot be listened to within our limits. Send a shorter stretch."
            )
        if isinstance(answer, Refused):
            raise Refusal("audio_refused", answer.reason)
        if isinstance(answer, Failed):
            log.error("a sound could not be listened to: %s", answer.trace)
            raise ListeningFault(answer.trace.strip().rpartition("\n")[2])
        return _Made(Path(job.folder), bytes(answer.result).decode(), answer.files)

    async def _put(self, file: Path, mime: str) -> File:
        sha256 = await self._objects.put_file(file, mime)
        size_bytes = await self._objects.size(sha256)
        return File(name=file.name, sha256=sha256, size_bytes=size_bytes, mime=mime)

    def _finish(
        self, tx: Tx, work: Work, row: Listening, content: str, found: Known, beside: Sequence[File] = ()
    ) -> None:
        """beside: files that are kept elsewhere. Raises LeaseLost; Refusal: gone, quota_exceeded. [writer]"""
        new_bytes = sum(file.size_bytes for file in (*found.files, *beside))
        held_bytes = accounts.stored_bytes(tx.db, row.account_id) + store.held_bytes(tx.db, row.account_id)
        if held_bytes + new_bytes > self._quota_bytes:
            raise Refusal("quota_exceeded", "What you keep here is full.", "Delete something first.")
        table.finish(tx, work.job, work.holder)
        if not store.finish(tx, row.id, content, found.result, found.files):
            raise Refusal("gone", "It was deleted meanwhile.")
        _end_uploads(tx, _uploads_of(row))


def given_up(tx: Tx, ended: table.Job) -> None:
    """What was sent for a job that came to nothing is of no use to anybody. [writer]"""
    listening_id = msgspec.json.decode(ended.data, type=ListeningJob).listening_id
    row = store.find(tx.db, listening_id)
    if row is not None:
        _end_uploads(tx, _uploads_of(row))


def _uploads_of(row: Listening) -> list[str]:
    return [source.upload_id for source in row.asked.sources if source.upload_id is not None]


def _end_uploads(tx: Tx, upload_ids: Sequence[str]) -> None:
    for upload_id in upload_ids:
        uploads.end(tx, upload_id)
