"""Jobs in the sandbox, each in a process of its own. Nothing of a stranger's bytes is read in this process.

The processes are forks of a server that has imported the codecs (fork_server.py). That takes half a second, so it is started
when work is expected, and ends when there was none for SPARE_S; an idle relay has none.
"""

import asyncio
import itertools
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from relay.engine.sandbox.frames import LENGTH, Ask, Drop, Ended, Step, packed

SPARE_S = 300.0
END_LIMIT_S = 5.0
_told: msgspec.msgpack.Decoder[Step | Ended] = msgspec.msgpack.Decoder(Step | Ended)
OnStep = Callable[[float], None]
"""Told how much of a job is done, 0..1; it rises, but for a job that is done anew. [loop]"""


def nobody(fraction: float) -> None:
    """Is told, and does nothing. [any]"""


class TookTooLong(Exception):
    """The job was ended at its limit of wall time."""


class Children:
    """module: what the server runs; it imports, then calls fork_server.serve. [loop]"""

    def __init__(self, module: str) -> None:
        self._module = module
        self._server: asyncio.Task[_Server] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._retire: asyncio.TimerHandle | None = None
        self._closed = False

    def expect(self) -> None:
        """Work is about to come: have the server ready by then."""
        if not self._closed:
            self._started()
            self._retire_later()

    async def run(self, job: bytes, limit_s: float, on_step: OnStep = nobody) -> bytes:
        """What a fork answers to a job; empty when it was ended at a limit, or crashed. Raises TookTooLong, OSError."""
        ended = await self._one_fork(job, limit_s, on_step)
        if ended.code == -signal.SIGKILL:  # for want of memory, or by hand: that says nothing of the bytes
            ended = await self._one_fork(job, limit_s, on_step)
        self._retire_later()
        return ended.answer if ended.code == 0 else b""

    async def close(self) -> None:
        self._closed = True
        if self._retire is not None:
            self._retire.cancel()
        self._let_go()
        await asyncio.gather(*self._ending)

    async def _one_fork(self, job: bytes, limit_s: float, on_step: OnStep) -> Ended:
        try:
            async with asyncio.timeout(limit_s):
                server = await asyncio.shield(self._started())
                return await server.ask(job, on_step)
        except TimeoutError:
            raise TookTooLong from None

    def _started(self) -> "asyncio.Task[_Server]":
        task = self._server
        if task is None or (task.done() and (task.exception() is not None or not task.result().alive)):
            task = self._server = asyncio.create_task(_start(self._module))
        return task

    def _retire_later(self) -> None:
        if self._retire is not None:
            self._retire.cancel()
        self._retire = asyncio.get_running_loop().call_later(SPARE_S, self._let_go)

    def _let_go(self) -> None:
        if self._server is not None:
            ending = asyncio.create_task(_end(self._server))
            self._server = None
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)


@dataclass(frozen=True)
class _Asked:
    answer: "asyncio.Future[Ended]"
    on_step: OnStep


class _Server:
    """One fork server, and what is asked of it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._numbers = itertools.count()
        self._asked: dict[int, _Asked] = {}
        self._reading = asyncio.create_task(self._read())

    @property
    def alive(self) -> bool:
        return not self._reading.done()

    async def ask(self, job: bytes, on_step: OnStep) -> Ended:
        """Whoever gives up waiting ends the fork; it is gone before this returns."""
        number = next(self._numbers)
        answer: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._asked[number] = _Asked(answer, on_step)
        self._say(Ask(number=number, job=job))
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            self._say(Drop(number=number))
            await asyncio.wait({answer}, timeout=END_LIMIT_S)
            raise
        finally:
            del self._asked[number]

    async def end(self) -> None:
        """When its stdin closes it ends its forks, then itself."""
        while self._asked and self.alive:
            await asyncio.wait([each.answer for each in self._asked.values()])
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.close()
        await asyncio.wait({self._reading}, timeout=END_LIMIT_S)
        if self._process.returncode is None:
            self._process.kill()
        await self._reading

    def _say(self, message: Ask | Drop) -> None:
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.write(packed(message))  # when it has died the answer says so

    async def _read(self) -> None:
        """Answers, until the server ends; what it then owes was as good as killed."""
        stream = self._process.stdout
        assert stream is not None, "it is a pipe"
        try:
            while True:
                (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
                told = _told.decode(await stream.readexactly(length))
                asked = self._asked.get(told.number)
                if asked is None or asked.answer.done():  # nobody waits for it any more
                    continue
                if isinstance(told, Step):
                    asked.on_step(told.percent / 100)
                else:
                    asked.answer.set_result(told)
        except asyncio.IncompleteReadError:
            await self._process.wait()
        finally:
            for number, asked in self._asked.items():
                if not asked.answer.done():
                    asked.answer.set_result(Ended(number=number, code=-signal.SIGKILL, answer=b""))


async def standing() -> list[str]:
    """The parts of the sandbox that this machine has, as a process of the same kind finds them. [loop]"""
    trial = await spawn("sandbox.process")
    out, _ = await trial.communicate()
    return out.decode().split()


async def spawn(module: str) -> Process:
    """A child with pipes and a clean environment: what the relay was told in variables is no decoder's business."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",  # an arena for each thread would take address space, which is limited
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        stdin=PIPE,
        stdout=PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=str(Path("/")),
        env=environment,
    )


async def _start(module: str) -> _Server:
    return _Server(await spawn(module))


async def _end(server: "asyncio.Task[_Server]") -> None:
    """One that could not be started was told to whoever asked."""
    await asyncio.wait({server})
    if server.exception() is None:
        await server.result().end()
