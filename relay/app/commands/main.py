"""Which command is meant, and how what keeps it from being done is said."""

import argparse
import json
import sys

from relay.app.commands import backup, check, invite, migrate, models, restore, serve, setup, status, users
from relay.app.commands.arguments import CALLED
from relay.app.commands.backup import FileThere, NoFolder
from relay.app.commands.operate import NotDone
from relay.app.commands.restore import BadBackup
from relay.app.config import BadConfig
from relay.app.server import EXPECTED, MISCALLED, NOT_DONE, NOT_RIGHT
from relay.engine.objects.door import ObjectDamaged, ObjectMissing, ObjectsUnavailable

COMMANDS = {
    "serve": serve,
    "setup": setup,
    "status": status,
    "invite": invite,
    "users": users,
    "models": models,
    "migrate": migrate,
    "backup": backup,
    "restore": restore,
    "check": check,
}
_EXPECTED = (
    *EXPECTED,
    BadBackup,
    FileThere,
    NoFolder,
    NotDone,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
)
EPILOG = """exit codes: 0 done; 1 not done, or something is wrong, and was said; 2 there is no such call, or a setting cannot be so.
Without a command: serve. Each has --help with examples; docs/operator has the rest."""


def main() -> None:
    """[main thread]"""
    argv = sys.argv[1:]
    if not argv or (argv[0].startswith("-") and argv[0] not in ("-h", "--help")):
        argv = ["serve", *argv]
    given = parser().parse_args(argv)
    try:
        sys.exit(given.run(given))
    except (BadConfig, *MISCALLED) as error:
        _fail(given, str(error), NOT_RIGHT)
    except _EXPECTED as error:
        listening = isinstance(error, OSError) and given.command == "serve"
        where = f"cannot listen there: {getattr(error, 'strerror', error)}. Choose another --host or --port."
        _fail(given, where if listening else str(error))
    except KeyboardInterrupt:
        _fail(given, "was interrupted.")


def _fail(given: argparse.Namespace, sentence: str, code: int = NOT_DONE) -> None:
    if getattr(given, "json", False):
        print(json.dumps({"error": sentence}), flush=True)
    print(f"relay: {sentence}", file=sys.stderr, flush=True)
    sys.exit(code)


def parser() -> argparse.ArgumentParser:
    """Of all commands. [any]"""
    made = argparse.ArgumentParser(
        prog=CALLED,
        description="The Sidechain relay: accounts, uploads, feeds.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for command in COMMANDS.values():
        command.add(commands)
    return made
