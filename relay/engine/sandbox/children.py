"""Child processes that do one job each inside the sandbox. Nothing of a stranger's bytes is read in this process.

A child takes about half a second to import its codecs, so one is started when work is expected and one is kept ready for
SPARE_S after the last; an idle relay has none. Each child does one job and ends: nothing of one can reach another.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

SPARE_S = 60.0
MAX_ANSWER_BYTES = 4 << 20


class TookTooLong(Exception):
    """The job was ended at its limit of wall time."""


class Children:
    """module: what a child runs; it reads one line of stdin, enters the sandbox, and answers on stdout. [loop]"""

    def __init__(self, module: str) -> None:
        self._module = module
        self._spares: list[asyncio.subprocess.Process] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._retire: asyncio.TimerHandle | None = None
        self._closed = False

    def expect(self) -> None:
        """Work is about to come: have a child ready by then."""
        if not self._spares and not self._starting and not self._closed:
            task = asyncio.create_task(self._start_spare())
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def run(self, job: bytes, limit_s: float) -> bytes:
        """What a child answers to one line; empty when it was ended at a limit, or crashed. Raises TookTooLong."""
        answer, ended = await self._one_child(job, limit_s)
        if (
            ended == -signal.SIGKILL
        ):  # by the kernel for want of memory, or by hand: that says nothing of the bytes
            answer, _ = await self._one_child(job, limit_s)
        self.expect()
        self._retire_later()
        return answer

    async def close(self) -> None:
        self._closed = True
        if self._retire is not None:
            self._retire.cancel()
        await asyncio.gather(*self._starting)
        await asyncio.gather(*(_end(child) for child in self._spares))
        self._spares.clear()

    async def _one_child(self, job: bytes, limit_s: float) -> tuple[bytes, int | None]:
        child = await self._take()
        try:
            async with asyncio.timeout(limit_s):
                answer, _ = await child.communicate(job + b"\n")
                return answer[:MAX_ANSWER_BYTES], child.returncode
        except TimeoutError:
            raise TookTooLong from None
        finally:
            await _end(child)

    async def _take(self) -> asyncio.subprocess.Process:
        if not self._spares:
            self.expect()
            await asyncio.gather(*self._starting)
        while self._spares:
            child = self._spares.pop()
            if child.returncode is None:
                return child
        return await spawn(self._module)

    async def _start_spare(self) -> None:
        self._spares.append(await spawn(self._module))

    def _retire_later(self) -> None:
        if self._retire is not None:
            self._retire.cancel()
        self._retire = asyncio.get_running_loop().call_later(SPARE_S, self._let_go)

    def _let_go(self) -> None:
        """A child whose stdin closes before a job came ends by itself; asyncio reaps it."""
        for child in self._spares:
            if child.stdin is not None:
                child.stdin.close()
        self._spares.clear()


async def standing() -> list[str]:
    """The parts of the sandbox that this machine has, as a process of the same kind finds them. [loop]"""
    trial = await spawn("sandbox.process")
    out, _ = await trial.communicate()
    return out.decode().split()


async def spawn(module: str) -> asyncio.subprocess.Process:
    """A child with pipes and a clean environment: what the relay was told in variables is no decoder's business."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=str(Path("/")),
        env=environment,
    )


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()
