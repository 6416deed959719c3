"""`sidechain logs`: what the daemon has written, wherever it went: its own file, or the journal of systemd."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from daemon.cli.output import Json, say, settings, show
from daemon.cli.starting import log_file
from daemon.core.at_login import UNIT
from daemon.errors import SidechainError
from daemon.system.reading import open_shared

LOOK_S = 0.25
MAX_LINES = 10_000
TAIL_BYTES = 4 * 1024 * 1024


def logs(
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=1, max=MAX_LINES, help="How many of the last.")
    ] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And what comes, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show the daemon's log. Example:  sidechain logs -f"""
    file = log_file(settings().data)
    if not file.exists():
        if shutil.which("journalctl") and "XDG_RUNTIME_DIR" in os.environ:
            command = [
                "journalctl",
                "--user",
                "-u",
                UNIT,
                "-n",
                str(lines),
                "--no-pager",
                *(["-f"] if follow else []),
            ]
            raise typer.Exit(subprocess.run(command, check=False).returncode)
        raise SidechainError(
            f"There is no log at {file}.", "A daemon that runs in a terminal says there what it does."
        )
    found = last_lines(file, lines)
    show({"file": str(file), "lines": found}, as_json, lambda: "\n".join(found))
    if follow:
        try:
            for line in new_lines(file):
                say(line)
        except KeyboardInterrupt:
            return


def last_lines(file: Path, count: int) -> list[str]:
    """Of the newest file alone. Raises OSError."""
    with open_shared(file) as log:
        log.seek(max(0, file.stat().st_size - TAIL_BYTES))
        return log.read().decode(errors="replace").splitlines()[-count:]


def new_lines(file: Path, pause_s: float = LOOK_S) -> Iterator[str]:
    """For ever what is added, also once the log has been turned over to a new file. Raises OSError."""
    log = open_shared(file)
    try:
        log.seek(0, os.SEEK_END)
        rest = b""
        while True:
            rest += log.read()
            *whole, rest = rest.split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
            if whole:
                continue
            if file.exists() and os.fstat(log.fileno()).st_ino != file.stat().st_ino:
                log.close()
                log, rest = open_shared(file), b""
                continue
            time.sleep(pause_s)
    finally:
        log.close()


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(logs)
