"""/api/v1/jobs."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.jobs.service import Jobs
from relay.wire import operations as wire
from relay.wire.jobs import Job, JobPage

Bare = Call[wire.Nothing, wire.Nothing]


def rows(jobs: Jobs) -> list[AnyRow]:
    async def of_mine(call: Call[wire.Nothing, wire.Paging]) -> JobPage:
        return await jobs.of(call.account_id, call.query.cursor, call.query.limit)

    async def one(call: Bare) -> Job:
        return await jobs.one(call.actor, call.path["job_id"])

    async def cancel(call: Bare) -> Job:
        return await jobs.cancel(call.actor, call.path["job_id"])

    return [
        Row(wire.LIST_JOBS, Action.JOB_LIST, of_mine),
        Row(wire.GET_JOB, Action.JOB_READ, one),
        Row(wire.CANCEL_JOB, Action.JOB_CANCEL, cancel),
    ]
