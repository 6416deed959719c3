"""`sidechain watch`: what happens, as it happens: a live view on a terminal, else a line for each event."""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli.output import say, settings
from daemon.core import shown
from daemon.errors import NotRunning

if TYPE_CHECKING:
    from bridge.async_client import AsyncControlClient

    Tell = Callable[[c.Event | c.Status | c.LiveMeasurement], None]

LOOKS_PER_S = 5
LINES_EACH_S = 0.5
"""What is heard is told so often in lines."""
Lines = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for each event.")]
Analyse = Annotated[
    bool, typer.Option("--analyse", help="Listen to what plays: loudness, spectrum, brightness, tempo.")
]


def watch(as_json: Lines = False, analyse: Analyse = False) -> None:
    """Watch plugins with their levels, takes, uploads and what comes in, live; Ctrl-C ends it.

    Examples:  sidechain watch   ·   sidechain watch --analyse   ·   sidechain watch --json
    """
    import asyncio

    from bridge.errors import DaemonNotRunning

    try:
        asyncio.run(_watch(as_json, analyse))
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # whoever read the lines has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except DaemonNotRunning as error:
        raise NotRunning(
            "The daemon does not run, or has ended.", "Start it with `sidechain up --detach`."
        ) from error


async def _watch(as_json: bool, analyse: bool) -> None:
    import asyncio

    from bridge.async_client import AsyncControlClient

    async with AsyncControlClient(settings().run) as client:
        await client.request(c.Subscribe())
        if as_json or not sys.stdout.isatty():
            tell = _say_json if as_json else _say_line
            await asyncio.gather(
                _in_lines(client, tell), *([_heard_in_lines(client, tell)] if analyse else [])
            )
        else:
            await _live(client, analyse)


async def _in_lines(client: "AsyncControlClient", tell: "Tell") -> None:
    """For ever. A change of the status is told only when what is shown of it is another."""
    told = await status_of(client)
    tell(told)
    async for event in client.events():
        if isinstance(event, c.StateChanged):
            status = await status_of(client)
            if (status.state, status.sentence) != (told.state, told.sentence):
                tell(status)
            told = status
        else:
            tell(event)


async def _heard_in_lines(client: "AsyncControlClient", tell: "Tell") -> None:
    """For ever: a line for each plugin that sounds, LINES_EACH_S."""
    import asyncio

    while True:
        for one in (await heard_by(client)).heard:
            tell(one)
        await asyncio.sleep(LINES_EACH_S)


async def _live(client: "AsyncControlClient", analyse: bool) -> None:
    """For ever: a picture that is drawn anew some times a second, for levels change without an event."""
    import asyncio

    from rich.console import Console
    from rich.live import Live

    from daemon.cli.watch_view import View

    console, view = Console(), View()

    async def listen() -> None:
        async for event in client.events():
            view.take(event, time.strftime("%H:%M:%S"))

    with Live(console=console, auto_refresh=False, transient=False) as live:
        listening = asyncio.create_task(listen())
        try:
            while not listening.done():
                view.status = await status_of(client)
                view.heard = await heard_by(client) if analyse else None
                live.update(view.picture(console.width), refresh=True)
                await asyncio.wait([listening], timeout=1 / LOOKS_PER_S)
            listening.result()
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await listening


async def status_of(client: "AsyncControlClient") -> c.Status:
    """Raises DaemonNotRunning."""
    status = await client.request(c.GetStatus())
    assert isinstance(status, c.Status)
    return status


async def heard_by(client: "AsyncControlClient") -> c.LiveMeasurements:
    """Raises DaemonNotRunning."""
    heard = await client.request(c.GetHeard())
    assert isinstance(heard, c.LiveMeasurements)
    return heard


def _say_json(told: "c.Event | c.Status | c.LiveMeasurement") -> None:
    plain = msgspec.to_builtins(told)
    plain.pop("id", None)
    say(shown.json(msgspec.json.encode({"event": plain.pop("t", "heard")} | plain).decode()))


def _say_line(told: "c.Event | c.Status | c.LiveMeasurement") -> None:
    from daemon.cli.watch_view import in_words

    say(f"{time.strftime('%H:%M:%S')}  {shown.line(in_words(told))}")


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(watch)
