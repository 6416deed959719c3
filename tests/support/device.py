"""A daemon as a person runs it, with its commands, in folders of its own."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from tests.support.deadlines import HANG_S


class Device:
    """home: should be short, for the sake of socket names. settings: as in SIDECHAIN_<NAME>."""

    def __init__(self, home: Path, relay_url: str, **settings: str) -> None:
        self.home = home
        self.data = home / "data"
        self.run = home / "run"
        given = {
            "config": str(home / "config.toml"),
            "data_dir": str(self.data),
            "run_dir": str(self.run),
            "relay_url": relay_url,
            "credential_store": "file",
            "device_name": "studio <b>one</b>",
        } | settings
        outside = {k: v for k, v in os.environ.items() if k not in ("SSH_CONNECTION", "SSH_TTY", "BROWSER")}
        self.env = outside | {f"SIDECHAIN_{name.upper()}": value for name, value in given.items()}

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `sidechain ARGUMENTS`; whatever it answers."""
        return subprocess.run(
            [sys.executable, "-m", "daemon", *arguments],
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )

    def json(self, *arguments: str) -> dict[str, Any]:
        """Its one JSON object. Raises AssertionError unless it exits 0."""
        done = self.command(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(json.loads(done.stdout))

    @contextlib.contextmanager
    def command_under_way(self, *arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [sys.executable, "-m", "daemon", *arguments],
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextlib.contextmanager
    def at_a_terminal(self, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], TextIO]]:
        """Under way, and the terminal on which its errors and questions come; its answer goes into a pipe."""
        ours, theirs = os.openpty()
        with open(ours, encoding="utf-8", errors="replace") as screen:
            process = subprocess.Popen(
                [sys.executable, "-m", "daemon", *arguments],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=theirs,
                text=True,
            )
            os.close(theirs)
            with process:
                try:
                    yield process, screen
                finally:
                    process.kill()

    @contextlib.contextmanager
    def browser_of(self) -> Iterator[tuple[dict[str, str], Path]]:
        """A `browser` that only notes what it was given: the environment that names it, and where the note comes."""
        note = self.home / "opened"
        note.unlink(missing_ok=True)
        os.mkfifo(note)
        script = self.home / "browser"
        script.write_text(f'#!/bin/sh\nprintf %s "$1" > {note}\n')
        script.chmod(0o700)
        yield {"BROWSER": f"{script} %s &", "DISPLAY": ""}, note


@contextlib.contextmanager
def running_device(home: Path, relay_url: str, **settings: str) -> Iterator[Device]:
    home.mkdir(exist_ok=True)
    device = Device(home, relay_url, **settings)
    started = device.command("up", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    try:
        yield device
    finally:
        device.command("down")


def until_state(device: Device, state: str) -> None:
    """Ask until the daemon shows it; each question is a process, so this is no busy loop."""
    deadline = time.monotonic() + HANG_S
    while (status := device.json("status"))["state"] != state:
        assert time.monotonic() < deadline, status
