"""A real Secret Service on a session bus of its own: gnome-keyring, unlocked, locked, or not there at all.

Debian: apt-get install gnome-keyring dbus
"""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.deadlines import HANG_S

START_LIMIT_S = HANG_S


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    assert found, f"This test needs {name}: apt-get install {package}"
    return found


@contextlib.contextmanager
def virtual_display() -> Iterator[str]:
    """An X server that nobody looks at; its name for DISPLAY."""
    server = subprocess.Popen(
        [program("Xvfb", "xvfb"), "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield ":" + server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait(START_LIMIT_S)
        if server.stdout is not None:
            server.stdout.close()


@contextlib.contextmanager
def session_bus(home: Path, display: str | None = None) -> Iterator[dict[str, str]]:
    """An environment with a home and a bus of its own, and a display only if one is named."""
    for folder in ("run", "share", "config"):
        (home / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in ("DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL")
    }
    env |= {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "XDG_DATA_HOME": str(home / "share"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    if display:
        env["DISPLAY"] = display
    bus = subprocess.Popen(
        [program("dbus-daemon", "dbus"), "--session", "--nofork", "--print-address=1"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert bus.stdout is not None
        yield env | {"DBUS_SESSION_BUS_ADDRESS": bus.stdout.readline().strip()}
    finally:
        bus.terminate()
        bus.wait(START_LIMIT_S)
        if bus.stdout is not None:
            bus.stdout.close()


@contextlib.contextmanager
def unlocked_keyring(env: dict[str, str], password: str) -> Iterator["subprocess.Popen[bytes]"]:
    """gnome-keyring on that bus; its login keyring is made at the first time, and opened later ones."""
    process = subprocess.Popen(
        [
            program("gnome-keyring-daemon", "gnome-keyring"),
            "--foreground",
            "--unlock",
            "--components=secrets",
        ],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(password.encode())
        process.stdin.close()
        wait_for_name(env, "org.freedesktop.secrets")
        yield process
    finally:
        process.terminate()
        process.wait(START_LIMIT_S)
        if process.stdout is not None:
            process.stdout.close()


def wait_for_name(env: dict[str, str], name: str) -> None:
    """Until somebody owns the name on the bus. gdbus waits by itself."""
    waited = subprocess.run(
        [program("gdbus", "libglib2.0-bin"), "wait", "--session", f"--timeout={START_LIMIT_S:.0f}", name],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * START_LIMIT_S,
    )
    assert waited.returncode == 0, re.sub(r"\s+", " ", waited.stderr)
