"""Real daemons that can be started in a third of a second, and killed: what the chaos tests are made of.

A ForkServer is tests/chaos/fork_server.py as a process; a ForkedDaemon is one home with one daemon after another in it.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import bridge.control as c
from bridge.async_client import AsyncControlClient
from bridge.errors import DaemonNotRunning, DaemonSilent
from tests.support.deadlines import HANG_S

ROOT = Path(__file__).resolve().parents[2]


class Died(Exception):
    """The daemon ended before it answered."""


class ForkServer:
    """Forks daemons and their render workers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.pid = process.pid
        self._ends: dict[int, asyncio.Future[int]] = {}
        self._started: asyncio.Queue[int] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()

    async def listen(self) -> None:
        """Take in what it says; until it ends."""
        assert self.process.stdout
        async for line in self.process.stdout:
            said = json.loads(line)
            if "started" in said:
                self._ends[said["started"]] = asyncio.get_running_loop().create_future()
                self._started.put_nowait(said["started"])
            elif "ended" in said:
                self._ends[said["ended"]].set_result(said["status"])

    async def start(self, env: dict[str, str], log: Path) -> int:
        """A daemon's pid; it is not ready yet."""
        assert self.process.stdin
        async with self._one_at_a_time:
            self.process.stdin.write(json.dumps({"env": env, "log": str(log)}).encode() + b"\n")
            return await self._started.get()

    def ended(self, pid: int) -> "asyncio.Future[int]":
        """Its wait status, once it has ended."""
        return self._ends[pid]

    def workers(self) -> list[int]:
        """Processes that render."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split() if comm(Path("/proc", pid)) == "sdc-worker"]


@asynccontextmanager
async def fork_server(folder: Path, env: dict[str, str] | None = None) -> AsyncIterator[ForkServer]:
    """env: more of it, for the server and all that it forks."""
    with (folder / "fork-server.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("fork_server.py")),
            str(folder / "workers.sock"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | (env or {}),
            cwd=ROOT,
        )
    server = ForkServer(process)
    listening = asyncio.create_task(server.listen())
    try:
        yield server
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()
        await listening


class ForkedDaemon:
    """One home. pid: of the daemon that runs, or ran last. env: more of it, for the next daemon."""

    def __init__(self, server: ForkServer, home: Path, relay_url: str) -> None:
        self.home = home
        self.data, self.run = home / "data", home / "run"
        self.env: dict[str, str] = {}
        self.relay_url = relay_url
        self.ready_s: list[float] = []
        self.pid = 0
        self.client: AsyncControlClient | None = None
        self._server = server
        self.log = home.with_name(f"daemon-{home.name}.log")

    async def start(self) -> None:
        """A daemon on what the last one left, ready to answer. Raises Died."""
        began = time.perf_counter()
        env = {
            "CONFIG": str(self.home / "config.toml"),
            "DATA_DIR": str(self.data),
            "RUN_DIR": str(self.run),
            "RELAY_URL": self.relay_url,
            "CREDENTIAL_STORE": "file",
            "PRESENCE": "false",
            "SAFE_MODE": "false",  # it is killed hundreds of times in ten minutes
            "UNDO_SECONDS": "0.2",  # long enough that some are killed while they are held
        }
        self.pid = await self._server.start(
            {f"SIDECHAIN_{k}": v for k, v in env.items()} | self.env, self.log
        )
        while True:
            self.client = AsyncControlClient(self.run)
            try:
                await self.client.request(c.GetStatus(), timeout_s=HANG_S)
                break
            except (DaemonNotRunning, DaemonSilent):
                await self.client.close()
                self.client = None
                if self.ended.done():
                    raise Died(self.last_words()) from None
                assert time.perf_counter() - began < HANG_S, self.last_words()
                await asyncio.sleep(0.005)
        self.ready_s.append(time.perf_counter() - began)

    @property
    def ended(self) -> "asyncio.Future[int]":
        return self._server.ended(self.pid)

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""

    async def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal that ends it, and see that it does."""
        if not self.ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
        await self.after_death()

    async def after_death(self) -> None:
        await asyncio.wait_for(asyncio.shield(self.ended), HANG_S)
        if self.client:
            await self.client.close()
            self.client = None

    async def thread(self, name: str) -> int:
        """The daemon's thread of this name, or its worker process, as soon as it is there."""
        async with asyncio.timeout(HANG_S):
            while True:
                own = f"/proc/{self.pid}/task"
                found = [int(p.name) for p in Path(own).glob("[0-9]*") if comm(p) == name]
                if name == "sdc-worker":
                    found = self._server.workers()
                if found:
                    return max(found)
                await asyncio.sleep(0.01)

    async def answers(self) -> None:
        """It lives. Raises Died."""
        await self.ask(c.GetStatus())

    async def ask(self, request: c.Request) -> c.Reply:
        """The reply. Raises RequestFailed (the daemon said no), Died."""
        assert self.client
        return await self._or_death(self.client.request(request, timeout_s=HANG_S))

    async def _or_death(self, request: Coroutine[None, None, c.Reply]) -> c.Reply:
        asking = asyncio.ensure_future(request)
        either: set[asyncio.Future[Any]] = {asking, self.ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED, timeout=HANG_S)
        if not asking.done():
            asking.cancel()
            await asyncio.wait({asking})
        if asking.cancelled() or isinstance(asking.exception(), (DaemonNotRunning, DaemonSilent)):
            await asyncio.wait_for(asyncio.shield(self.ended), HANG_S)  # its socket may go first
            raise Died
        return asking.result()


def comm(task: Path) -> str:
    """The name of a thread or process; "" when it is gone."""
    try:
        return (task / "comm").read_text().strip()
    except OSError:
        return ""
