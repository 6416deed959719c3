"""Programs for Windows, run under Wine: what mingw-w64 has built, and Windows' own Python. `make test-windows` sets all of it up."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

import bridge.control as c
from tests.support.deadlines import HANG_S
from tests.support.native import ROOT

BUILD = ROOT / ".build" / "windows"
NATIVE, PLUGIN, HOSTS = BUILD / "native", BUILD / "plugin", BUILD / "hosts"
PYTHON = BUILD / "python" / "python.exe"
BUNDLES = PLUGIN / "bundles"
LAST_WORDS_S = 5.0
R = TypeVar("R")


def environment(**more: str) -> dict[str, str]:
    """Of a program under Wine; nothing of this process's Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "DISPLAY", "LANG", "TMPDIR")
    }
    own = {
        "WINEPREFIX": str(BUILD / "prefix"),
        "WINEDEBUG": "-all",
        "WINEARCH": "win64",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return kept | own | more


def of_windows(path: Path) -> str:
    """A path as programs for Windows have it."""
    return "Z:" + str(path).replace("/", "\\")


def run(*command: str | Path, timeout_s: float = HANG_S, **env: str) -> str:
    """What a program prints. Raises AssertionError with all of it unless it ends with 0."""
    done = subprocess.run(
        ["wine", *map(str, command)],
        env=environment(**env),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{command} exited {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Desktop:
    """A daemon under Wine, and its command line. `program`: how `sidechain` is started."""

    def __init__(self, home: Path, *program: str | Path) -> None:
        self.home, self._program = home, [str(each) for each in program or (PYTHON, "-m", "daemon")]
        self.run_dir, self.data = home / "run", home / "data"
        self.env = environment(
            SIDECHAIN_CONFIG=of_windows(home / "config.toml"),
            SIDECHAIN_DATA_DIR=of_windows(self.data),
            SIDECHAIN_RUN_DIR=of_windows(self.run_dir),
            SIDECHAIN_CREDENTIAL_STORE="file",
        )
        self.log = home / "daemon.out"

    async def begin(self, *words: str) -> asyncio.subprocess.Process:
        """`sidechain WORDS`. What it says comes by a pipe: Windows' Python takes no file of Linux for its output."""
        return await asyncio.create_subprocess_exec(
            *("wine", *self._program, *words),
            env=self.env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if words == ("up",) else subprocess.PIPE,
        )

    async def note(self, process: asyncio.subprocess.Process) -> None:
        """What the daemon says, into a file, until it ends."""
        assert process.stdout is not None
        with self.log.open("ab", buffering=0) as log:
            while data := await process.stdout.read(1 << 16):
                log.write(data)

    async def command(self, *words: str) -> bytes:
        """What `sidechain WORDS` prints. Raises AssertionError with its words unless it ends with 0."""
        process = await self.begin(*words)
        async with asyncio.timeout(HANG_S):
            out, err = await process.communicate()
        assert process.returncode == 0, (
            f"{words} exited {process.returncode}:\n{out!r}\n{err!r}\n{self.said()}"
        )
        return out

    async def ask(self, shape: type[R], *words: str) -> R:
        """The same, as JSON."""
        return msgspec.json.decode(await self.command(*words, "--json"), type=shape)

    def said(self) -> str:
        """What the daemon has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if self.log.exists() else ""

    async def until_heard(self, frames: int) -> None:
        """Until the daemon reads a Ring that holds so many frames."""
        async with asyncio.timeout(HANG_S):
            while True:
                listed = await self.ask(c.InstanceList, "instances")
                if any(each.heard_frames >= frames for each in listed.instances):
                    return


@contextlib.asynccontextmanager
async def desktop(home: Path, *program: str | Path) -> AsyncIterator[Desktop]:
    """A daemon that is up; it is ended afterwards."""
    made = Desktop(home, *program)
    process = await made.begin("up")
    noting = asyncio.create_task(made.note(process))
    try:
        async with asyncio.timeout(HANG_S):
            while not (made.run_dir / "control.sock").exists():
                assert process.returncode is None, made.said()
                await asyncio.sleep(0.05)
        yield made
    finally:
        with contextlib.suppress(AssertionError, TimeoutError):
            await made.command("down")
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        with contextlib.suppress(
            TimeoutError
        ):  # a child of it that crashed may hold the pipe, for Wine's debugger
            async with asyncio.timeout(LAST_WORDS_S):
                await noting
        process._transport.close()  # type: ignore[attr-defined]  # our end of the pipe, which nobody else closes then


async def started(program: Path, *arguments: str, log: Path, **more: Any) -> asyncio.subprocess.Process:
    """A host under Wine that takes a command a line."""
    with log.open("ab") as stderr:
        return await asyncio.create_subprocess_exec(
            "wine",
            str(program),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            **more,
        )
