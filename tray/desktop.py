"""What the tray starts on the desktop: browser, file manager, and Sidechain's own commands. It decides nothing.

Both are started by an argument list, never through a shell, and with the environment that this process was started
with: a PyInstaller build changes LD_LIBRARY_PATH for itself and keeps the old value in LD_LIBRARY_PATH_ORIG
(PyInstaller manual, "Run-time information"), and a system program must not load our libraries.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

START_TIMEOUT_S = 30.0
PROBLEM = "PROBLEM "  # how a line of the doctor's begins that needs a person
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class StartFailed(Exception):
    """A program could not be started, or said that it failed. said: its last line, may be empty."""

    def __init__(self, command: Sequence[str], said: str) -> None:
        super().__init__(command, said)
        self.command = command
        self.said = said

    def __str__(self) -> str:
        return f"`{' '.join(self.command)}` did not work. {self.said}".rstrip()


def command(*arguments: str) -> list[str]:
    """One of Sidechain's own commands, of this very version."""
    return [sys.executable, "-m", "daemon", *arguments]


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


async def start_daemon(start: Sequence[str] | None = None) -> None:
    """Start Sidechain and wait until it says that it runs. Raises StartFailed. [loop]"""
    await _run(start or command("up", "--detach"), clean_environment(os.environ))


async def play_take(take_id: str) -> None:
    """Play it through this machine's own output, to its end; a cancelled task ends it. Raises StartFailed. [loop]"""
    code, _out, err = await _to_its_end(command("takes", "play", take_id))
    if code:
        raise StartFailed(["sidechain", "takes", "play"], _last_line(err, code))


async def diagnose() -> str:
    """Let the doctor look, show what it says, and return it in one sentence. Raises StartFailed. [loop]"""
    code, out, err = await _to_its_end(command("doctor"))
    if not out:
        raise StartFailed(["sidechain", "doctor"], _last_line(err, code))
    import platformdirs  # not before it is needed: a tray starts at login, with all else

    report = Path(platformdirs.user_cache_dir("sidechain")) / "diagnostics.txt"
    await asyncio.to_thread(_write, report, out)
    await _show(str(report))
    return said_by_doctor(out.decode(errors="replace"))


def said_by_doctor(report: str) -> str:
    """Its lines in one sentence: the first problem, and how many there are. [any]"""
    problems = [
        line.removeprefix(PROBLEM).strip() for line in report.splitlines() if line.startswith(PROBLEM)
    ]
    if not problems:
        return "Sidechain was checked: all is well."
    more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
    return f"{problems[0]}{more}"


async def open_url(url: str) -> None:
    """Hand `url`, which tray.links has allowed, to the browser. Raises StartFailed. [loop]"""
    await _show(url)


async def open_folder(folder: Path) -> None:
    """Show it in the file manager. Raises StartFailed. [loop]"""
    await _show(str(folder))


async def _show(what: str) -> None:
    if sys.platform == "linux":  # webbrowser would also try browsers that need a terminal
        await _run(["xdg-open", what], clean_environment(os.environ))
    else:
        import webbrowser  # as above

        if not await asyncio.to_thread(webbrowser.open, what):
            raise StartFailed(["open", what], "No program was found that shows it.")


async def _to_its_end(command: Sequence[str]) -> tuple[int, bytes, bytes]:
    """Exit code, and what it said on both. It is ended when this task is. Raises StartFailed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=clean_environment(os.environ),
        )
    except OSError as error:
        raise StartFailed(command, str(error)) from error
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()
    return process.returncode or 0, out, err


def _write(file: Path, data: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        raise StartFailed(["sidechain", "doctor"], f"{file} cannot be written: {error.strerror}.") from error


def _last_line(err: bytes, code: int) -> str:
    lines = err.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"It ended with {code}."


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
        raise StartFailed(command, _last_line(err, process.returncode))
