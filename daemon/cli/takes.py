"""`sidechain takes …`: the local library."""

from typing import Annotated

import typer

import bridge.control as c
from daemon.cli import takes_export, takes_loop, takes_play, takes_sound
from daemon.cli.daemon_commands import describe, short, when
from daemon.cli.help import Group
from daemon.cli.history import BLOCKS
from daemon.cli.output import Json, ask, home_relative, key_line, number, show, tempo_line
from daemon.cli.tables import table
from daemon.cli.takes_sound import TakeId, alike_line
from daemon.core.titles import why_not
from daemon.errors import UsageError

FULL_SCALE = 127  # of an outline

app = typer.Typer(
    cls=Group,
    help="The local library: list, show, similar, rename, tag, trim, discard, restore, repair, export, play, loop, delete.",
    no_args_is_help=False,
)
takes_sound.register(app)
takes_export.register(app)
takes_play.register(app)
takes_loop.register(app)


@app.callback(invoke_without_command=True)
def _list_by_default(ctx: typer.Context, as_json: Json = False) -> None:
    if ctx.invoked_subcommand is None:
        list_takes(as_json=as_json)


@app.command("list")
def list_takes(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, newest first.")] = 50,
    search: Annotated[
        str,
        typer.Option("--search", "-s", help="Words of the name, the tags, the track, the host or the key."),
    ] = "",
    discarded: Annotated[bool, typer.Option("--discarded", help="Those that can be restored.")] = False,
    as_json: Json = False,
) -> None:
    """List takes, newest first. Example:  sidechain takes list --search "lead 104" """
    if search and discarded:
        raise UsageError("Give --search or --discarded, not both.")
    found = ask(c.ListTakes(limit=limit, search=search, discarded=discarded), c.TakeList)
    nothing = "No take is found by these words." if search else "No takes yet. Play, then `sidechain keep`."

    def text() -> str:
        rows = [
            [
                short(t),
                when(t.created_us),
                t.name,
                str(t.bars or "–"),
                number(t.bpm),
                t.key or "–",
                waveform(t.outline),
                number(t.lufs_in),
                number(t.seam_score, digits=2),
                _posted(t) or t.state,
                ", ".join(t.tags),
                t.post_url or "",
            ]
            for t in found.takes
        ]
        return table(
            ["take", "when", "name", "bars", "BPM", "key", "sound", "LUFS", "seam", "state", "tags", "page"],
            rows,
            spare=("seam", "LUFS", "key", "tags", "BPM", "page", "when", "sound"),
        ) or ("Nothing was discarded lately." if discarded else nothing)

    show(found, as_json, text)


def waveform(outline: bytes) -> str:
    """Its loudness as blocks, as wide as it is long."""
    return "".join(BLOCKS[-(-level * (len(BLOCKS) - 1) // FULL_SCALE)] for level in outline)


def _posted(take: c.TakeInfo) -> str | None:
    """How far its post is. One that was taken back is not called "discarded": that is what becomes of a take."""
    return "not posted" if take.entry_state == "discarded" else take.entry_state


@app.command("show")
def show_take(take: TakeId = "last", as_json: Json = False) -> None:
    """Show one take: figures, state, where it lies."""
    one = ask(c.ShowTake(take_id=take), c.OneTake)

    def text() -> str:
        t = one.take
        lines = [describe(t), f"state     {t.state}" + (f", {_posted(t)}" if t.entry_state else "")]
        lines.append(
            f"loudness  {number(t.lufs_in, ' LUFS')} → {number(t.lufs_out, ' LUFS')}, {number(t.dbtp_out, ' dBTP')}, gain {number(t.gain_db, ' dB')} ({t.loudness_reason or '–'})"
        )
        where = " / ".join(name for name in (t.host_name, t.track_name) if name)
        lines += [f"from      {where}"] if where else []
        if (sound := one.sound) is not None:
            lines += [tempo_line(sound), key_line(sound)]
            lines.append(f"seam      {number(sound.seam_score, digits=2)} ({sound.seam_reason or '–'})")
            lines += [f"warning   {sentence}" for sentence in sound.says]
        lines += [f"tags      {', '.join(t.tags)}"] if t.tags else []
        lines += [f"repair    {t.repair}"] if t.repair else []
        lines += [f"before    {alike_line(t.alike)}"] if t.alike else []
        lines += [f"page      {t.post_url}"] if t.post_url else []
        lines += [f"trouble   {t.error}"] if t.error else []
        return "\n".join([*lines, f"folder    {home_relative(one.path)}"])

    show(one, as_json, text)


@app.command()
def rename(
    take: TakeId, title: Annotated[str, typer.Argument(help="The new title.")], as_json: Json = False
) -> None:
    """Give a take another title."""
    if why := why_not(title):
        raise UsageError(why, "Give another title.")
    one = ask(c.RenameTake(take_id=take, title=title), c.OneTake)
    show(one, as_json, lambda: f"Renamed: {describe(one.take)}.")


@app.command()
def tag(
    take: TakeId,
    tags: Annotated[list[str], typer.Argument(help="One or several.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it from under these.")] = False,
    as_json: Json = False,
) -> None:
    """Put a take under tags. Examples:  sidechain takes tag last verse dark   ·   takes tag last dark --remove"""
    given = tuple(tags)
    request = c.TagTake(take_id=take, remove=given) if remove else c.TagTake(take_id=take, add=given)
    one = ask(request, c.OneTake)
    show(one, as_json, lambda: f"“{one.take.name}”: {', '.join(one.take.tags) or 'no tags'}.")


@app.command()
def discard(take: TakeId, as_json: Json = False) -> None:
    """Take a take out of the library; `sidechain takes restore` brings it back, for some days (`restore_days`)."""
    one = ask(c.DiscardTake(take_id=take), c.OneTake)
    show(one, as_json, lambda: f"Discarded “{one.take.name}”. `sidechain takes restore` brings it back.")


@app.command()
def restore(take: TakeId = "last", as_json: Json = False) -> None:
    """Bring back a discarded take; without an id the one that was discarded last."""
    one = ask(c.RestoreTake(take_id=take), c.OneTake)
    show(one, as_json, lambda: f"Restored: {describe(one.take)}.")


@app.command()
def delete(
    take: TakeId,
    for_good: Annotated[
        bool, typer.Option("--for-good", help="At once: it cannot be restored, and its sound is gone.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --for-good: do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a take; `sidechain takes restore` undoes it, for some days (`restore_days`). A post of it stays on the relay.

    Examples:  sidechain takes delete last   ·   sidechain takes delete "night idea" --for-good --yes
    """
    if not for_good:
        discard(take, as_json)
        return
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    if not yes:
        typer.confirm(f"Delete {describe(one.take)}? The sound is gone then", abort=True, err=True)
    done = ask(c.DeleteTake(take_id=one.take.take_id), c.Done)
    show(done, as_json, lambda: "Deleted.")
