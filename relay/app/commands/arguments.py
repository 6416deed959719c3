"""What the commands have in common: flags out of the table of settings, the environment, help with examples."""

import argparse
import os
from collections.abc import Callable, Collection
from pathlib import Path

from relay.app.config import BadConfig, Config
from relay.app.settings import PREFIX, SETTINGS, config_of
from relay.app.settings_file import read_settings

STORES = ("data", "database_url", "objects_url", "signing_key")
"""Settings of commands that look after what a relay stores."""
CALLED = os.environ.get("SIDECHAIN_CALL_RELAY", "sidechain relay")
"""How this program is called here: a package of the relay alone has a command of its own."""
Run = Callable[[argparse.Namespace], int]
"""Carries a command out; its exit code: 0 done, 1 something is not right and was said, 2 the call itself was not right."""


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Run,
    *,
    summary: str,
    text: str,
    examples: str,
) -> argparse.ArgumentParser:
    """examples: lines of a shell, whose `relay` stands for whatever this program is called. The parser, for what only this command has."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=text,
        epilog="examples:\n" + "\n".join(f"  {_as_called(line)}" for line in examples.strip().splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _as_called(line: str) -> str:
    return f"{CALLED} {rest}" if (rest := line.removeprefix("relay ")) != line else line


def add_settings(parser: argparse.ArgumentParser, fields: Collection[str] | None = None) -> None:
    """fields: of which settings; None: of all."""
    for setting in SETTINGS:
        if fields is not None and setting.field not in fields:
            continue
        said = f"{setting.meaning} [{', '.join(setting.variables)}]"
        if setting.switch:
            parser.add_argument(setting.option, dest=setting.field, action="store_true", help=_plain(said))
        else:
            parser.add_argument(setting.option, dest=setting.field, metavar="VALUE", help=_plain(said))


def add_deed(parser: argparse.ArgumentParser, deeds: str) -> None:
    """What is to be done, and with whom, as words beside the flags: `words`. deeds: all there are, for help."""
    parser.add_argument("words", nargs="*", metavar="WORD", help=deeds)
    parser.set_defaults(deeds=deeds)


def not_a_deed(given: argparse.Namespace) -> BadConfig:
    """For words that mean nothing. [any]"""
    called = f"{CALLED} {given.command} {' '.join(given.words)}"
    return BadConfig(f"`{called}`", f"is no such call. Say one of: {given.deeds}.")


def config_from(given: argparse.Namespace) -> Config:
    """Of flags, then the environment, then the file beside the data. Raises BadConfig."""
    folder = getattr(given, "data", None) or os.environ.get(f"{PREFIX}DATA")
    beside = read_settings(Path(folder)) if folder else {}
    flags = {setting.field: getattr(given, setting.field, None) for setting in SETTINGS}
    return config_of(beside | os.environ, flags)


def _plain(text: str) -> str:
    return text.replace("%", "%%")
