"""`sidechain takes …`: the local library."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli import takes_sound
from daemon.cli.daemon_commands import describe, when
from daemon.cli.output import Json, ask, home_relative, key_line, number, show, table, tempo_line
from daemon.cli.takes_sound import FORMATS, TakeId, alike_line
from daemon.core.titles import why_not
from daemon.errors import SidechainError, UsageError

app = typer.Typer(
    help="The local library: list, show, similar, rename, repair, export, play, delete.",
    no_args_is_help=False,
)
takes_sound.register(app)


@app.callback(invoke_without_command=True)
def _list_by_default(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        list_takes()


@app.command("list")
def list_takes(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List takes, newest first."""
    found = ask(c.ListTakes(limit=limit), c.TakeList)

    def text() -> str:
        rows = [
            [
                t.take_id[:12],
                when(t.created_us),
                t.name,
                str(t.bars or "–"),
                number(t.bpm),
                t.key or "–",
                number(t.lufs_in),
                number(t.seam_score, digits=2),
                t.entry_state or t.state,
                t.post_url or "",
            ]
            for t in found.takes
        ]
        return (
            table(["take", "when", "name", "bars", "BPM", "key", "LUFS", "seam", "state", "page"], rows)
            or "No takes yet. Play, then `sidechain keep`."
        )

    show(found, as_json, text)


@app.command("show")
def show_take(take: TakeId = "last", as_json: Json = False) -> None:
    """Show one take: figures, state, where it lies."""
    one = ask(c.ShowTake(take_id=take), c.OneTake)

    def text() -> str:
        t = one.take
        lines = [describe(t), f"state     {t.state}" + (f", {t.entry_state}" if t.entry_state else "")]
        lines.append(
            f"loudness  {number(t.lufs_in, ' LUFS')} → {number(t.lufs_out, ' LUFS')}, {number(t.dbtp_out, ' dBTP')}, gain {number(t.gain_db, ' dB')} ({t.loudness_reason or '–'})"
        )
        where = " / ".join(name for name in (t.host_name, t.track_name) if name)
        lines += [f"from      {where}"] if where else []
        if (sound := one.sound) is not None:
            lines += [tempo_line(sound), key_line(sound)]
            lines.append(f"seam      {number(sound.seam_score, digits=2)} ({sound.seam_reason or '–'})")
            lines += [f"warning   {sentence}" for sentence in sound.says]
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
def export(
    take: TakeId,
    to: Annotated[
        Path, typer.Argument(help="File to write; its ending says the format: " + ", ".join(FORMATS) + ".")
    ],
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Copy a take out of the library; .wav is the sound as played, the others with its repair, if it has one.

    Example:  sidechain takes export last idea.wav
    """
    name = FORMATS.get(to.suffix.lower())
    if name is None:
        raise UsageError(f"{to.name} has no ending that names a format.", f"Use one of {', '.join(FORMATS)}.")
    if to.exists() and not force:
        raise UsageError(f"{to} exists.", "Add --force to write over it.")
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    source = Path(one.path) / name
    if not source.exists():
        raise SidechainError(
            f"The {to.suffix[1:].upper()} of this take is not made yet ({one.take.state}).",
            "Try again in a moment.",
        )
    try:
        shutil.copyfile(source, to)
    except OSError as error:
        raise SidechainError(f"{to} cannot be written: {error.strerror}.", "Name another place.") from error
    show({"path": str(to), "bytes": to.stat().st_size}, as_json, lambda: f"Wrote {to}.")


@app.command()
def play(take: TakeId = "last") -> None:
    """Play a take through this machine's default output."""
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    try:
        import sounddevice
        import soundfile

        name = "take.flac" if one.take.repair and one.take.state == "ready" else "take.wav"
        samples, rate_hz = soundfile.read(Path(one.path) / name, dtype="float32")
        sounddevice.play(samples, rate_hz, blocking=True)
    except (OSError, sounddevice.PortAudioError) as error:
        raise SidechainError(
            f"This machine cannot play sound: {error}.", "Export the take instead: `sidechain takes export`."
        ) from error


@app.command()
def delete(
    take: TakeId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a take from this machine. A post of it stays on the relay."""
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    if not yes:
        typer.confirm(f"Delete {describe(one.take)}? The sound is gone then", abort=True)
    done = ask(c.DeleteTake(take_id=one.take.take_id), c.Done)
    show(done, as_json, lambda: "Deleted.")
