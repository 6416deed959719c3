"""`sidechain demo`."""

import json
import sys
import time
from typing import Annotated

import typer

from daemon.cli.daemon_commands import require_part
from daemon.cli.output import Json, say


def demo(
    headless: Annotated[
        bool,
        typer.Option("--headless", help="End when all is shown, without waiting for Enter on a terminal."),
    ] = False,
    as_json: Json = False,
) -> None:
    """See the whole path once: play, keep, level, post, and the follower has it. Leaves nothing behind."""
    from daemon.cli.demo_path import run_demo

    require_part("uvicorn", "relay")
    started = time.perf_counter()
    if not as_json:
        say("Sidechain: from the DAW to the feed, on this machine")
    figures = run_demo(quiet=as_json, stay=sys.stdin.isatty() and not headless and not as_json)
    figures["total_s"] = round(time.perf_counter() - started, 2)
    if as_json:
        say(json.dumps(figures))
    else:
        say(
            f"Kept in {figures['kept_s']} s, with the follower after {figures['keep_to_follower_s']} s. All ended after {figures['total_s']} s;"
        )
        say(f"the post was {figures['post_url']}, gone with the demo's relay.")


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(demo)
