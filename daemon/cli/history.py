"""`sidechain history …`: what is in reach, and listening to it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, bars_or_seconds, number, say, show
from daemon.cli.parts import Ago, End, Free, Start, Whole, part_of
from daemon.cli.playing import PlayDevice, play_file
from daemon.cli.tables import table

app = typer.Typer(
    cls=Group, help="What you have played and can still keep: list, play.", no_args_is_help=False
)

COPY_LIMIT_S = 120.0
BLOCKS = " ▁▂▃▄▅▆▇█"
COLUMNS = 24
STATES = {
    "live": "loaded",
    "closed": "closed",
    "host": "its host went down",
    "machine": "the computer went down",
}

Plugin = Annotated[
    str | None,
    typer.Option(
        "--instance",
        help="Only this plugin: its track's name, or the start of its id.",
        autocompletion=completing.instances,
    ),
]


@app.callback(invoke_without_command=True)
def _list_by_default(ctx: typer.Context, instance: Plugin = None, as_json: Json = False) -> None:
    if ctx.invoked_subcommand is None:
        list_history(instance, as_json)


@app.command("list")
def list_history(instance: Plugin = None, as_json: Json = False) -> None:
    """List what sounded when, the newest first: of each plugin, loaded or not.

    Examples:  sidechain history   ·   sidechain history list --instance Lead --json   ·
    then  sidechain keep --bars 8 --ago 3:20
    """
    found = ask(c.GetHistory(instance=instance), c.HistoryIs)
    show(found, as_json, lambda: text_of(found))


def text_of(found: c.HistoryIs) -> str:
    """The list for a terminal."""
    rows = [
        [
            _clock(one.from_us),
            _clock(one.to_us),
            _ago(found.now_us - one.to_us),
            _length((one.to_us - one.from_us) / 1e6),
            "–" if one.bars is None else str(one.bars),
            number(one.bpm),
            picture(one.picture),
            f"{one.host_name} / {one.track_name}" if one.track_name else one.host_name,
            STATES.get(one.state, one.state) + (", kept" if one.kept else ""),
        ]
        for one in found.heard
    ]
    columns = ["from", "to", "ended", "length", "bars", "BPM", "how loud", "plugin", "state"]
    lines = [
        table(columns, rows, spare=("how loud", "ended"))
        or "Nothing has sounded yet. Load Sidechain on a track and play."
    ]
    if found.more:
        lines.append(f"… and {found.more} older stretches.")
    used = f"{found.used_bytes / 1e6:.0f} of {found.budget_bytes / 1e6:.0f} MB"
    reach = (
        f"{found.minutes:g} minutes of sound of each plugin, {found.keep_hours:g} h after it was closed; {used}"
        if found.on
        else "only what memory holds, some 40 s of each plugin (`journal` in the settings is off)"
    )
    return "\n".join([*lines, f"reach: {reach}", *([found.trouble] if found.trouble else [])])


@app.command()
def play(
    bars: Annotated[int | None, typer.Option(min=1, max=64, help="Whole bars (default: 8).")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, max=900.0, help="Seconds instead of bars.")
    ] = None,
    instance: Annotated[
        str | None,
        typer.Option(
            help="Which plugin; default: the one that sounded last.", autocompletion=completing.instances
        ),
    ] = None,
    ago: Ago = None,
    start: Start = None,
    end: End = None,
    whole: Whole = False,
    free: Free = False,
    only_path: Annotated[
        bool,
        typer.Option("--path", help="Print where its sound lies (a WAV file, for a while), play nothing."),
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", "-l", help="Again and again, until Ctrl-C.")] = False,
    device: PlayDevice = None,
    as_json: Json = False,
) -> None:
    """Listen to a part of what you played, through this machine's default output or another, before you keep it.

    Examples:  sidechain history play --bars 8 --ago 3:20   ·   sidechain history play --from 4:10 --to 3:20
    """
    part = part_of(bars=bars, seconds=seconds, ago=ago, start=start, end=end, whole=whole, free=free)
    sound = ask(c.CopyHistory(instance=instance, **part), c.HistorySound, timeout_s=COPY_LIMIT_S)
    length = bars_or_seconds(sound.bars, sound.frames / sound.sample_rate_hz)
    if only_path or as_json:
        show(sound, as_json, lambda: sound.path)
        return
    say(f"Playing {length}. {sound.note}".strip())
    play_file(Path(sound.path), device, loop=loop)


def picture(levels: bytes) -> str:
    """Loudness as blocks, at most COLUMNS wide."""
    columns = min(COLUMNS, len(levels))
    parts = [levels[k * len(levels) // columns : (k + 1) * len(levels) // columns] for k in range(columns)]
    return "".join(BLOCKS[-(-max(part) * (len(BLOCKS) - 1) // 255)] for part in parts)


def _clock(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6).strftime("%H:%M:%S")


def _ago(since_us: int) -> str:
    seconds = max(round(since_us / 1e6), 0)
    return "now" if seconds <= 1 else f"{_length(seconds)} ago"


def _length(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
