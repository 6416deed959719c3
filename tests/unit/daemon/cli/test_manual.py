"""The manual page has every command and option, and man itself finds nothing wrong with it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from daemon.cli.main import build
from daemon.cli.manual import manual
from daemon.errors import EXIT_CODES
from tests.support.hosts import program


def every(group: TyperGroup, *path: str) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    for name, command in group.commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        yield " ".join((*path, name)), command
        if isinstance(command, TyperGroup):
            yield from every(command, *path, name)


def test_man_shows_every_command_option_and_exit_code(tmp_path: Path) -> None:
    page = tmp_path / "sidechain.1"
    page.write_text(manual())
    shown = subprocess.run(
        [program("man", "man-db"), "--warnings", "-E", "UTF-8", "-l", page],
        env={"MANWIDTH": "1000", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "MAN_KEEP_FORMATTING": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    text = " ".join(shown.stdout.split())
    top = get_command(build())
    assert isinstance(top, TyperGroup)
    for path, command in every(top):
        assert f"sidechain {path}" in text, path
        for parameter in command.params:
            if isinstance(parameter, TyperOption):
                assert all(option in text for option in parameter.opts), (path, parameter.opts)
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in text
    assert page.read_text() == manual(), "equal in, equal out"
