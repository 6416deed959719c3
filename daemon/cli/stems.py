"""`sidechain separate`: a sound taken apart, as files or as takes, which can be listened to and dragged like any other."""

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import msgspec
import typer

import bridge.control as c
from audio.separate.parts import PARTS
from daemon.cli.daemon_commands import describe
from daemon.cli.listening import Place, Sound, listened, model_files, place_of, require_one_of, under_way
from daemon.cli.new_files import Content, require_names, write_files
from daemon.cli.output import Json, ask, show
from daemon.cli.source import shown
from daemon.core.names import stem_name
from daemon.core.shown import line
from daemon.core.titles import fitting
from daemon.errors import UsageError
from daemon.features.analysing.analysis_worker import Separated, SeparateJob

if TYPE_CHECKING:  # asyncio and numpy stand behind them, and `sidechain --help` reads this file
    from daemon.features.analysing.analysing import Listener
    from daemon.features.rendering.render_cache import Cache

ENGINES = tuple(PARTS)
FOLDER = Path("stems")
IMPORT_LIMIT_S = 120.0


class Stems(msgspec.Struct, frozen=True, kw_only=True):
    """files, takes: by part; one of them is empty."""

    engine: str
    files: dict[str, str]
    takes: dict[str, c.TakeInfo]
    frames: int
    sample_rate_hz: int


def separate(
    what: Sound,
    engine: Annotated[
        str,
        typer.Option(
            help="hpss: percussive, harmonic and bass, by signal processing; spleeter:2stems, htdemucs: by a model that you put here (`sidechain models`)."
        ),
    ] = "hpss",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write into; made if missing. Default: stems."),
    ] = None,
    take: Annotated[
        bool,
        typer.Option(
            "--take", help="Make a take of each, to be previewed, and dragged out of the plugin's window."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files of the same names.")] = False,
    as_json: Json = False,
) -> None:
    """Take a sound apart into stems that sum up to it, as 32-bit float WAV or as takes.

    Examples:  sidechain separate loop.wav   ·   sidechain separate last --engine hpss --out ./stems   ·   sidechain separate last --take
    """
    require_one_of(engine, ENGINES, "--engine")
    if take and (out is not None or force):
        raise UsageError("Files, or takes.", "Say --out, or --take.")
    if take:
        ask(c.GetStatus(), c.Status)  # to be told now that there is no daemon, not when all is done
    place = place_of(what)
    if not take:
        require_names(out or FOLDER, (f"{part}.wav" for part in PARTS[engine]), force=force)
    model = model_files(engine)
    job = SeparateJob(file=0, engine=engine, model=tuple(range(1, 1 + len(model))))

    async def heard(listener: "Listener", _memory: "Cache | None", _recipe: bytes) -> Separated:
        return await listener.carried_out(job, Separated)

    with under_way(as_json) as (scratch, told):
        found = listened([place, *model], scratch, told, heard)
        answer = Stems(
            engine=engine,
            files={} if take else _written(found, scratch, out or FOLDER, force),
            takes=_kept(found, scratch, place, _name(what, place)) if take else {},
            frames=found.frames,
            sample_rate_hz=found.sample_rate_hz,
        )
    show(answer, as_json, lambda: _in_words(answer))


def _written(found: Separated, scratch: Path, folder: Path, force: bool) -> dict[str, str]:
    copies: dict[str, Content] = {name: partial(_copy, scratch / name) for name in found.files.values()}
    write_files(folder, copies, force=force)
    return {part: shown(folder / name) for part, name in found.files.items()}


def _copy(source: Path, target: BinaryIO) -> None:
    with source.open("rb") as file:
        shutil.copyfileobj(file, target, 1 << 20)


def _name(what: str, place: Place) -> str:
    """A file's without its ending."""
    return fitting(shown(place.path.stem)).title if place.path == Path(what) else place.name


def _kept(found: Separated, scratch: Path, place: Place, name: str) -> dict[str, c.TakeInfo]:
    """Those of a take have its bars; of a post, what it says of its tempo."""
    takes = {}
    for part, file in found.files.items():
        request = c.ImportSound(
            path=str(scratch / file),
            title=stem_name(name, part),
            bpm=place.post_bpm,
            stem_of=place.take_id,
        )
        takes[part] = ask(request, c.OneTake, timeout_s=IMPORT_LIMIT_S).take
    return takes


def _in_words(answer: Stems) -> str:
    if answer.takes:
        return "\n".join(f"Kept: {describe(take)}." for take in answer.takes.values())
    files = [Path(each) for each in answer.files.values()]
    return f"Wrote {line(', '.join(file.name for file in files))} into {line(str(files[0].parent))}."


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(separate)
