"""`sidechain takes play` and `trim`: a take through this machine's own devices, and a part of it as a take of its own."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import bridge.control as c
from daemon.cli.daemon_commands import describe
from daemon.cli.output import Json, ask, show
from daemon.cli.playing import PlayDevice, play, play_file
from daemon.cli.record import tell_devices
from daemon.cli.source import read_clip
from daemon.cli.takes_sound import FORMATS, TakeId
from daemon.core.titles import why_not
from daemon.errors import SidechainError, UsageError

if TYPE_CHECKING:
    from audio.intake import Samples

BARS = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")
BEFORE_AND_AFTER = ("before: as it was played", "after: levelled, as it is heard")


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What `takes play --json` answers when it has been heard."""

    take_id: str
    name: str


def play_take(
    take: TakeId = "last",
    loop: Annotated[
        bool, typer.Option("--loop", "-l", help="Again and again without a gap, until Ctrl-C.")
    ] = False,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Before and after, equally loud, again and again: the space bar turns from one to the other, q ends it.",
        ),
    ] = False,
    device: PlayDevice = None,
    list_devices: Annotated[bool, typer.Option("--devices", help="List the devices, play nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Play a take through this machine: its default output, or the one of --device.

    Examples:  sidechain takes play   ·   sidechain takes play "night idea" --loop   ·   sidechain takes play --compare
    """
    if list_devices:
        tell_devices("output", as_json)
        return
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    if compare:
        before, after, rate_hz = both_of(one)
        play([before, after], rate_hz, device, loop=True, names=BEFORE_AND_AFTER)
    else:
        name = "take.flac" if one.take.repair and one.take.state == "ready" else "take.wav"
        play_file(Path(one.path) / name, device, loop=loop)
    show(Played(take_id=one.take.take_id, name=one.take.name), as_json, str)


def both_of(one: c.OneTake) -> "tuple[Samples, Samples, int]":
    """As it was played, and as it is heard: equally loud, of one length, at one rate. Raises SidechainError while it is not made."""
    import numpy as np

    from audio.intake import sanitize
    from audio.level.compare import at_equal_loudness
    from audio.rate import convert

    clips = []
    for ending in (".wav", ".mp3"):
        source = Path(one.path) / FORMATS[ending]
        if not source.exists():
            raise SidechainError(f"This take is not made yet ({one.take.state}).", "Try again in a moment.")
        clips.append(read_clip(source))
    played, heard = clips
    before, after = at_equal_loudness(
        sanitize(played.samples).samples, played.sample_rate_hz, heard.samples, heard.sample_rate_hz
    )
    if heard.sample_rate_hz != played.sample_rate_hz:
        after = convert(after, heard.sample_rate_hz, played.sample_rate_hz, loops=True)
    after = after[: len(before)]
    after = np.pad(after, ((0, len(before) - len(after)), (0, 0)))
    return before, np.broadcast_to(after, before.shape), played.sample_rate_hz


def trim(
    take: TakeId,
    bars: Annotated[str | None, typer.Option("--bars", help="Which of its bars: 3-6, or 5 alone.")] = None,
    start: Annotated[
        float | None, typer.Option("--from", min=0.0, help="Where it begins, in seconds, instead of bars.")
    ] = None,
    end: Annotated[
        float | None, typer.Option("--to", min=0.1, help="Where it ends, in seconds. Default: its end.")
    ] = None,
    title: Annotated[str, typer.Option(help="The new take's name. Default: that of the whole.")] = "",
    as_json: Json = False,
) -> None:
    """Make a take of a part of one; the whole stays as it is.

    Examples:  sidechain takes trim last --bars 3-6   ·   sidechain takes trim "night idea" --from 1.5 --to 9
    """
    if (bars is None) == (start is None and end is None):
        raise UsageError(
            "Say which part: --bars, or --from and --to.", "`sidechain takes show` has its length."
        )
    if why := why_not(title):
        raise UsageError(why, "Give another title.")
    request = c.TrimTake(
        take_id=take, bars=_bars(bars) if bars else None, from_s=start or 0.0, to_s=end, title=title
    )
    one = ask(request, c.OneTake)
    show(one, as_json, lambda: f"Trimmed: {describe(one.take)}.")


def _bars(said: str) -> tuple[int, int]:
    found = BARS.fullmatch(said.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise UsageError(f"{said!r} is no part in bars.", "Say the first and the last, counted from 1: 3-6.")
    return first, last


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("play")(play_take)
    app.command()(trim)
