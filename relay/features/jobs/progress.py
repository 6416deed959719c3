"""Telling a person's connections how far their jobs are, wherever these run: at once, and to nobody later."""

import logging
from collections.abc import Callable

import msgspec
from msgspec import Struct

from relay.engine.bus.door import Bus
from relay.engine.jobs.table import JobChanged
from relay.engine.jobs.workers import Work
from relay.features.live import api as live
from relay.wire.events import JobProgress

log = logging.getLogger("relay")

TOPIC = "jobs"


class Progressed(Struct, frozen=True):
    """What a worker says of a job, to the other processes."""

    account_id: str
    progress: JobProgress


class ProgressBoard:
    """tell: gives a message to all connections of an account at this process. beside: is told the same. [loop]"""

    def __init__(
        self,
        bus: Bus,
        tell: Callable[[str, live.LiveOnly], None],
        beside: Callable[[str, JobProgress], None],
    ) -> None:
        self._bus = bus
        self._tell = tell
        self._beside = beside
        bus.listen(TOPIC, self._heard, _nothing)

    def said(self, work: Work) -> None:
        """A worker of this process has begun a job, or gone on with it."""
        job = work.job
        progress = JobProgress(
            job_id=job.id, kind=job.kind, state="running", stage=work.stage, fraction=work.fraction
        )
        self._told(job.account_id, progress)
        self._bus.publish(TOPIC, msgspec.msgpack.encode(Progressed(job.account_id, progress)))

    def changed(self, change: JobChanged) -> None:
        """A job ended: every process hears of the commit."""
        progress = JobProgress(job_id=change.job_id, kind=change.kind, state=change.state, fraction=1.0)
        self._told(change.account_id, progress)

    def _heard(self, data: bytes) -> None:
        try:
            said = msgspec.msgpack.decode(data, type=Progressed)
        except msgspec.DecodeError as error:
            log.warning("what another process says of a job cannot be read: %s", error)
            return
        self._told(said.account_id, said.progress)

    def _told(self, account_id: str, progress: JobProgress) -> None:
        self._tell(account_id, live.LiveOnly(progress))
        self._beside(account_id, progress)


def _nothing() -> None:
    """A wire that is there again: what was said without it is told by the job's end."""
