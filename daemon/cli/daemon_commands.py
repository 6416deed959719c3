"""Commands that run and steer the daemon: up, down, status, instances, keep, post, relay, tray."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, get_args

import msgspec
import typer

import bridge.control as c
from daemon.cli import completing
from daemon.cli.output import (
    Json,
    ask,
    bars_or_seconds,
    loaded,
    note,
    number,
    require_part,
    say,
    show,
    sidechain_version,
)
from daemon.cli.parts import Ago, End, Free, Start, Whole, part_of
from daemon.cli.starting import log_file, start_detached, stop_daemon
from daemon.core.meant import MIN_SHORT_CHARACTERS
from daemon.core.titles import fitting, why_not
from daemon.errors import UsageError

KEEP_LIMIT_S = 120.0  # a quarter of an hour, read from the disk


def up(
    detach: Annotated[
        bool,
        typer.Option("--detach", "-d", help="Return when the daemon is ready; it goes on in the background."),
    ] = False,
    relay_url: Annotated[
        str | None,
        typer.Option(
            help="Address of the relay for this run; `sidechain config set relay_url` remembers it."
        ),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of takes and outbox.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of sockets and Rings.")] = None,
    credential_store: Annotated[
        str | None, typer.Option(help="keyring, or file on machines without one.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> None:
    """Run the daemon.

    Examples:  sidechain up --detach   ·   sidechain up --relay-url https://relay.example
    """
    flags = {
        "relay_url": relay_url,
        "data_dir": data_dir and str(data_dir),
        "run_dir": run_dir and str(run_dir),
        "credential_store": credential_store,
        "log_level": log_level,
    }
    held = loaded(**flags)
    if detach:
        arguments = [each for each in sys.argv[1:] if each not in ("--detach", "-d")]
        pid = start_detached(held.config.data, arguments)
        return say(f"The daemon is running (pid {pid}); its log is {log_file(held.config.data)}.")
    from daemon.system.process import pause_collector

    pause_collector()
    from daemon.app.app import serve

    sys.exit(serve(held, sidechain_version()))


def down(as_json: Json = False) -> None:
    """Stop the daemon. What is kept stays kept; what waits in the outbox goes out next time."""
    done = stop_daemon()
    show(done, as_json, lambda: "The daemon has stopped.")


def status(as_json: Json = False) -> None:
    """One look at everything: relay, account, plugins, takes, outbox."""
    s = ask(c.GetStatus(), c.Status)

    def text() -> str:
        lines = [f"{s.sentence}  ({s.state})", *([s.next_step] if s.next_step else [])]
        lines += [f"account   {s.account or '–'}    relay  {s.relay_url or '–'}"]
        lines += [f"plugin    {_instance_line(i)}" for i in s.instances] or ["plugin    none loaded"]
        outbox = ", ".join(f"{n} {state}" for state, n in sorted(s.outbox.items())) or "empty"
        lines.append(f"takes     {s.takes}    outbox  {outbox}    friends producing  {s.friends_producing}")
        if s.unread:
            many = "1 notification" if s.unread == 1 else f"{s.unread} notifications"
            lines.append(f"unread    {many}: `sidechain notifications`")
        if s.deeds_waiting:
            one = "1 like, reaction or follow waits"
            many = f"{s.deeds_waiting} likes, reactions and follows wait"
            lines.append(f"deeds     {one if s.deeds_waiting == 1 else many} for the relay")
        lines += [f"preview   {p.title or p.target}: {p.state}{' in sync' * p.in_sync}" for p in s.previews]
        return "\n".join([*lines, *(f"notice    {sentence}" for sentence in s.notices)])

    show(s, as_json, text)


def _instance_line(i: c.InstanceInfo) -> str:
    heard_s = i.heard_frames / i.sample_rate_hz if i.sample_rate_hz else 0.0
    where = f"{i.host_name} / {i.track_name}" if i.track_name else i.host_name
    tempo = f"{number(i.bpm, ' BPM')} {i.meter or ''}".strip()
    memory = f" of the last {i.memory_s:.0f} s" if i.memory_s else ""
    trouble = f"  {i.reason}" if i.reason else ""
    return f"{i.instance[:8]}  {where}  {i.state}  {tempo}  {heard_s:.0f} s heard{memory}{trouble}"


def instances(as_json: Json = False) -> None:
    """List the loaded plugins."""
    found = ask(c.ListInstances(), c.InstanceList)
    show(found, as_json, lambda: "\n".join(map(_instance_line, found.instances)) or "No plugin is loaded.")


Wait = Annotated[
    bool,
    typer.Option(
        "--wait", "-w", help="Return when it is rendered and, if posted, on the feed; shows progress."
    ),
]


Bars = Annotated[
    int | None, typer.Option(min=1, max=64, help="Whole bars to keep (default: 8, or default_bars).")
]
Seconds = Annotated[float | None, typer.Option(min=0.1, max=900.0, help="Seconds instead of bars.")]
Plugin = Annotated[
    str | None,
    typer.Option(
        help="Which plugin: its track's name, or the start of its id. Default: the one that sounded last; of several "
        "the loudest, then the first by name.",
        autocompletion=completing.instances,
    ),
]
Every = Annotated[
    bool,
    typer.Option("--all", help="The same bars of every plugin that sounded, as a set: `sidechain sets`."),
]


def keep(
    bars: Bars = None,
    seconds: Seconds = None,
    instance: Plugin = None,
    ago: Ago = None,
    start: Start = None,
    end: End = None,
    whole: Whole = False,
    free: Free = False,
    title: Annotated[str, typer.Option(help="Its name.")] = "",
    post: Annotated[bool, typer.Option("--post", help="Also post it.")] = False,
    wait: Wait = False,
    every: Every = False,
    as_json: Json = False,
) -> None:
    """Keep what you just played, or anything that is still in reach. Returns when it is safe on the disk.

    Examples:  sidechain keep   ·   sidechain keep --bars 4 --title "night idea" --post --wait   ·
    sidechain keep --bars 8 --ago 3:20   ·   sidechain keep --from 4:10 --to 3:20   ·   sidechain keep --whole   ·
    sidechain keep --all
    """
    part = part_of(bars=bars, seconds=seconds, ago=ago, start=start, end=end, whole=whole, free=free)
    fit = fitting(title)
    if every:
        if post or wait:
            raise UsageError(
                "A set is not posted as it is.", "Post one of its takes, or `sidechain sets mix`."
            )
        from daemon.cli.sets import keep_all

        keep_all(part, instance, fit.title, as_json)
        return
    request = c.KeepTake(instance=instance, title=fit.title, post=post, **part)
    kept = ask(request, c.OneTake, timeout_s=KEEP_LIMIT_S)
    if fit.note:
        note(f"Note: {fit.note}")
    if wait:
        note(_kept_in_words(kept))  # it is safe now, whatever comes of the rest
        kept = _waited_for(kept)
    show(kept, as_json, lambda: _arrived_in_words(kept.take) if wait else _kept_in_words(kept))


def _waited_for(kept: c.OneTake) -> c.OneTake:
    """As it is when it is rendered and, if posted, on the feed."""
    kept = msgspec.structs.replace(kept, take=_follow(kept.take.take_id))
    warn(kept.take.take_id)
    return kept


def _kept_in_words(kept: c.OneTake) -> str:
    where = kept.take.track_name or kept.take.host_name
    source = f" of {where}" if where else ""
    lines = [f"Kept{source}: {describe(kept.take)}.", kept.choice, held_line(kept.take.held_s)]
    return "\n".join(each for each in lines if each)


def _arrived_in_words(take: c.TakeInfo) -> str:
    return f"Posted: {take.post_url}" if take.post_url else "Levelled, encoded and drawn."


def _follow(take_id: str) -> c.TakeInfo:
    from daemon.cli.following import follow_take

    return follow_take(take_id)


def warn(take_id: str) -> None:
    """Say, beside the result, what is amiss with a take, and whether it was made before."""
    one = ask(c.ShowTake(take_id=take_id), c.OneTake)
    for sentence in one.sound.says if one.sound else ():
        note(f"Warning: {sentence}")
    if alike := one.take.alike:
        note(f"You made this before: “{alike.name}”, kept {when(alike.created_us)}.")


def held_line(held_s: float | None) -> str:
    """What can be done about a post that has not left yet; "" when it is not held."""
    return f"It goes out in {held_s:.0f} s; `sidechain undo` keeps it here." if held_s else ""


def describe(t: c.TakeInfo) -> str:
    """A Take in one line."""
    seconds = t.frames / t.sample_rate_hz
    facts = [bars_or_seconds(t.bars, seconds)]
    facts += [_tempo(t.bpm, t.bpm_source)] if t.bpm else []
    facts += [t.meter] if t.meter else []
    facts += [bars_or_seconds(None, seconds)] if t.bars else []
    return f"{short(t)} “{t.name}”, {', '.join(facts)}" + (f" ({t.note.removesuffix('.')})" if t.note else "")


def short(take: c.TakeInfo) -> str:
    """Its id, as short as it can be; of an older daemon, as short as it mostly can."""
    return take.short_id or take.take_id[:MIN_SHORT_CHARACTERS]


def _tempo(bpm: float, source: str | None) -> str:
    """What was heard, and not said by the host, is only about right."""
    return f"{'' if source == 'transport' else '≈ '}{bpm:.5g} BPM"


def post(
    take: Annotated[
        str,
        typer.Argument(
            help="A take's id or its start, its name, or `last`.", autocompletion=completing.takes
        ),
    ] = "last",
    title: Annotated[str, typer.Option(help="Title of the post; default: the take's.")] = "",
    visibility: Annotated[
        str,
        typer.Option(
            help="Who sees it: public, followers, unlisted, private. Default: the setting `post_visibility`."
        ),
    ] = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Post a take. It is in the outbox when this returns; it goes out when the seconds of `sidechain undo` are over, and
    the relay can be reached."""
    if why := why_not(title):
        raise UsageError(why, "Give another title.")
    posted = ask(
        c.PostTake(take_id=take, title=title, visibility=shown_to(visibility) if visibility else None),
        c.Posted,
    )
    warn(posted.take_id)
    if wait:
        after = _follow(posted.take_id)
        posted = msgspec.structs.replace(
            posted, state=after.entry_state or posted.state, post_url=after.post_url, held_s=after.held_s
        )
    on_its_way = held_line(posted.held_s) or "on its way; `sidechain takes` shows it arrive"
    show(posted, as_json, lambda: f"{posted.state}: {posted.post_url or on_its_way}")


def shown_to(word: str) -> c.ShownTo:
    """Raises UsageError. [any]"""
    every: tuple[c.ShownTo, ...] = get_args(c.ShownTo)
    for each in every:
        if each == word:
            return each
    raise UsageError(f"{word!r} is no visibility.", f"Choose one of {', '.join(every)}.")


def relay(ctx: typer.Context) -> None:
    """Run a relay (needs the `relay` extra). Example:  sidechain relay --data ./relay --port 8700 --dev"""
    require_part("uvicorn", "relay")
    _become("relay", ctx.args)


def tray(ctx: typer.Context) -> None:
    """Show Sidechain in the system tray."""
    _become("tray", ctx.args)


def _become(module: str, arguments: list[str]) -> None:
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])


def when(created_us: int) -> str:
    """A take's time, local."""
    return datetime.fromtimestamp(created_us / 1e6).strftime("%Y-%m-%d %H:%M")


Passed = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (up, down, status, instances, keep, post):
        app.command()(command)
    app.command(context_settings=Passed)(relay)
    app.command(context_settings=Passed)(tray)
