"""Help: whole sentences, and nothing imported for them that only work needs."""

import subprocess
import sys

import pytest
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
