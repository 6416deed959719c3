"""A person's jobs: listed, looked at, cancelled."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from relay.core.access import Action, Actor, authorize
from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.wire.jobs import Job, JobPage


class Asked(Struct, frozen=True):
    """What the data of every kind of job may say of the request that asked for it."""

    key: str | None = None


class Jobs:
    """on_given_up: what ends with a job of each kind that comes to nothing. [loop]"""

    def __init__(self, db: Database, on_given_up: Mapping[str, table.GivenUp]) -> None:
        self._db = db
        self._on_given_up = on_given_up

    async def of(self, account_id: str, cursor: str | None, limit: int) -> JobPage:
        """Raises Refusal: cursor_invalid."""
        before = read_cursor(cursor) if cursor else BEGINNING
        found = await self._db.read(lambda db: table.of_account(db, account_id, before, limit + 1))
        more = len(found) > limit
        last = found[:limit][-1:]
        return JobPage(
            jobs=[_shown(each) for each in found[:limit]],
            next=write_cursor(Cursor(last[0].created_us, last[0].id)) if more else None,
        )

    async def one(self, actor: Actor, job_id: str) -> Job:
        """Raises Refusal: not_found; also for one that is another's."""
        return _shown(await self._db.read(lambda db: _own(db, actor, Action.JOB_READ, job_id)))

    async def cancel(self, actor: Actor, job_id: str) -> Job:
        """The job as it is then; one that has ended stays as it ended. Raises Refusal: not_found."""

        def work(tx: Tx) -> table.Job:
            _own(tx.db, actor, Action.JOB_CANCEL, job_id)
            table.cancel(tx, job_id, actor.account_id, self._on_given_up)
            return _own(tx.db, actor, Action.JOB_CANCEL, job_id)

        return _shown(await self._db.write(work))


def _own(db: Connection, actor: Actor, action: Action, job_id: str) -> table.Job:
    job = table.find(db, job_id)
    if job is None:
        raise Refusal("not_found", "There is no such job.")
    authorize(actor, action, job.account_id)
    return job


def _shown(job: table.Job) -> Job:
    """A refusal is for the person; what a fault says is for who runs the relay, and stands in the log."""
    fault = "The relay could not do this; it has been noted." if job.state == "quarantined" else None
    return Job(
        id=job.id,
        kind=job.kind,
        state=job.state,
        attempts=job.attempts,
        stage=job.stage,
        fraction=job.fraction,
        error_code=job.error_code,
        error=job.error if job.state == "failed" else fault,
        created_at=rfc3339(job.created_us),
        ended_at=None if job.ended_us is None else rfc3339(job.ended_us),
        key=msgspec.json.decode(job.data, type=Asked).key,
    )
