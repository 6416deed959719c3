"""`sidechain preview`: play a post of the feed, or a take, through a plugin in the DAW."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.output import Json, ask, show
from daemon.errors import UsageError

FETCH_LIMIT_S = 120.0


def preview(
    target: Annotated[
        str, typer.Argument(help="The start of a take's or a feed item's id, or `last` for the newest take.")
    ] = "",
    instance: Annotated[
        str | None, typer.Option(help="The plugin, by the start of its id; else the one that played last.")
    ] = None,
    in_sync: Annotated[
        bool, typer.Option("--in-sync", help="At the host's tempo, from the next bar on.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Fade out what plays.")] = False,
    as_json: Json = False,
) -> None:
    """Play a take or a post through your own monitors: through the plugin in your DAW.

    It is muted while the host records, and never part of a bounce. The plugin's “Preview gain” says how loud.
    """
    if stop == bool(target):
        raise UsageError(
            "Say what to play, or --stop.", "`sidechain feed` and `sidechain takes list` have the ids."
        )
    if stop:
        show(ask(c.StopPreviews(instance=instance), c.Done), as_json, lambda: "Stopped.")
        return
    reply = ask(
        c.PlayPreview(target=target, instance=instance, in_sync=in_sync),
        c.Previewing,
        timeout_s=FETCH_LIMIT_S,
    )

    def text() -> str:
        playing = reply.preview
        how = " in sync" if playing.in_sync else ""
        sentence = f"Playing “{playing.title or playing.target}”{how}. `sidechain preview --stop` ends it."
        return f"{sentence}\n{playing.note}" if playing.note else sentence

    show(reply, as_json, text)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(preview)
