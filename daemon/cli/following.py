"""Waiting for a take to arrive: real stages and bytes from the daemon, as a bar on a terminal."""

import asyncio
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TimeElapsedColumn
from rich.text import Text

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
STAGES = {
    "flac": "packing",
    "measure": "measuring",
    "draw": "drawing",
    "encode": "encoding",
    "verify": "checking",
    "upload": "uploading",
}
"""What the daemon says is done with a take, as a person reads it."""
ENDED = ("accepted", "quarantined", "needs_attention", "discarded")


def follow_take(take_id: str) -> c.TakeInfo:
    """Wait until the take is rendered and, if it is to be posted, accepted or set aside. Raises SidechainError, and
    NotClaimed when it would wait for a person."""
    return asyncio.run(_follow(take_id))


async def _follow(take_id: str) -> c.TakeInfo:
    console = Console(stderr=True)
    columns = (StageColumn(), BarColumn(), TimeElapsedColumn())
    try:
        async with AsyncControlClient(settings().run) as client:
            await client.request(c.Subscribe())
            reply = await client.request(c.ShowTake(take_id=take_id))
            assert isinstance(reply, c.OneTake)
            take = reply.take
            status = await _status(client)
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
                task = bar.add_task("waiting for its turn", total=1.0, leaves_s=leaves_s(take))
                events = client.events()
                while not _ended(take) and not _waits_for_a_person(take, status.state):
                    event = await anext(events)
                    if isinstance(event, c.StateChanged):
                        status = await _status(client)
                    if isinstance(event, c.Progress) and event.take_id == take.take_id:
                        bar.update(task, description=said(event), completed=event.fraction)
                    if isinstance(event, c.TakeChanged) and event.take.take_id == take.take_id:
                        take = event.take
                        bar.update(task, leaves_s=leaves_s(take))
    except DaemonNotRunning as error:
        raise NotRunning(
            "The daemon ended meanwhile; what was kept is safe.", "Start it again with `sidechain up`."
        ) from error
    if not _ended(take):
        raise NotClaimed(
            f"Take {take.take_id[:12]} is safe, and waits to be posted: {status.sentence}",
            SHOWN[HealthState(status.state)].next_step,
        )
    if take.entry_state == "discarded":
        raise SidechainError(
            f"Take {take.take_id[:12]} is not posted: it was taken back meanwhile.", "It is in the library."
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


def said(event: c.Progress) -> str:
    """The stage in words, and how much of it there is. [any]"""
    word = STAGES.get(event.stage, event.stage)
    if not event.size_bytes:
        return word
    return f"{word} {(event.sent_bytes or 0) / 1e6:.1f}/{event.size_bytes / 1e6:.1f} MB"


class StageColumn(ProgressColumn):
    """What is done now; or, while a take that is made may still be taken back, for how long."""

    def render(self, task: Task) -> Text:
        leaves_s = task.fields["leaves_s"]
        left_s = 0.0 if leaves_s is None else leaves_s - time.monotonic()
        return Text(f"leaves in {left_s:.0f} s" if left_s > 0 else task.description)


def leaves_s(take: c.TakeInfo) -> float | None:
    """When it goes out, on the clock that only goes on; None: it is not held, or not made yet."""
    if take.held_s is None or take.state not in ("ready", "failed"):
        return None
    return time.monotonic() + take.held_s


def _waits_for_a_person(take: c.TakeInfo, state: str) -> bool:
    """It is rendered, and does not go out by itself."""
    return take.state in ("ready", "failed") and state in NEED_A_PERSON


def _ended(take: c.TakeInfo) -> bool:
    rendered = take.state in ("ready", "failed")
    return rendered and (take.entry_state is None or take.entry_state in ENDED)
