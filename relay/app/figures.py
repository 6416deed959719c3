"""What a relay process says about itself at /metrics, beside its requests: who is connected, what waits, what fails."""

import os
import resource
import shutil
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from relay.core.limits import Open
from relay.engine.at_once import AtOnce
from relay.engine.bus.door import Bus
from relay.engine.database import Database
from relay.engine.jobs import table
from relay.engine.metrics import Metrics, Sample
from relay.engine.objects.door import Objects
from relay.engine.tasks import Tasks
from relay.features.live.hub import Hub

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def add_figures(
    metrics: Metrics,
    *,
    db: Database,
    hub: Hub,
    bus: Bus,
    objects: Objects,
    tasks: Tasks,
    at_once: AtOnce,
    data: Path,
) -> None:
    """data: the folder whose disk is looked at. [loop]"""
    _of_events(metrics, db, hub)
    _of_limits(metrics, tasks, at_once)
    metrics.ask("relay_jobs", "Jobs of the whole relay by state.", _jobs(db))
    metrics.ask("relay_bus_up", "Whether other processes are heard and told.", lambda: one(bus.up))
    metrics.ask(
        "relay_disk_free_bytes", "Of the data folder's disk.", lambda: one(shutil.disk_usage(data).free)
    )
    metrics.ask("relay_objects_up", "Whether objects can be stored.", _objects(objects))
    metrics.ask("process_resident_memory_bytes", "Memory in use.", lambda: one(_resident_bytes()))
    metrics.ask("process_cpu_seconds_total", "Processor time used.", lambda: one(_cpu_s()), kind="counter")


def _of_events(metrics: Metrics, db: Database, hub: Hub) -> None:
    """Who is connected, and how far they were told what was committed."""
    metrics.ask("relay_connections", "Open WebSockets.", lambda: one(len(hub)))
    told = "Events given to WebSockets."
    metrics.ask("relay_events_told_total", told, lambda: one(hub.told), kind="counter")
    waiting = "Commits that are still to be told of."
    metrics.ask("relay_commits_waiting", waiting, lambda: one(hub.commits_waiting))
    applied = "Number of the last commit that was told of."
    metrics.ask("relay_commit_applied", applied, lambda: one(hub.applied))
    silent = "Since others' commits were last asked for."
    metrics.ask("relay_commits_silent_seconds", silent, lambda: one(db.silent_s))


def _of_limits(metrics: Metrics, tasks: Tasks, at_once: AtOnce) -> None:
    """What failed, and who was too many."""
    metrics.ask(
        "relay_task_failures_total",
        "Failures of background tasks.",
        lambda: [({"task": name}, count) for name, count in tasks.failures.items()],
        kind="counter",
    )
    metrics.ask(
        "relay_turned_away_total",
        "Connections, transfers and sockets that were too many of one address, network or process.",
        lambda: [({"kind": kind.value}, at_once.turned_away[kind]) for kind in Open],
        kind="counter",
    )


def one(value: float) -> Iterable[Sample]:
    """A figure without labels. [any]"""
    return [({}, value)]


def _jobs(db: Database) -> Callable[[], Awaitable[Iterable[Sample]]]:
    async def ask() -> Iterable[Sample]:
        counts = await db.read(table.counts)
        return [({"state": state}, counts.get(state, 0)) for state in ("ready", "running", "quarantined")]

    return ask


def _objects(objects: Objects) -> Callable[[], Awaitable[Iterable[Sample]]]:
    async def ask() -> Iterable[Sample]:
        return one((await objects.health()).ok)

    return ask


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
