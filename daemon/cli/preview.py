"""`sidechain preview`: play a post of the feed, or a take, through a plugin in the DAW; where none is loaded, through this computer."""

from pathlib import Path
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.output import Json, ask, note, show
from daemon.cli.playing import PlayDevice, play
from daemon.cli.source import read_clip
from daemon.errors import SidechainError, UsageError
from daemon.system.sound_devices import chosen

FETCH_LIMIT_S = 120.0
LOADED = ("recording", "suspended", "frozen")  # states of an Instance whose host may play


def preview(
    target: Annotated[
        str,
        typer.Argument(
            help="The start of a take's or a feed item's id, its name, or `last`: the newest take.",
            autocompletion=completing.takes_and_posts,
        ),
    ] = "",
    instance: Annotated[
        str | None,
        typer.Option(
            help="The plugin, by the start of its id; else the one that played last.",
            autocompletion=completing.instances,
        ),
    ] = None,
    in_sync: Annotated[
        bool, typer.Option("--in-sync", help="At the host's tempo, from the next bar on.")
    ] = False,
    device: PlayDevice = None,
    stop: Annotated[bool, typer.Option("--stop", help="Fade out what plays.")] = False,
    as_json: Json = False,
) -> None:
    """Play a take or a post through your own monitors: through the plugin in your DAW.

    Where none is loaded, or with --device, through this computer. In the DAW it is muted while the host records, never in a bounce.
    """
    if stop == bool(target):
        raise UsageError(
            "Say what to play, or --stop.", "`sidechain feed` and `sidechain takes list` have the ids."
        )
    if device is not None and (instance or in_sync):
        raise UsageError("A device of this computer has no tempo.", "Leave out --device, or the rest.")
    if stop:
        show(ask(c.StopPreviews(instance=instance), c.Done), as_json, lambda: "Stopped.")
    elif device is None and (instance or in_sync or _a_plugin_is_loaded()):
        wanted = c.PlayPreview(target=target, instance=instance, in_sync=in_sync)
        reply = ask(wanted, c.Previewing, timeout_s=FETCH_LIMIT_S)
        show(reply, as_json, lambda: _in_words(reply.preview))
    else:
        show(_played_here(target, device), as_json, str)


def _a_plugin_is_loaded() -> bool:
    return any(each.state in LOADED for each in ask(c.ListInstances(), c.InstanceList).instances)


def _in_words(playing: c.PreviewInfo) -> str:
    how = " in sync" if playing.in_sync else ""
    sentence = f"Playing “{playing.title or playing.target}”{how}. `sidechain preview --stop` ends it."
    return f"{sentence}\n{playing.note}" if playing.note else sentence


def _played_here(target: str, device: str | None) -> c.Previewing:
    """When it has been heard. Raises SidechainError, which names the post's page where this computer cannot play."""
    sound = ask(c.GetSound(target=target), c.SoundIs, timeout_s=FETCH_LIMIT_S)
    clip = read_clip(Path(sound.path))
    try:
        output = chosen("output", device)
        why = "" if device is not None else ", for no plugin is loaded"
        note(f"Playing “{sound.title or sound.target}” through {output.name}{why}. Ctrl-C ends it.")
        play([clip.samples], clip.sample_rate_hz, device, loop=False)
    except UsageError:
        raise
    except SidechainError as error:
        other_way = f"Or hear it on its page: {sound.page}" if sound.page else ""
        raise SidechainError(error.message, f"{error.next_step} {other_way}".strip()) from error
    return c.Previewing(
        preview=c.PreviewInfo(
            instance="",
            kind=sound.kind,
            target=sound.target,
            title=sound.title,
            state="ended",
            duration_s=len(clip.samples) / clip.sample_rate_hz,
        )
    )


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(preview)
