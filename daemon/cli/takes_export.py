"""`sidechain takes export | path | open`: a take out of the library, into a file, a folder, or a file manager."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.new_files import write_files
from daemon.cli.output import Json, ask, say, settings, show
from daemon.cli.source import read_clip, shown
from daemon.cli.takes_sound import FORMATS, TakeId
from daemon.core.names import file_stem, free_name
from daemon.core.shown import line
from daemon.errors import SidechainError, UsageError
from daemon.library.files import TAKE_WAV


class Wav(StrEnum):
    """How WAV is written."""

    FLOAT32 = "float32"
    PCM24 = "pcm24"


def export(
    take: TakeId,
    to: Annotated[
        str,
        typer.Argument(
            help="Folder to write into, under the take's name; or file, whose ending says the format: "
            + ", ".join(FORMATS)
            + "."
        ),
    ],
    kind: Annotated[str, typer.Option("--format", help="Into a folder: wav, flac, mp3 …")] = "wav",
    wav: Annotated[
        Wav | None, typer.Option(help="How WAV is written; default: the setting export_wav.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Copy a take out of the library; WAV is the sound as played, the others with its repair, if it has one.

    Into a folder it goes under the take's name; one that is taken gets a number.

    Examples:  sidechain takes export last idea.wav   ·   sidechain takes export last ~/Samples/ --wav pcm24
    """
    folder, name = Path(to), ""
    if not to.endswith(os.sep) and not folder.is_dir():
        folder, name = folder.parent, folder.name
    ending = Path(name).suffix.lower() if name else f".{kind.lower().lstrip('.')}"
    if ending not in FORMATS:
        what = f"{name} has no ending that names a format" if name else f"{kind} is no format"
        raise UsageError(f"{what}.", f"Use one of {', '.join(FORMATS)}.")
    if name and os.path.lexists(folder / name) and not force:
        raise UsageError(f"{to} exists.", "Add --force to write over it.")
    one = ask(c.ShowTake(take_id=take), c.OneTake)
    data = sound_bytes(one, ending, wav or Wav(settings().export_wav))
    if not name:
        stem = file_stem(one.take.name)
        name = stem + ending if force else free_name(stem, ending, lambda n: _is_others(folder / n, data))
    write_files(folder, {name: data}, force=force)
    path = folder / name
    show({"path": shown(path), "bytes": len(data)}, as_json, lambda: f"Wrote {line(shown(path))}.")


def sound_bytes(one: c.OneTake, ending: str, wav: Wav) -> bytes:
    """A take's file of that ending. Raises SidechainError while it is not made."""
    source = Path(one.path) / FORMATS[ending]
    if not source.exists():
        raise SidechainError(
            f"The {ending[1:].upper()} of this take is not made yet ({one.take.state}).",
            "Try again in a moment.",
        )
    if ending != ".wav" or wav is Wav.FLOAT32:
        return source.read_bytes()
    from audio.encode.wave_s24 import wav_s24
    from audio.intake import sanitize

    clip = read_clip(source)
    return wav_s24(sanitize(clip.samples).samples, clip.sample_rate_hz)


def _is_others(path: Path, data: bytes) -> bool:
    """The name is taken, by something else than what is to be written: exporting twice makes no second file."""
    if not os.path.lexists(path):
        return False
    return not (
        path.is_file()
        and not path.is_symlink()
        and path.stat().st_size == len(data)
        and path.read_bytes() == data
    )


def path(take: TakeId = "last", as_json: Json = False) -> None:
    """Print where a take's sound lies, as a DAW takes it. Example:  sidechain takes path | wl-copy"""
    where = Path(ask(c.ShowTake(take_id=take), c.OneTake).path) / TAKE_WAV
    if as_json:
        show({"path": str(where)}, as_json, str)
    else:
        say(str(where))


def open_(take: TakeId = "last") -> None:
    """Show a take's file in the file manager, to be dragged from there."""
    import asyncio

    from daemon.system.file_manager import show_file

    where = Path(ask(c.ShowTake(take_id=take), c.OneTake).path) / TAKE_WAV
    asyncio.run(show_file(where))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(export)
    app.command()(path)
    app.command("open")(open_)
