"""`sidechain account …`: all that the relay keeps of you as an archive, and deleting the account."""

from pathlib import Path
from typing import Annotated

import typer

import bridge.control as c
from daemon.cli.help import Group
from daemon.cli.output import Json, ask, show
from daemon.errors import UsageError

app = typer.Typer(cls=Group, help="Your account at the relay: export, delete.", no_args_is_help=True)
EXPORT_LIMIT_S = 1800.0


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where the archive is stored; it must not be there yet.")],
    as_json: Json = False,
) -> None:
    """Store all that the relay keeps of you: lists as JSON, your sound as FLAC, in a ZIP.

    Example:  sidechain account export ~/sidechain.zip
    """
    made = ask(c.ExportAccount(path=str(file.expanduser().absolute())), c.ExportIs, timeout_s=EXPORT_LIMIT_S)
    show(made, as_json, lambda: f"{made.path}: {made.size_bytes / 1e6:.1f} MB")


@app.command()
def delete(
    username: Annotated[str, typer.Argument(help="Your own name, so that nothing is deleted by mistake.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete your account at the relay and all that is yours there, for good. The takes here stay.

    Example:  sidechain account delete ana
    """
    name = username.removeprefix("@")
    if not yes and not typer.confirm(f"Delete {name} and everything it posted, for good?"):
        raise UsageError("Nothing was deleted.", "Say --yes to delete it.")
    done = ask(c.DeleteAccount(username=name), c.Done)
    show(done, as_json, lambda: f"{name} is gone from the relay. Your takes are where they were.")
