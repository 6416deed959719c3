"""`sidechain`: one console command. This file names the commands; each lives in the module of its subject.

Imports are lazy where they are heavy, so that `sidechain status` answers in a quarter of a second.
"""

import io
import sys
from typing import Annotated

import typer

from daemon.cli import (
    claim_commands,
    config_commands,
    daemon_commands,
    demo,
    doctor,
    feed_commands,
    files,
    outbox,
    preview,
    recover,
    takes,
)
from daemon.cli.output import fail, say, sidechain_version
from daemon.errors import EXIT_CODES, SidechainError

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."

app = typer.Typer(
    name="sidechain",
    help="Keep the last bars you played, and post them. Start with `sidechain demo`, or `sidechain up`.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        say(f"sidechain {sidechain_version()}")
        raise typer.Exit


@app.callback()
def _main(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    pass


daemon_commands.register(app)
claim_commands.register(app)
feed_commands.register(app)
files.register(app)
preview.register(app)
demo.register(app)
doctor.register(app)
app.add_typer(takes.app, name="takes")
app.add_typer(outbox.app, name="outbox")
app.command()(outbox.undo)
app.add_typer(recover.app, name="recover")
app.add_typer(config_commands.app, name="config")


def run() -> None:
    """Console entry point. Errors become one sentence on stderr and the exit code of their class."""
    for stream in (
        sys.stdout,
        sys.stderr,
    ):  # a terminal that knows only ASCII shows "?" for a dash, and no traceback
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except SidechainError as error:
        sys.exit(fail(error, as_json="--json" in sys.argv))
    except OSError as error:  # of a file that a person named; what it was is all there is to say
        trouble = SidechainError(
            f"{str(error.filename or 'A file')[:200]}: {error.strerror}.", "Name another, or mend it."
        )
        sys.exit(fail(trouble, as_json="--json" in sys.argv))
