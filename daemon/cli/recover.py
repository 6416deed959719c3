"""`sidechain recover …`: what a DAW or a machine that went down has left behind."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.daemon_commands import describe, when
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, number, show
from daemon.cli.tables import table
from daemon.errors import UsageError

app = typer.Typer(
    cls=Group, help="What plugins that are gone have left: list, show, keep, discard.", no_args_is_help=False
)

StretchId = Annotated[str, typer.Argument(help="An id or its start, or `last`.")]


@app.callback(invoke_without_command=True)
def _list_by_default(ctx: typer.Context, as_json: Json = False) -> None:
    if ctx.invoked_subcommand is None:
        list_recovered(as_json)


@app.command("list")
def list_recovered(as_json: Json = False) -> None:
    """List what can still be kept, the newest first."""
    found = ask(c.GetRecovery(), c.Recovery)
    show(found, as_json, lambda: _text(found))


def _text(found: c.Recovery) -> str:
    rows = [
        [
            s.stretch_id,
            when(s.sounded_us),
            _length(s.seconds),
            "–" if s.bars is None else str(s.bars),
            number(s.bpm),
            _where(s),
            _length(s.before_end_s),
            "kept" if s.kept else "new",
        ]
        for s in found.stretches
    ]
    lines = [
        table(
            ["stretch", "until", "length", "bars", "BPM", "from", "before the crash", "state"],
            rows,
            spare=("before the crash", "until"),
        )
    ]
    lines[0] = lines[0] or "Nothing was left behind by a crash or a plugin that was closed."
    state = (
        f"the last {found.minutes:g} minutes of each plugin"
        if found.on
        else "off (`journal` in the settings)"
    )
    used = f"{found.used_bytes / 1e6:.0f} of {found.budget_bytes / 1e6:.0f} MB"
    return "\n".join([*lines, f"journal: {state}, {used}", *([found.trouble] if found.trouble else [])])


@app.command("show")
def show_recovered(stretch: StretchId = "last", as_json: Json = False) -> None:
    """Show one stretch: where it is from, how long, which bars."""
    one = _only(ask(c.GetRecovery(), c.Recovery).stretches, stretch)

    def text() -> str:
        bars = f"{one.bars} whole bars at its end" if one.bars else "no bar lines are known"
        tempo = f"{number(one.bpm, ' BPM')}, {one.meter or 'meter unknown'}"
        return "\n".join(
            [
                f"{one.stretch_id}  {one.sentence}",
                f"until     {when(one.sounded_us)}, {one.sample_rate_hz:g} Hz, {one.channels} channels",
                f"bars      {bars}; {tempo}",
                f"state     {'kept at least once' if one.kept else 'not kept yet'}",
            ]
        )

    show(one, as_json, text)


@app.command()
def keep(
    stretch: StretchId = "last",
    bars: Annotated[int | None, typer.Option(min=1, max=64, help="Its last whole bars.")] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, max=900.0, help="Its last seconds; default: all of it, up to 900."),
    ] = None,
    before: Annotated[
        float, typer.Option(min=0.0, max=3600.0, help="End so many seconds before the stretch does.")
    ] = 0.0,
    title: Annotated[str, typer.Option(help="Its name.")] = "",
    as_json: Json = False,
) -> None:
    """Make a take of a stretch, or of the part that is worth it. The stretch stays until it is discarded.

    Examples:  sidechain recover keep   ·   sidechain recover keep last --bars 8 --before 60
    """
    if bars and seconds:
        raise UsageError("Give --bars or --seconds, not both.")
    request = c.KeepRecovered(
        stretch_id=stretch, bars=bars, seconds=seconds, before_end_s=before, title=title
    )
    kept = ask(request, c.OneTake, timeout_s=120.0)
    show(kept, as_json, lambda: f"Kept {describe(kept.take)}.")


@app.command()
def discard(
    stretch: Annotated[str, typer.Argument(help="An id or its start, `last`, or `all`.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove what was left behind. Takes that were made of it stay.

    Examples:  sidechain recover discard last   ·   sidechain recover discard all --yes
    """
    if not yes:
        found = ask(c.GetRecovery(), c.Recovery).stretches
        what = f"all {len(found)} stretches." if stretch == "all" else _only(found, stretch).sentence
        typer.confirm(f"Remove {what} The sound is gone then", abort=True, err=True)
    after = ask(c.DiscardRecovered(stretch_id=stretch), c.Recovery)
    show(after, as_json, lambda: "Removed.")


def _only(found: list[c.StretchInfo], prefix: str) -> c.StretchInfo:
    named = found[:1] if prefix == "last" else [s for s in found if s.stretch_id.startswith(prefix)]
    if len(named) != 1:
        raise UsageError(f"{len(named)} stretches are called {prefix!r}.", "`sidechain recover` lists them.")
    return named[0]


def _where(one: c.StretchInfo) -> str:
    return f"{one.host_name} / {one.track_name}" if one.track_name else one.host_name


def _length(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
