"""The two things the tray starts on the desktop: the browser, and Sidechain itself. It decides nothing.

Both are started by an argument list, never through a shell, and with the environment that this process was started
with: a PyInstaller build changes LD_LIBRARY_PATH for itself and keeps the old value in LD_LIBRARY_PATH_ORIG
(PyInstaller manual, "Run-time information"), and a system program must not load our libraries.
"""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence

START_TIMEOUT_S = 30.0
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class StartFailed(Exception):
    """A program could not be started, or said that it failed. said: its last line, may be empty."""

    def __init__(self, command: Sequence[str], said: str) -> None:
        super().__init__(command, said)
        self.command = command
        self.said = said

    def __str__(self) -> str:
        return f"`{' '.join(self.command)}` did not work. {self.said}".rstrip()


def daemon_command() -> list[str]:
    """How Sidechain is started."""
    return [sys.executable, "-m", "daemon", "up", "--detach"]


def clean_environment(env: Mapping[str, str]) -> dict[str, str]:
    """`env` without what a frozen build did to it."""
    clean = dict(env)
    for name in _LIBRARY_PATHS:
        if (original := clean.pop(f"{name}_ORIG", None)) is not None:
            clean[name] = original
        elif getattr(sys, "frozen", False):
            clean.pop(name, None)
    if getattr(
        sys, "frozen", False
    ):  # else a build that starts itself takes itself for its own worker, without its libraries
        clean["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    return clean


async def start_daemon(command: Sequence[str] | None = None) -> None:
    """Start Sidechain and wait until it says that it runs. Raises StartFailed. [loop]"""
    await _run(command or daemon_command(), clean_environment(os.environ))


async def open_url(url: str) -> None:
    """Hand `url`, which tray.links has allowed, to the browser. Raises StartFailed. [loop]"""
    if sys.platform == "linux":  # webbrowser would also try browsers that need a terminal
        await _run(["xdg-open", url], clean_environment(os.environ))
    elif not await asyncio.to_thread(webbrowser.open, url):
        raise StartFailed(["open", url], "No browser was found.")


async def _run(command: Sequence[str], env: Mapping[str, str]) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        raise StartFailed(command, str(error)) from error
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            _out, err = await process.communicate()
    except TimeoutError:
        return  # a browser that is its own launcher goes on running, which is what was wanted
    if process.returncode:
        lines = err.decode(errors="replace").strip().splitlines()
        raise StartFailed(command, lines[-1] if lines else f"It ended with {process.returncode}.")
