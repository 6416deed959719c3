"""A whole Sidechain on one machine: relay, daemons, native hosts and trays as processes of their own, in one folder.

The demo plays on it and the end-to-end tests too, so both start the parts exactly as a person would. Everything that was
started is ended, and waited for, when the stage is left.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

from bridge.async_client import AsyncControlClient
from daemon.errors import SidechainError
from daemon.system.native import PLAY, native_part

END_LIMIT_S = 5.0


class RunningDaemon:
    """One daemon: its process, a client of its control socket, its folders."""

    def __init__(self, process: asyncio.subprocess.Process, home: Path) -> None:
        self.process = process
        self.data = home / "data"
        self.run = home / "run"
        self.client = AsyncControlClient(self.run)


class RunningHost:
    """One `sidechain-play --json --stdin`: events in, commands out."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self._log = log

    async def event(self, *names: str) -> dict[str, Any]:
        """The next event of one of these names. Raises SidechainError when the host ends first."""
        assert self.process.stdout
        async for line in self.process.stdout:
            event = json.loads(line)
            if event.get("event") in names:
                return dict(event)
        raise SidechainError(f"The host ended without {' or '.join(names)}: {last_line(self._log)}")

    async def command(self, line: str) -> None:
        """Type one line into it."""
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()


class Stage:
    """`async with Stage(folder) as stage:`; folder should be short, as socket paths have at most 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Stage":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def relay(self, *more: str, port: int = 0) -> tuple[asyncio.subprocess.Process, str]:
        """A relay with the local sign-in, and its address."""
        process = await self._spawn(
            "relay",
            [
                sys.executable,
                "-m",
                "relay",
                "--data",
                str(self.folder / "relay"),
                "--port",
                str(port),
                "--dev",
                "--json-log",
                *more,
            ],
            os.environ.copy(),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        async for line in process.stdout:
            with contextlib.suppress(json.JSONDecodeError):
                said = json.loads(line)
                if said.get("event") == "listening":
                    return process, str(said["url"])
        raise SidechainError(f"The relay did not start: {last_line(self.folder / 'relay.log')}")

    async def daemon(self, name: str, relay_url: str = "", **settings: str) -> RunningDaemon:
        """A daemon of its own folders. Started again under the same name it finds what it left."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        ready_read, ready_write = os.pipe()
        settings = {
            "config": str(home / "config.toml"),
            "data_dir": str(home / "data"),
            "run_dir": str(home / "run"),
            "relay_url": relay_url,
            "credential_store": "file",
            "undo_seconds": "0",  # what is measured here is the way itself
            "safe_mode": "false",  # who kills it again and again wants to see all of it come back
            "ready_fd": str(ready_write),
        } | settings
        env = os.environ | {f"SIDECHAIN_{key.upper()}": value for key, value in settings.items()}
        process = await self._spawn(
            f"daemon-{name}", [sys.executable, "-m", "daemon", "up"], env, pass_fds=(ready_write,)
        )
        os.close(ready_write)
        with os.fdopen(ready_read, "rb") as ready:
            if not await asyncio.to_thread(ready.read, 1):
                raise SidechainError(
                    f"Daemon {name} did not start: {last_line(self.folder / f'daemon-{name}.log')}"
                )
        daemon = RunningDaemon(process, home)
        self._stack.push_async_callback(daemon.client.close)
        return daemon

    async def host(self, run_dir: Path, *arguments: str, name: str = "host") -> RunningHost:
        """A native host that plays into `run_dir`."""
        process = await self._spawn(
            name,
            [str(play_program()), "--stdin", "--json", "--run-dir", str(run_dir), *arguments],
            dict(os.environ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return RunningHost(process, self.folder / f"{name}.log")

    async def tray(self, run_dir: Path, bus_address: str) -> asyncio.subprocess.Process:
        """A tray for the daemon of `run_dir`, on a session bus of one's own."""
        command = [sys.executable, "-m", "tray", "--run-dir", str(run_dir)]
        return await self._spawn("tray", command, os.environ | {"DBUS_SESSION_BUS_ADDRESS": bus_address})

    async def _spawn(
        self, name: str, command: list[str], env: dict[str, str], **more: Any
    ) -> asyncio.subprocess.Process:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(*command, env=env, stderr=log, **more)
        self._stack.push_async_callback(end, process)
        return process


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, and see that it does."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(END_LIMIT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def play_program() -> Path:
    """The native host: $SIDECHAIN_PLAY, the package's, this checkout's build, the wheel's, or one on the PATH. Raises SidechainError."""
    return native_part(PLAY, "SIDECHAIN_PLAY")


def last_line(log: Path) -> str:
    """The last word of a process that ended early."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "no word"


async def until(events: AsyncIterator[Any], wanted: Any) -> Any:
    """The next event of this type (or union of types)."""
    async for event in events:
        if isinstance(event, wanted):
            return event
    raise SidechainError("The daemon went away.")
