"""Which command is meant, and how what keeps it from being done is said."""

import argparse
import sys

from relay.app.commands import serve
from relay.app.config import BadConfig

COMMANDS = ("serve",)


def main() -> None:
    """Exit codes: 0 done, 1 not done, and said why, 2 there is no such call."""
    argv = sys.argv[1:]
    if not argv or (argv[0] not in COMMANDS and argv[0] not in ("-h", "--help")):
        argv = ["serve", *argv]
    given = _parser().parse_args(argv)
    try:
        sys.exit(given.run(given))
    except BadConfig as error:
        sys.exit(f"relay: {error}")
    except OSError as error:
        sys.exit(f"relay: cannot listen there: {error.strerror}. Choose another --host or --port.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="relay", description="The Sidechain relay: accounts, uploads, feeds."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (serve,):
        command.add(commands)
    return parser
