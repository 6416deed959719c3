"""`sidechain service …`: whether login starts the daemon."""

import msgspec
import typer

from daemon.cli.help import Group
from daemon.cli.output import Json, show
from daemon.core.at_login import Start
from daemon.system.at_login import AtLogin, at_login_here
from daemon.system.start_file import program

app = typer.Typer(cls=Group, help="Start at login: install, remove, status.", no_args_is_help=False)

WORDS = {
    Start.ON: "Login starts the daemon, by {kind}.",
    Start.OFF: "Login does not start the daemon. `sidechain service install` makes it.",
    Start.OTHER: "Login starts another program under our name, by {kind}. `sidechain service install` makes it this one.",
}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What the commands answer. where: the file or key that says so."""

    start_at_login: Start
    kind: str
    where: str


def login() -> AtLogin:
    """This system's way of starting this very program at login."""
    return at_login_here([*program(), "up"])


@app.callback(invoke_without_command=True)
def _status_by_default(ctx: typer.Context, as_json: Json = False) -> None:
    """Start at login: install, remove, status.

    Examples:  sidechain service install   ·   sidechain service status --json
    """
    if ctx.invoked_subcommand is None:
        _tell(as_json)


@app.command()
def install(as_json: Json = False) -> None:
    """From now on login starts the daemon. Example:  sidechain service install"""
    login().enable()
    _tell(as_json)


@app.command()
def remove(as_json: Json = False) -> None:
    """Login does not start it any more; one that runs goes on. Example:  sidechain service remove"""
    login().disable()
    _tell(as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Whether login starts the daemon, and what says so."""
    _tell(as_json)


def _tell(as_json: bool) -> None:
    way = login()
    found = Service(start_at_login=way.state(), kind=way.kind, where=way.where)
    words = WORDS[found.start_at_login].format(kind=found.kind)
    show(
        found, as_json, lambda: f"{words}\n{found.where}" if found.start_at_login is not Start.OFF else words
    )
