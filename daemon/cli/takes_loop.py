"""`sidechain takes loop`: a take as a loop that is written down."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.output import Json, ask, show
from daemon.cli.takes_sound import TakeId


def loop(
    take: TakeId = "last",
    name: Annotated[str, typer.Option(help="What the loop is called; default: as the take.")] = "",
    bars: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="How many bars it is: 1, 2, 4 or 8; default: as known of it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a loop of a take: its tempo, bars and key, and the take as its sound. Chords and steps are yours to write.

    Examples:  sidechain takes loop last   ·   sidechain takes loop "first idea" --bars 4
    """
    from daemon.cli.score_commands import described

    one = ask(c.LoopOfTake(take_id=take, name=name, bars=bars), c.OneCreation)
    show(one, as_json, lambda: f"Loop {described(one.creation)}")


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(loop)
