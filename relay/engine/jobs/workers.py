"""The workers of one process: take jobs, keep their leases, carry them out, and wait for those of others."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Database, DatabaseBusy, Tx
from relay.engine.jobs import table
from relay.engine.jobs.table import GivenUp, Job, JobChanged, LeaseLost
from relay.engine.objects.door import ObjectsUnavailable

log = logging.getLogger("relay")

AT_ONCE = 2
HEARTBEAT_S = 5.0
LOOK_S = 10.0
"""How long at most until the table is looked at without being told that there is work."""
ENDED = ("done", "failed", "cancelled", "quarantined")


class Work:
    """One job in hand. say() tells how far it is: at once to whoever listens, and to the table with the next heartbeat."""

    def __init__(self, job: Job, holder: str, on_said: "OnSaid") -> None:
        self.job = job
        self.holder = holder
        self.stage = job.stage
        self.fraction = 0.0
        self._on_said = on_said

    def say(self, stage: str, fraction: float) -> None:
        """fraction: of the whole job, 0..1."""
        self.stage, self.fraction = stage, min(max(fraction, 0.0), 1.0)
        log.debug("job %s: %s", self.job.id, stage)
        self._on_said(self)


OnSaid = Callable[[Work], None]
"""Told of each job that begins, and how far it is. [loop]"""


Handler = Callable[[Work], Awaitable[None]]
"""Carries out a job and ends it with `table.finish` in the transaction of its result. Raises Refusal: it cannot be done.
Anything else it raises is a fault, and the job is tried again.
"""


class Workers:
    """handlers, on_given_up: by kind of job. The latter is called in the transaction that ends one without a result. [loop]"""

    def __init__(
        self,
        db: Database,
        handlers: Mapping[str, Handler],
        on_given_up: Mapping[str, GivenUp],
        at_once: int = AT_ONCE,
        on_said: OnSaid = lambda _: None,
    ) -> None:
        self._on_said = on_said
        self._db = db
        self._handlers = handlers
        self._on_given_up = on_given_up
        self._free = asyncio.Semaphore(at_once)
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._watched: dict[str, set[asyncio.Event]] = {}

    # told by commits ----------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """There may be work."""
        self._wake.set()

    def changed(self, change: JobChanged) -> None:
        """A job ended, here or elsewhere."""
        for event in self._watched.get(change.job_id, ()):
            event.set()
        if change.state == "cancelled" and (task := self._running.get(change.job_id)) is not None:
            task.cancel()

    # waiting ------------------------------------------------------------------------------------------------------

    async def ended(self, job_id: str, limit_s: float) -> Job | None:
        """The job once it has ended; None: it has not in time. Raises Refusal: not_found."""
        event = asyncio.Event()
        self._watched.setdefault(job_id, set()).add(event)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    while True:
                        job = await self._db.read(lambda db: table.find(db, job_id))
                        if job is None:
                            raise Refusal("not_found", "There is no such job.")
                        if job.state in ENDED:
                            return job
                        with suppress(TimeoutError):
                            async with asyncio.timeout(LOOK_S):
                                await event.wait()
                        event.clear()
            return None
        finally:
            self._watched[job_id].discard(event)
            if not self._watched[job_id]:
                del self._watched[job_id]

    # working ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take jobs for ever. One task of the process does."""
        while True:
            await self._free.acquire()
            try:
                work = await self._take()
            except BaseException:
                self._free.release()
                raise
            task = asyncio.create_task(self._carry_out(work))
            self._running[work.job.id] = task
            task.add_done_callback(lambda _, id_=work.job.id: self._done(id_))  # type: ignore[misc]

    async def close(self) -> None:
        """Give back what is in hand: another process, or the next start, goes on with it."""
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _done(self, job_id: str) -> None:
        self._running.pop(job_id, None)
        self._free.release()

    async def _take(self) -> Work:
        while True:
            self._wake.clear()
            holder = new_id()
            try:
                due = await self._db.read(table.next_due_us)
                job = None
                if due is not None and due <= now_us():
                    job = await self._db.write(lambda tx: table.claim(tx, holder, self._on_given_up))  # noqa: B023 (awaited)
            except DatabaseBusy as error:
                log.warning("jobs wait for the database: %s", error)
                due, job = None, None
            if job is not None:
                log.debug("job %s is taken", job.id)
                return Work(job, holder, self._on_said)
            wait_s = LOOK_S if due is None or due <= now_us() else min(LOOK_S, (due - now_us()) / 1e6)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.01, wait_s)):
                    await self._wake.wait()

    async def _carry_out(self, work: Work) -> None:
        work.say("", 0.0)
        handling = asyncio.ensure_future(self._handlers[work.job.kind](work))
        beating = asyncio.create_task(self._beat(work, handling))
        try:
            await handling
        except asyncio.CancelledError:
            handling.cancel()
            await asyncio.gather(handling, return_exceptions=True)
            with suppress(DatabaseBusy):
                await self._db.write(lambda tx: table.give_back(tx, work.job, work.holder))
        except LeaseLost:
            log.warning("job %s was taken by another worker", work.job.id)
        except ObjectsUnavailable as away:
            log.warning("job %s waits: %s", work.job.id, away)
            with suppress(DatabaseBusy):
                await self._db.write(lambda tx: table.give_back(tx, work.job, work.holder, table.AWAY_US))
        except Refusal as refusal:
            await self._give_up(work, _refused(work, refusal))
        except Exception as error:
            log.error("job %s (%s) failed: %r", work.job.id, work.job.kind, error, exc_info=error)
            said = f"{type(error).__name__}: {error}"
            await self._give_up(work, lambda tx: table.fail(tx, work.job, work.holder, said))
        finally:
            beating.cancel()

    async def _give_up(self, work: Work, how: Callable[[Tx], bool]) -> None:
        def ended(tx: Tx) -> None:
            if how(tx):
                self._on_given_up[work.job.kind](tx, work.job)

        with suppress(LeaseLost):
            try:
                await self._db.write(ended)
            except DatabaseBusy as error:  # its lease runs out, and it is taken again
                log.warning("job %s could not be ended: %s", work.job.id, error)

    async def _beat(self, work: Work, handling: "asyncio.Future[None]") -> None:
        """Keep the lease; a job that is no longer ours is dropped."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            with suppress(DatabaseBusy):
                held = await self._db.write(
                    lambda tx: table.renew(tx, work.job.id, work.holder, work.stage, work.fraction),
                    apart=True,
                )
                if not held:
                    handling.cancel()
                    return


def _refused(work: Work, refusal: Refusal) -> Callable[[Tx], bool]:
    def how(tx: Tx) -> bool:
        table.refuse(tx, work.job, work.holder, refusal)
        return True

    return how
