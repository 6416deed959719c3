"""Waiting for a take to arrive: real stages and bytes from the daemon, as a bar on a terminal."""

import asyncio

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import bridge.control as c
from bridge.async_client import AsyncControlClient
from bridge.errors import DaemonNotRunning
from daemon.cli.output import settings
from daemon.core.health import SHOWN, HealthState
from daemon.errors import NotClaimed, NotRunning, SidechainError

NEED_A_PERSON = (
    HealthState.NO_RELAY,
    HealthState.UNCLAIMED,
    HealthState.NEEDS_RECLAIM,
    HealthState.WAITING_FOR_KEYRING,
)
ENDED = ("accepted", "quarantined", "needs_attention", "discarded")


def follow_take(take_id: str) -> c.TakeInfo:
    """Wait until the take is rendered and, if it is to be posted, accepted or set aside. Raises SidechainError, and
    NotClaimed when it would wait for a person."""
    return asyncio.run(_follow(take_id))


async def _follow(take_id: str) -> c.TakeInfo:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:>8}"), BarColumn(), TimeElapsedColumn())
    try:
        async with AsyncControlClient(settings().run) as client:
            await client.request(c.Subscribe())
            reply = await client.request(c.ShowTake(take_id=take_id))
            assert isinstance(reply, c.OneTake)
            take = reply.take
            status = await _status(client)
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
                task = bar.add_task("waiting", total=1.0)
                events = client.events()
                while not _ended(take) and not _waits_for_a_person(take, status.state):
                    event = await anext(events)
                    if isinstance(event, c.StateChanged):
                        status = await _status(client)
                    if isinstance(event, c.Progress) and event.take_id == take.take_id:
                        bar.update(task, description=_stage(event), completed=event.fraction)
                    if isinstance(event, c.TakeChanged) and event.take.take_id == take.take_id:
                        take = event.take
                        if take.held_s is not None and take.state == "ready":
                            bar.update(task, description=f"held {take.held_s:.0f} s", completed=0.0)
    except DaemonNotRunning as error:
        raise NotRunning(
            "The daemon ended meanwhile; what was kept is safe.", "Start it again with `sidechain up`."
        ) from error
    if not _ended(take):
        raise NotClaimed(
            f"Take {take.take_id[:12]} is safe, and waits to be posted: {status.sentence}",
            SHOWN[HealthState(status.state)].next_step,
        )
    if take.state == "failed" or take.entry_state in ("quarantined", "needs_attention"):
        raise SidechainError(
            f"Take {take.take_id[:12]} was not posted: {take.error}.", "The sound itself is in the library."
        )
    return take


async def _status(client: AsyncControlClient) -> c.Status:
    status = await client.request(c.GetStatus())
    assert isinstance(status, c.Status)
    return status


def _stage(event: c.Progress) -> str:
    if not event.size_bytes:
        return event.stage
    return f"{event.stage} {(event.sent_bytes or 0) / 1e6:.1f}/{event.size_bytes / 1e6:.1f} MB"


def _waits_for_a_person(take: c.TakeInfo, state: str) -> bool:
    """It is rendered, and does not go out by itself."""
    return take.state in ("ready", "failed") and state in NEED_A_PERSON


def _ended(take: c.TakeInfo) -> bool:
    rendered = take.state in ("ready", "failed")
    return rendered and (take.entry_state is None or take.entry_state in ENDED)
