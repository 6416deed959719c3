"""/health: for whoever watches the process. `live` touches nothing, `ready` asks all that the relay stands on.

Whoever reaches the relay may ask: what is said is our own words, and what engines say of themselves stands in the log.
"""

import asyncio
import logging
from collections.abc import Callable

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Row
from relay.core.refusal import Refusal
from relay.engine.bus.door import Bus
from relay.engine.database import STALE_S, Database, DatabaseError
from relay.engine.jobs import table
from relay.engine.objects.door import Objects
from relay.engine.sandbox.children import standing
from relay.engine.tasks import Tasks
from relay.wire import operations as wire
from relay.wire.health import Check, Health, Heartbeat, Ready

log = logging.getLogger("relay")

READY_LIMIT_S = 1.0
BUSY_JOBS = table.MAX_OPEN // 2

Bare = Call[wire.Nothing, wire.Nothing]


def rows(
    db: Database, objects: Objects, bus: Bus, tasks: Tasks, is_draining: Callable[[], bool]
) -> list[AnyRow]:
    """is_draining: whether this process lets go of its callers."""
    sandbox: list[str] = []

    async def live(_: Bare) -> Health:
        return Health(status="live")

    async def ready(_: Bare) -> Answer[Ready]:
        if not sandbox:
            sandbox.extend(await standing())
        checks = await stands_on(db, objects, tasks)
        if is_draining():
            checks.append(Check(name="process", ok=False, detail="It is going down."))
        well = all(check.ok for check in checks)
        said = Ready(status="ready" if well else "not ready", decoder=sandbox, checks=[*checks, _bus(bus)])
        return Answer(value=said, status=200 if well else 503)

    async def heartbeat(_: Bare) -> Answer[Heartbeat]:
        well = not is_draining() and all(check.ok for check in await stands_on(db, objects, tasks))
        said = Heartbeat(status="ok" if well else "unavailable")
        return Answer(value=said, status=200 if well else 503)

    return [
        Row(wire.HEALTH, Action.HEALTH_READ, heartbeat),
        Row(wire.LIVE, Action.HEALTH_READ, live),
        Row(wire.READY, Action.HEALTH_READ, ready),
    ]


async def stands_on(db: Database, objects: Objects, tasks: Tasks) -> list[Check]:
    """What the process needs, each asked now. [loop]"""
    return [await _database(db), await _objects(objects), *tasks.checks()]


async def _database(db: Database) -> Check:
    try:
        async with asyncio.timeout(READY_LIMIT_S):
            counts = await db.read(table.counts)
    except TimeoutError:
        return Check(name="database", ok=False, detail="It does not answer in time.")
    except (DatabaseError, Refusal) as error:
        log.info("not ready, the database: %s", error)  # it may name hosts and users: nothing for the world
        return Check(name="database", ok=False, detail="It cannot be read now; the log says why.")
    if db.silent_s > STALE_S:
        return Check(name="database", ok=False, detail=f"What others did is {db.silent_s:.0f} s old here.")
    waiting = counts.get("ready", 0)
    if waiting > BUSY_JOBS:
        return Check(name="jobs", ok=False, detail=f"{waiting} jobs wait.")
    return Check(name="database", ok=True, detail=f"{waiting} jobs wait.")


async def _objects(objects: Objects) -> Check:
    said = await objects.health()
    return Check(name="objects", ok=said.ok, detail=said.detail)


def _bus(bus: Bus) -> Check:
    """Told, and no reason not to be ready: all processes would leave their proxy at once for what they can do without."""
    if bus.up:
        return Check(name="bus", ok=True)
    said = "Other processes are not heard: limits count here alone, and presence of people there is missing."
    return Check(name="bus", ok=False, detail=said)
