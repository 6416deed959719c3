"""`sidechain demo`."""

import json
import sys
import time
from typing import Annotated

import typer

from daemon.cli.output import Json, require_part, say

NEXT = """
Next, for real:
  sidechain setup      five questions, and Sidechain runs
  sidechain host &     a host without a window plays eight bars into it, again and again
  sidechain keep       the last eight bars are safe; `sidechain takes play` plays them"""


def demo(
    headless: Annotated[
        bool,
        typer.Option("--headless", help="End when all is shown, without waiting for Enter on a terminal."),
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave the page open until Ctrl-C, also where no terminal is.")
    ] = False,
    as_json: Json = False,
) -> None:
    """See the whole path once: play, keep, level, post, and the follower has it. Leaves nothing behind."""
    from daemon.cli.demo_path import run_demo, until_enter, until_interrupted

    require_part("uvicorn", "relay")
    started = time.perf_counter()
    if not as_json:
        say("Sidechain: from the DAW to the feed, on this machine")
    until = (
        until_interrupted
        if stay
        else until_enter
        if sys.stdin.isatty() and not headless and not as_json
        else None
    )
    figures = run_demo(quiet=as_json, until=until)
    figures["total_s"] = round(time.perf_counter() - started, 2)
    if as_json:
        say(json.dumps(figures))
    else:
        say(
            f"Kept in {figures['kept_s']} s, with the follower after {figures['keep_to_follower_s']} s. All ended after {figures['total_s']} s;"
        )
        say(f"the post was {figures['post_url']}, gone with the demo's relay.")
        say(NEXT)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(demo)
