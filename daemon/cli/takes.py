"""`sidechain takes …`: the local library."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.daemon_commands import describe, when
from daemon.cli.output import Json, ask, home_relative, key_line, number, show, table, tempo_line
from daemon.errors import SidechainError, UsageError

app = typer.Typer(help="The local library: list, show, rename, export, play, delete.", no_args_is_help=False)

TakeId = Annotated[str, typer.Argument(help="A take's id or its start, or `last`.")]
FORMATS = {".wav": "take.wav", ".flac": "take.flac", ".mp3": "take.mp3", ".svg": "waveform.svg"}


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
            [t.take_id[:12], when(t.created_us), t.title or "untitled", str(t.bars or "–"), number(t.bpm),
             t.key or "–", number(t.lufs_in), number(t.seam_score, digits=2), t.entry_state or t.state, t.post_url or ""]
            for t in found.takes
        ]  # fmt: skip
        return (
            table(["take", "when", "title", "bars", "BPM", "key", "LUFS", "seam", "state", "page"], rows)
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
        lines += [f"page      {t.post_url}"] if t.post_url else []
        lines += [f"trouble   {t.error}"] if t.error else []
        return "\n".join([*lines, f"folder    {home_relative(one.path)}"])

    show(one, as_json, text)


@app.command()
def rename(
    take: TakeId, title: Annotated[str, typer.Argument(help="The new title.")], as_json: Json = False
) -> None:
    """Give a take another title."""
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
    """Copy a take out of the library. Example:  sidechain takes export last idea.wav"""
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
    shutil.copyfile(source, to)
    show({"path": str(to), "bytes": to.stat().st_size}, as_json, lambda: f"Wrote {to}.")


@app.command()
def card(
    take: TakeId = "last",
    to: Annotated[Path, typer.Option("--out", "-o", help="SVG file to write.")] = Path("card.svg"),
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Draw how a take sounds: waveform, loudness over time, target, peaks, seam.

    Example:  sidechain takes card last -o card.svg
    """
    if to.exists() and not force:
        raise UsageError(f"{to} exists.", "Add --force to write over it.")
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    from audio.card import card_svg
    from audio.wave import read_audio
    from daemon.shell.sidecars import read_take

    folder = Path(one.path)
    cut = read_take(folder).cut
    mp3 = folder / FORMATS[".mp3"]
    clip = read_audio((mp3 if mp3.exists() else folder / FORMATS[".wav"]).read_bytes())
    bars = [frame / one.take.frames for frame in cut.bar_frames]
    title = one.take.title or "untitled"
    to.write_text(card_svg(clip.samples, clip.sample_rate_hz, title=title, bpm=cut.bpm, bar_fractions=bars))
    show({"path": str(to), "bytes": to.stat().st_size}, as_json, lambda: f"Wrote {to}.")


@app.command()
def compare(
    take: TakeId = "last",
    out: Annotated[Path, typer.Option("--out", help="Folder to write into; made if missing.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write before.wav (as played) and after.wav (the MP3 as heard), both equally loud, to compare by ear."""
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    from audio.compare import at_equal_loudness
    from audio.intake import sanitize
    from audio.wave import read_audio, wav_f32_header

    clips = []
    for name in (FORMATS[".wav"], FORMATS[".mp3"]):
        source = Path(one.path) / name
        if not source.exists():
            raise SidechainError(f"This take is not made yet ({one.take.state}).", "Try again in a moment.")
        clips.append(read_audio(source.read_bytes()))
    played, heard = clips
    both = at_equal_loudness(
        sanitize(played.samples).samples, played.sample_rate_hz, heard.samples, heard.sample_rate_hz
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, clip, samples in zip(("before.wav", "after.wav"), clips, both, strict=True):
        header = wav_f32_header(len(samples), samples.shape[1], clip.sample_rate_hz)
        (out / name).write_bytes(header + samples.tobytes())
    before, after = str(out / "before.wav"), str(out / "after.wav")
    show({"before": before, "after": after}, as_json, lambda: f"Wrote {before} and {after}.")


@app.command()
def play(take: TakeId = "last") -> None:
    """Play a take through this machine's default output."""
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    try:
        import sounddevice
        import soundfile

        samples, rate_hz = soundfile.read(Path(one.path) / "take.wav", dtype="float32")
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
