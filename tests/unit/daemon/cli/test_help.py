"""Help: whole sentences, and nothing imported for them that only work needs."""

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer._click import Command, Context
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from daemon.cli.main import build

HEAVY = (
    "rich",
    "pygments",
    "markdown_it",
    "numpy",
    "httpx",
    "zmq",
    "websockets",
    "keyring",
    "soundfile",
    "asyncio",
    "sqlite3",
    "daemon.app",
)


@pytest.mark.parametrize("typed", ["--help", "keep --help", "takes --help", "--version"])
def test_help_imports_nothing_that_only_work_needs(typed: str) -> None:
    says = (
        "import atexit, sys; import daemon.cli.main; "
        f"atexit.register(lambda: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)); "
        f"sys.argv = ['sidechain', *{typed.split()!r}]; daemon.cli.main.run()"
    )
    ended = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True)
    assert (ended.stderr.strip(), "sidechain" in ended.stdout) == ("[]", True)


def test_each_command_is_listed_with_a_whole_sentence() -> None:
    shown = " ".join(CliRunner().invoke(build(), ["--help"]).stdout.split())
    assert "Keep what you just played, or anything that is still in reach." in shown
    assert "..." not in shown.split("Commands:")[1]


def test_no_help_names_the_type_of_a_value() -> None:
    """What is typed there has a word: N, TEXT, FILE or one of its own."""
    named: dict[str, list[str]] = {}
    for path, shown in helps(get_command(build()), "sidechain"):
        usage, _, rest = shown.partition("\n\n")
        words = re.findall(r"<(?:int|float|str|path|text|file)\b[^>]*>", rest) + re.findall(
            r"[{\[][a-z_]+[}\]]", usage
        )
        if words:
            named[path] = words
    assert named == {}


def helps(command: Command, path: str) -> Iterator[tuple[str, str]]:
    ctx = Context(command, info_name=path)
    yield path, command.get_help(ctx)
    if isinstance(command, TyperGroup):
        for name in command.list_commands(ctx):
            each = command.get_command(ctx, name)
            assert each is not None
            yield from helps(each, f"{path} {name}")
