"""/health: for whoever watches the process. `live` never touches the database, `ready` reads one row."""

import asyncio

from litestar import Response, Router, get
from msgspec import Struct

from relay.app.gate import PartsDep, operation
from relay.core.access import Action
from relay.core.refusal import Refusal
from relay.services.events import commit_number

READY_LIMIT_S = 1.0


class Health(Struct, frozen=True):
    status: str


class Ready(Struct, frozen=True):
    """decoder: what stands around the processes that decode uploads: limits, privileges, calls, files."""

    status: str
    decoder: list[str]


@get("/live", opt=operation(Action.HEALTH_READ), tags=["health"])
async def live() -> Health:
    """The process answers."""
    return Health("live")


@get("/ready", opt=operation(Action.HEALTH_READ), tags=["health"])
async def ready(parts: PartsDep) -> Response[Ready]:
    """The database answers too, and how well decoders are fenced in on this machine."""
    try:
        async with asyncio.timeout(READY_LIMIT_S):
            await parts.db.read(commit_number)
    except TimeoutError:
        raise Refusal("busy", "The database does not answer in time.", retry_after_s=1) from None
    return Response(Ready("ready", await parts.production.fence()))


router = Router("/health", route_handlers=[live, ready])
