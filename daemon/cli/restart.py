"""`sidechain restart`: the daemon ends and begins anew, as login would start it where login does."""

import contextlib

import msgspec
import typer

import bridge.control as c
from daemon.cli.output import Json, ask, loaded, show
from daemon.cli.service_commands import login
from daemon.cli.starting import start_detached, stop_daemon
from daemon.core.at_login import Start
from daemon.errors import NotRunning
from daemon.system.at_login import AtLogin


class Restarted(msgspec.Struct, frozen=True, kw_only=True):
    """What runs now."""

    pid: int
    state: str
    sentence: str


def restart(as_json: Json = False) -> None:
    """End the daemon and start it again: for settings that wait for it, and to leave safe mode.

    Example:  sidechain restart
    """
    way = login()
    start_anew(way, way.state())
    status = ask(c.GetStatus(), c.Status)
    done = Restarted(pid=status.pid, state=status.state, sentence=status.sentence)
    show(done, as_json, lambda: f"The daemon runs anew (pid {done.pid}). {done.sentence}")


def start_anew(way: AtLogin, state: Start) -> None:
    """A daemon that runs goes by the settings of before; from now on it runs as login would start it."""
    with contextlib.suppress(NotRunning):
        stop_daemon()
    if not (state is Start.ON and way.start()):
        start_detached(loaded().config.data, ["up"])


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(restart)
