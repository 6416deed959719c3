"""Requests, work of the database, jobs, deliveries and rounds of background tasks as spans, where traces are on. Where they are off, nothing is wrapped."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext

from relay.app.front import Front, Message, Receive, Send
from relay.engine.database import Database
from relay.engine.database.observed import ObservedDatabase
from relay.engine.jobs.workers import Handler, Work
from relay.engine.tasks import Round, Traced
from relay.engine.traces import Traces, name_of
from relay.features.deliveries.delivering import Around

Application = Callable[[Message, Receive, Send], Awaitable[None]]


def traced_requests(front: Front, traces: Traces | None) -> Application:
    """Its row and status are told to the span by `Requests`. A WebSocket is none: it is open for days. [loop]"""
    if traces is None:
        return front

    def serve(scope: Message, receive: Receive, send: Send) -> Awaitable[None]:
        return request(scope, receive, send) if scope["type"] == "http" else front(scope, receive, send)

    async def request(scope: Message, receive: Receive, send: Send) -> None:
        with traces.span("request", serves=True):
            await front(scope, receive, send)

    return serve


def traced_jobs(makes: Mapping[str, Handler], traces: Traces | None) -> Mapping[str, Handler]:
    """By their kinds. [loop]"""
    if traces is None:
        return makes
    return {kind: _traced(kind, make, traces) for kind, make in makes.items()}


def _traced(kind: str, make: Handler, traces: Traces) -> Handler:
    async def carry_out(work: Work) -> None:
        with traces.span(f"job {kind}", job__attempt=work.job.attempts):
            await make(work)

    return carry_out


def traced_database(db: Database, traces: Traces | None) -> Database:
    """By the names of what is done. [loop]"""
    if traces is None:
        return db
    return ObservedDatabase(
        db, lambda kind, work: traces.span(f"{'read' if kind == 'read' else 'write'} {name_of(work)}")
    )


def traced_deliveries(traces: Traces | None) -> Around:
    """Each attempt, by its channel. [loop]"""
    if traces is None:
        return nullcontext
    return lambda row: traces.span(f"delivery {row.channel.value}", delivery__attempt=row.attempts)


def traced_tasks(traces: Traces | None) -> Traced | None:
    """Each round, by the name of its task. [loop]"""
    if traces is None:
        return None

    def traced(name: str, work: Round) -> Round:
        async def turn() -> None:
            with traces.span(f"task {name}"):
                await work()

        return turn

    return traced
