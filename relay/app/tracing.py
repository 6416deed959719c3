"""Requests and jobs as spans, where traces are on."""

from collections.abc import Awaitable, Callable, Mapping

from relay.app.front import Front, Message, Receive, Send
from relay.engine.jobs.workers import Handler, Work
from relay.engine.traces import Traces

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
