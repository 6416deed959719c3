"""The engines of one process, opened as its settings say: database, objects, bus, and what is counted with them."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from relay.app.config import Config
from relay.app.listening import EFFECTS, Listening
from relay.app.status import our_version
from relay.app.tracing import traced_database, traced_tasks
from relay.core.limits import AT_ONCE, LIMITS
from relay.engine.at_once import AtOnce
from relay.engine.bus.door import Bus
from relay.engine.bus.open import open_bus
from relay.engine.clock import now_us
from relay.engine.data_folder import DataFolder
from relay.engine.database import Database, open_database, sqlite_path
from relay.engine.database.observed import ObservedDatabase
from relay.engine.descriptors import allow_many
from relay.engine.limits import SharedLimits
from relay.engine.metrics import Metrics
from relay.engine.objects.door import Objects
from relay.engine.objects.open import open_objects
from relay.engine.tasks import Tasks
from relay.engine.traces import Traces, open_traces

DEV_FACTOR = 100
"""So many times the limits hold on a relay for development: its tests are many callers at one address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Engines:
    """What all features stand on."""

    folder: DataFolder
    db: Database
    objects: Objects
    bus: Bus
    limits: SharedLimits
    at_once: AtOnce
    metrics: Metrics
    tasks: Tasks
    traces: Traces | None

    async def close(self) -> None:
        """In reverse order of the start; nobody may use them any more."""
        await self.bus.close()
        await self.objects.close()
        await self.db.close()
        self.folder.close()
        if self.traces is not None:
            await self.traces.close()


async def open_engines(config: Config, listening: Listening) -> Engines:
    """Nothing is waited for, so whoever is given to `listening` next misses no commit; unless one cannot be opened: then
    those before it are closed.

    Raises NoTracing, DataInUse, SchemaTooNew, DatabaseError, BadObjectsUrl, BadBusUrl, FolderOpen, OSError. [loop]
    """
    embedded = sqlite_path(config.database) is not None
    factor = DEV_FACTOR if config.dev else 1
    metrics = Metrics()
    at_once = {kind: most.times(factor) for kind, most in AT_ONCE.items()}
    async with AsyncExitStack() as opened:
        folder = DataFolder.open(config.data, alone=embedded)
        opened.callback(folder.close)
        traces = None if config.traces_url is None else open_traces(config.traces_url, our_version())
        db = _open_database(config, listening, metrics)
        opened.push_async_callback(db.close)
        objects = open_objects(config.objects, config.storage_keys)
        opened.push_async_callback(objects.close)
        bus = open_bus(config.bus_url or ("memory:" if embedded else str(config.database)))
        opened.pop_all()
    return Engines(
        folder=folder,
        db=traced_database(db, traces),
        objects=objects,
        bus=bus,
        limits=SharedLimits(bus, {kind: limit.times(factor) for kind, limit in LIMITS.items()}, now_us),
        at_once=AtOnce(at_once, config.trusted_proxies, allow_many()),
        metrics=metrics,
        tasks=Tasks(traced_tasks(traces)),
        traces=traces,
    )


def _open_database(config: Config, listening: Listening, metrics: Metrics) -> Database:
    waited = metrics.histogram("relay_database_seconds", "What features wait for the database.", "kind")
    return ObservedDatabase(
        open_database(
            config.database, effects=EFFECTS, on_commit=listening.on_commit, on_lost=listening.on_lost
        ),
        lambda kind, _: waited.timing(kind),
    )
