"""Asking for sound to be listened to, and having what came of it."""

from collections.abc import Sequence
from typing import NoReturn

from msgspec import Struct

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Code, Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Workers
from relay.features.creations import api as creations
from relay.features.listening import store
from relay.features.listening.arriving import Sent
from relay.features.listening.store import Asked, File, Listening, Source
from relay.features.listening.tasks import Task, content_of_track, kind_of

MAX_OF_ACCOUNT = 1_000
WAIT_S = 110.0
"""How long who sent a file waits for what comes of it; then it asks for that."""


class Listened(Struct, frozen=True, kw_only=True):
    """What was asked for, how its job stands, and the files that came of it."""

    row: Listening
    job: table.Job | None
    files: list[File]

    @property
    def state(self) -> str:
        """Of the job; one that is not remembered any more has ended as its row says."""
        if self.job is not None:
            return self.job.state
        return "done" if self.row.result is not None else "failed"


class ListeningJob(Struct, frozen=True, kw_only=True):
    """The data of a job."""

    listening_id: str


class Hearing:
    """[loop]"""

    def __init__(self, db: Database, removed: creations.Removals) -> None:
        self._db = db
        self._removed = removed

    async def ask_of_files(self, account_id: str, task: Task, sent: Sequence[Sent]) -> Listening:
        """Raises Refusal: busy, quota_exceeded."""
        sources = [Source(name=each.name, upload_id=each.upload_id) for each in sent]
        asked = Asked(task=task, sources=sources)
        return await self._db.write(lambda tx: _ask(tx, account_id, asked, None))

    async def ask_of_creation(self, actor: Actor, creation_id: str, task: Task) -> Listening:
        """What was asked of the same sound before, if it is under way or something came of it. Raises Refusal: not_found, gone, busy,
        quota_exceeded.
        """

        def work(tx: Tx) -> Listening:
            asset = own_sound(tx.db, actor, creation_id)
            asked = Asked(task=task, sources=[Source(name=creation_id, sha256=asset.sha256)])
            before = store.newest_of(tx.db, creation_id, kind_of(task), done=False)
            is_same = before is not None and before.asked == asked
            if before is not None and is_same and (before.result or _is_open(tx.db, before.job_id)):
                return before
            return _ask(tx, actor.account_id, asked, creation_id)

        return await self._db.write(work)

    async def ask_of_sample(self, actor: Actor, sample_id: str, task: Task) -> Listening:
        """For one use, as of a file that is sent. Raises Refusal: not_found, gone, busy, quota_exceeded."""

        def work(tx: Tx) -> Listening:
            if creations.kind_of(tx.db, sample_id) is not creations.Kind.SAMPLE:
                raise Refusal("not_found", "There is no such sample.")
            asset = own_sound(tx.db, actor, sample_id)
            titles = creations.readable_titles(tx.db, [sample_id], actor.account_id)
            source = Source(name=f"{titles[sample_id]}.flac", sha256=asset.sha256)
            return _ask(tx, actor.account_id, Asked(task=task, sources=[source]), None)

        return await self._db.write(work)

    async def heard(self, workers: Workers, row: Listening) -> Listened:
        """Once its job has ended, or after WAIT_S as it is then. Raises Refusal: why nothing came of it."""
        ended = await workers.ended(row.job_id, WAIT_S)
        if ended is not None and ended.state != "done":
            _came_to_nothing(ended)
        return await self.of(row.id)

    async def of(self, listening_id: str) -> Listened:
        """Raises Refusal: not_found."""
        return await self._db.read(lambda db: _listened(db, store.find(db, listening_id)))

    async def own(self, actor: Actor, action: Action, listening_id: str) -> Listened:
        """Raises Refusal: not_found; also for what is another's."""
        found = await self.of(listening_id)
        authorize(actor, action, found.row.account_id)
        return found

    async def own_job(self, actor: Actor, job_id: str) -> Listened:
        """Raises Refusal: not_found; also for what is another's, or no job that listens."""
        found = await self._db.read(lambda db: _listened(db, store.of_job(db, job_id)))
        authorize(actor, Action.LISTENING_READ, found.row.account_id)
        return found

    async def jobs_of_track(self, actor: Actor, creation_id: str, kinds: Sequence[str]) -> list[str]:
        """The newest of each kind that there is; of a track that is fetched, of that. Raises Refusal: not_found, gone."""

        def work(db: Connection) -> list[str]:
            fetched = store.newest_fetch(db, content_of_track(actor.account_id, creation_id))
            if fetched is not None:
                return [fetched.job_id]
            own_sound(db, actor, creation_id)
            newest = (store.newest_of(db, creation_id, kind, done=False) for kind in kinds)
            return [row.job_id for row in newest if row is not None]

        return await self._db.read(work)

    async def of_track(
        self, actor: Actor, creation_id: str, kind: str
    ) -> tuple[Listened | None, Listened | None]:
        """Of the sound that it has now: what was asked for last, and the newest of which something came. Raises Refusal: not_found, gone."""

        def work(db: Connection) -> tuple[Listened | None, Listened | None]:
            asset = own_sound(db, actor, creation_id)
            rows = [store.newest_of(db, creation_id, kind, done=done) for done in (False, True)]
            last, done = (
                None if row is None or row.asked.sources[0].sha256 != asset.sha256 else _listened(db, row)
                for row in rows
            )
            return last, done

        return await self._db.read(work)

    async def stems(self, actor: Actor, creation_id: str) -> list[creations.Asset]:
        """What its sound was taken apart into. Raises Refusal: not_found, gone."""

        def work(db: Connection) -> list[creations.Asset]:
            own_sound(db, actor, creation_id)
            return creations.stems_of(db, creation_id)

        return await self._db.read(work)

    async def page(self, account_id: str, kind: str, skip: int, limit: int) -> tuple[list[Listened], int]:
        """Of files that were sent, the newest first, and how many there are."""

        def work(db: Connection) -> tuple[list[Listened], int]:
            found, total = store.page(db, account_id, kind, skip, limit)
            return [_listened(db, row) for row in found], total

        return await self._db.read(work)

    async def delete(self, listening_id: str) -> None:
        """With its files; of one under way nothing is kept. What is another's is refused before."""
        await self._removed.finish(await self._db.write(lambda tx: store.delete(tx, listening_id)))

    async def forget_old(self) -> None:
        """A task of the process calls it."""
        await self._removed.finish(await self._db.write(store.delete_old))


def own_sound(db: Connection, actor: Actor, creation_id: str) -> creations.Asset:
    """The lossless sound of what is one's own. Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    asset, shown, _ = creations.sound(db, creation_id, creations.LOSSLESS, actor.user_id)
    authorize(actor, Action.LISTENING_READ, shown.owner_id)
    return asset


def require_room(tx: Tx, account_id: str) -> None:
    """Raises Refusal: quota_exceeded. [writer]"""
    if store.count(tx.db, account_id) >= MAX_OF_ACCOUNT:
        raise Refusal(
            "quota_exceeded",
            f"You have had {MAX_OF_ACCOUNT:,} sounds listened to.",
            "Delete what you do not need.",
        )


def _ask(tx: Tx, account_id: str, asked: Asked, creation_id: str | None) -> Listening:
    require_room(tx, account_id)
    listening_id = new_id()
    data = ListeningJob(listening_id=listening_id)
    row = Listening(
        id=listening_id,
        account_id=account_id,
        kind=kind_of(asked.task),
        job_id=table.enqueue(tx, kind=kind_of(asked.task), account_id=account_id, data=data),
        creation_id=creation_id,
        asked=asked,
        result=None,
        created_us=now_us(),
    )
    store.insert(tx, row)
    return row


def _is_open(db: Connection, job_id: str) -> bool:
    job = table.find(db, job_id)
    return job is not None and job.state in ("ready", "running")


def _listened(db: Connection, row: Listening | None) -> Listened:
    if row is None:
        raise Refusal("not_found", "There is nothing of this that was listened to.")
    return Listened(row=row, job=table.find(db, row.job_id), files=store.files_of(db, row.id))


_CODES: dict[str, Code] = {
    "audio_refused": "audio_refused",
    "gone": "gone",
    "quota_exceeded": "quota_exceeded",
}


def _came_to_nothing(job: table.Job) -> NoReturn:
    if job.state == "failed" and (code := _CODES.get(job.error_code or "")) is not None:
        raise Refusal(code, job.error or "This sound is not usable.")
    if job.state == "cancelled":
        raise Refusal("cancelled", "Listening to this was cancelled.", "Ask again if it was not meant.")
    raise Refusal("internal", "The relay could not listen to this.", "Try again later.")
