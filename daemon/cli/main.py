"""`sidechain`: one console command. This file names the commands; each lives in the module of its subject.

Only the module of the command that was typed is imported, so that `sidechain status` answers in a fifth of a second.
"""

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from daemon.cli.completing import COMPLETE, words
from daemon.cli.help import Group
from daemon.cli.output import fail, note, say, sidechain_version
from daemon.cli.usage import in_own_words
from daemon.errors import EXIT_CODES, NotRunning, SidechainError, UsageError

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."


UNTESTED = " (UNTESTED: no machine with this system has run it)"
TRIED = {"linux": "", "win32": " (on Windows: tried under Wine alone)"}


def _print_version(value: bool) -> None:
    if value:
        say(f"sidechain {sidechain_version()}{TRIED.get(sys.platform, UNTESTED)}")
        raise typer.Exit


def _main(
    ctx: typer.Context,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    if ctx.invoked_subcommand is None:
        from daemon.cli import daemon_commands

        try:
            daemon_commands.status()
        except NotRunning as silent:  # whoever is new here types this first
            say(ctx.get_help())
            note(str(silent))
            raise typer.Exit(UsageError.exit_code) from silent


def _daemon(app: typer.Typer) -> None:
    from daemon.cli import daemon_commands

    daemon_commands.register(app)


def _claim(app: typer.Typer) -> None:
    from daemon.cli import claim_commands

    claim_commands.register(app)


def _feed(app: typer.Typer) -> None:
    from daemon.cli import feed_commands

    feed_commands.register(app)


def _process(app: typer.Typer) -> None:
    from daemon.cli import files

    files.register(app)


def _listening(app: typer.Typer) -> None:
    from daemon.cli import listening

    listening.register(app)


def _stems(app: typer.Typer) -> None:
    from daemon.cli import stems

    stems.register(app)


def _models(app: typer.Typer) -> None:
    from daemon.cli import models

    app.add_typer(models.app, name="models")


def _import(app: typer.Typer) -> None:
    from daemon.cli import importing

    importing.register(app)


def _record(app: typer.Typer) -> None:
    from daemon.cli import record

    record.register(app)


def _watch(app: typer.Typer) -> None:
    from daemon.cli import watch

    watch.register(app)


def _preview(app: typer.Typer) -> None:
    from daemon.cli import preview

    preview.register(app)


def _demo(app: typer.Typer) -> None:
    from daemon.cli import demo

    demo.register(app)


def _host(app: typer.Typer) -> None:
    from daemon.cli import host

    host.register(app)


def _doctor(app: typer.Typer) -> None:
    from daemon.cli import doctor

    doctor.register(app)


def _takes(app: typer.Typer) -> None:
    from daemon.cli import takes

    app.add_typer(takes.app, name="takes")


def _sets(app: typer.Typer) -> None:
    from daemon.cli import sets

    app.add_typer(sets.app, name="sets")


def _outbox(app: typer.Typer) -> None:
    from daemon.cli import outbox

    app.add_typer(outbox.app, name="outbox")
    for command in (outbox.undo, outbox.pause, outbox.resume):
        app.command()(command)


def _history(app: typer.Typer) -> None:
    from daemon.cli import history

    app.add_typer(history.app, name="history")


def _posts(app: typer.Typer) -> None:
    from daemon.cli import posts

    app.add_typer(posts.app, name="posts")


def _sharing(app: typer.Typer) -> None:
    from daemon.cli import sharing_commands

    sharing_commands.register(app)


def _comments(app: typer.Typer) -> None:
    from daemon.cli import comment_commands

    comment_commands.register(app)


def _people(app: typer.Typer) -> None:
    from daemon.cli import people_commands

    people_commands.register(app)


def _account(app: typer.Typer) -> None:
    from daemon.cli import account_commands

    app.add_typer(account_commands.app, name="account")


def _recover(app: typer.Typer) -> None:
    from daemon.cli import recover

    app.add_typer(recover.app, name="recover")


def _config(app: typer.Typer) -> None:
    from daemon.cli import config_commands

    app.add_typer(config_commands.app, name="config")


def _setup(app: typer.Typer) -> None:
    from daemon.cli import setup

    setup.register(app)


def _restart(app: typer.Typer) -> None:
    from daemon.cli import restart

    restart.register(app)


def _schema(app: typer.Typer) -> None:
    from daemon.cli import answers

    answers.register(app)


def _logs(app: typer.Typer) -> None:
    from daemon.cli import logs

    logs.register(app)


def _scores(app: typer.Typer) -> None:
    from daemon.cli.score_commands import KINDS, app_of

    for kind in KINDS:
        app.add_typer(app_of(kind), name=f"{kind}s")


def _instruments(app: typer.Typer) -> None:
    from daemon.cli import instruments

    instruments.register(app)


def _sync(app: typer.Typer) -> None:
    from daemon.cli import score_relay

    score_relay.register(app)


def _service(app: typer.Typer) -> None:
    from daemon.cli import service_commands

    app.add_typer(service_commands.app, name="service")


SUBJECTS: dict[Callable[[typer.Typer], None], str] = {
    _setup: "setup",
    _daemon: "up down status instances keep post relay tray",
    _claim: "claim unclaim whoami",
    _feed: "feed search follow unfollow like react",
    _process: "process",
    _listening: "analyse compare",
    _stems: "separate",
    _models: "models",
    _import: "import",
    _record: "record",
    _watch: "watch",
    _preview: "preview",
    _demo: "demo",
    _host: "host",
    _doctor: "doctor",
    _takes: "takes",
    _sets: "sets",
    _outbox: "outbox undo pause resume",
    _history: "history",
    _scores: "loops songs patterns machines",
    _instruments: "instruments",
    _sync: "sync",
    _posts: "posts",
    _sharing: "save saved repost who remixes",
    _comments: "comments comment notifications notification-settings",
    _people: "profile people follow-requests block unblock mute unmute remove-follower report",
    _account: "account",
    _recover: "recover",
    _config: "config",
    _restart: "restart",
    _service: "service",
    _logs: "logs",
    _schema: "schema",
}
"""Who adds which commands."""


def build(typed: Sequence[str] = ()) -> typer.Typer:
    """The command line with the commands of the subject that was typed; with all, when that is none of them."""
    app = typer.Typer(
        name="sidechain",
        help="Keep the last bars you played, and post them. Start with `sidechain setup`; `sidechain demo` shows the whole path.",
        epilog=EPILOG,
        invoke_without_command=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        cls=Group,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    asked = [add for add, names in SUBJECTS.items() if typed and typed[0] in names.split()]
    for add in asked or ([] if typed[:1] == ["--version"] else SUBJECTS):
        add(app)
    return app


def run() -> None:
    """Console entry point. Errors become one sentence on stderr and the exit code of their class."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows only ASCII shows "?" for a dash, and no traceback. Windows gives files and pipes the code page
            # of its old programs; ours, and Python's, read UTF-8.
            stream.reconfigure(encoding="utf-8" if sys.platform == "win32" else None, errors="replace")
    as_json = "--json" in sys.argv
    try:
        command = get_command(build(words() if COMPLETE in os.environ else sys.argv[1:]))
        if COMPLETE in os.environ:
            from daemon.cli.shells import register

            register()
        sys.exit(command.main(sys.argv[1:], prog_name="sidechain", standalone_mode=False))
    except SidechainError as error:
        sys.exit(fail(error, as_json=as_json))
    except typer.Abort:  # no to a question, or Ctrl-C
        note("Nothing was done.")
        sys.exit(1)
    except TyperException as error:
        wrong = in_own_words(error)
        sys.exit(fail(wrong, as_json=as_json) if wrong.message else wrong.exit_code)  # else help was shown
    except OSError as error:  # of a file that a person named; what it was is all there is to say
        trouble = SidechainError(
            f"{str(error.filename or 'A file')[:200]}: {error.strerror}.", "Name another, or mend it."
        )
        sys.exit(fail(trouble, as_json=as_json))
