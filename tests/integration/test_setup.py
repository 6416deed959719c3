"""`sidechain setup` and `sidechain service`: a first run by flags, again, and by a person at a terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S
from tests.support.terminal import at_a_terminal
from tests.support.whole import short_folder


@pytest.fixture
def home() -> Iterator[Path]:
    """Of a user who has nothing yet; what runs there at the end is stopped."""
    with short_folder() as folder:
        (folder / "run").mkdir(mode=0o700)
        yield folder
        sidechain(folder, "down")


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIDECHAIN_", "XDG_"))}
    return kept | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "SYSTEMD_OFFLINE": "1"}


def sidechain(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the user whose home that is."""
    return subprocess.run(
        [sys.executable, "-m", "daemon", *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=HANG_S,
        check=False,
    )


def answers(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_by_flags_it_writes_starts_and_can_be_run_again(home: Path) -> None:
    first = answers(
        sidechain(
            home, "setup", "--relay", "none", "--credential-store", "file", "--at-login", "-y", "--json"
        )
    )
    assert first["start_at_login"] == "on" and first["history_minutes"] == 10.0
    assert (home / ".config/autostart/sidechain.desktop").exists()
    pid = answers(sidechain(home, "status", "--json"))["pid"]
    again = answers(sidechain(home, "setup", "--yes", "--history", "off", "--no-at-login", "--json"))
    assert again["credential_store"] == "file", "what no flag speaks of stays"
    assert again["start_at_login"] == "off" and again["history_minutes"] == 0.0
    assert not (home / ".config/autostart/sidechain.desktop").exists()
    assert answers(sidechain(home, "status", "--json"))["pid"] != pid, "the daemon goes by the new answers"
    assert json.loads(sidechain(home, "config", "get", "journal", "--json").stdout) == {"journal": False}


def test_what_does_not_fit_or_cannot_be_asked_changes_nothing(home: Path) -> None:
    for arguments in (
        ["setup"],
        ["setup", "--relay", "http://relay.example", "-y"],
        ["setup", "--account", "x", "-y"],
    ):
        done = sidechain(home, *arguments)
        assert done.returncode in (2, 78) and done.stderr.startswith("sidechain: "), done.stderr
    assert not (home / ".config").exists()


def test_a_person_is_asked_and_what_does_not_fit_is_asked_again(home: Path) -> None:
    replies = [
        ("1/5", "http://relay.example"),
        ("https", "none"),
        ("in a file", "y"),
        ("3/5", "20"),
        ("4/5", "n"),
    ]
    env = environment(home) | {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    said = at_a_terminal([sys.executable, "-m", "daemon", "setup"], replies, env)
    assert "Sidechain runs." in said and "the last 20 minutes" in said and "in a FILE" in said
    assert answers(sidechain(home, "config", "get", "history_minutes", "--json")) == {"history_minutes": 20.0}


def test_with_systemd_the_unit_is_the_users_own_and_is_enabled(home: Path) -> None:
    """The real systemctl, which works on files alone where no systemd runs."""
    (home / "run/systemd").mkdir()
    (home / "run/systemd/private").touch()
    found = answers(sidechain(home, "service", "install", "--json"))
    unit = home / ".config/systemd/user/sidechain.service"
    assert found["start_at_login"] == "on" and found["where"] == str(unit)
    assert f"ExecStart={sys.executable} -m daemon up" in unit.read_text()
    unit.write_text(unit.read_text().replace(sys.executable, "/old/python"))
    assert answers(sidechain(home, "service", "--json"))["start_at_login"] == "other"
    assert answers(sidechain(home, "service", "install", "--json"))["start_at_login"] == "on"
    assert answers(sidechain(home, "service", "remove", "--json"))["start_at_login"] == "off"
    assert not unit.exists()


def test_the_bare_command_shows_status_and_a_shell_is_told_what_there_is(home: Path) -> None:
    done = sidechain(home)
    assert done.returncode == 2 and "sidechain setup" in done.stderr and "setup" in done.stdout
    answers(sidechain(home, "setup", "--relay", "none", "--credential-store", "file", "-y", "--json"))
    done = sidechain(home)
    assert done.returncode == 0 and "no_relay" in done.stdout
    asked = {"_SIDECHAIN_COMPLETE": "complete_bash", "COMP_WORDS": "sidechain se", "COMP_CWORD": "1"}
    told = subprocess.run(
        [Path(sys.executable).with_name("sidechain")],
        env=environment(home) | asked,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    assert {"setup", "search", "sets", "service"} <= set(told.stdout.split())


def test_a_program_that_was_replaced_goes_on_as_the_same_process(home: Path) -> None:
    """What a package does after an upgrade: SIGUSR1."""
    answers(sidechain(home, "setup", "--relay", "none", "--credential-store", "file", "-y", "--json"))
    pid, log = answers(sidechain(home, "status", "--json"))["pid"], home / ".local/share/sidechain/daemon.log"
    os.kill(int(str(pid)), signal.SIGUSR1)
    deadline = time.monotonic() + HANG_S
    while log.read_text().count("ready in ") < 2:
        assert time.monotonic() < deadline, log.read_text()
    assert "the program was replaced" in sidechain(home, "logs", "-n", "200").stdout
    assert answers(sidechain(home, "status", "--json"))["pid"] == pid
