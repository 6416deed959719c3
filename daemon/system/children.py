"""Child processes: the one door to all of them. Started when needed, asked by frames, ended by force.

A frame is a 4-byte little-endian length and one msgpack value; daemon.system.child is the other end. What a child may
cost is limited on both sides: the time for an answer and its length here, memory and calls in the child itself.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from daemon.system.child import LENGTH

A = TypeVar("A")

_left: set[asyncio.Task[tuple[bytes, bytes]]] = set()  # programs that run on: somebody has to hear their end


class ChildDied(Exception):
    """It ended, or broke the protocol, while it was asked."""


class Ended(Struct, frozen=True, kw_only=True):
    """How a child ended that does one thing."""

    code: int
    out: bytes
    err: bytes


class Child(Generic[A]):
    """A child that is asked again and again, by one at a time. All methods are [loop]."""

    def __init__(
        self,
        command: Callable[[], list[str]],
        answers: msgspec.msgpack.Decoder[A],
        *,
        max_answer_bytes: int,
        idle_s: float | None = None,
    ) -> None:
        """command: asked at each start. idle_s: without a question for so long it is ended; None: it stays."""
        self._command = command
        self._answers = answers
        self._max_answer_bytes = max_answer_bytes
        self._idle_s = idle_s
        self._free = asyncio.Lock()
        self._process: Process | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def warm(self) -> None:
        """Start it if it is not there: its imports take time. Raises OSError."""
        async with self._free:
            await self._started()

    @contextlib.asynccontextmanager
    async def conversation(self, limit_s: float) -> AsyncIterator["Conversation[A]"]:
        """Questions and all their answers, within limit_s from when it is our turn. Raises TimeoutError.

        Whatever ends it early ends the child, too: the rest of an answer would be taken for the next one's.
        """
        async with self._free:
            if self._idle:
                self._idle.cancel()
            try:
                async with asyncio.timeout(limit_s):
                    yield Conversation(self._started, self._answers, self._max_answer_bytes)
            except BaseException:
                await self.stop()
                raise
            finally:
                if self._idle_s is not None:
                    self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._end_if_idle)

    async def stop(self) -> None:
        """End it now, whatever it does."""
        if self._idle:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is not None:
            await _killed(process)

    def _end_if_idle(self) -> None:
        if not self._free.locked():
            self._ending = asyncio.create_task(self.stop())  # kept, or it might be collected

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(*self._command(), stdin=PIPE, stdout=PIPE)
        return self._process


class Conversation(Generic[A]):
    """With one child, which is started by the first question. [loop]"""

    def __init__(
        self,
        started: Callable[[], Awaitable[Process]],
        answers: msgspec.msgpack.Decoder[A],
        max_answer_bytes: int,
    ) -> None:
        self._started = started
        self._answers = answers
        self._max_answer_bytes = max_answer_bytes
        self._process: Process | None = None

    async def say(self, question: Struct) -> None:
        """Raises OSError."""
        process = self._process = await self._started()
        assert process.stdin is not None, "it is a pipe"
        data = await asyncio.to_thread(msgspec.msgpack.encode, question)  # a large library: some megabytes
        process.stdin.write(LENGTH.pack(len(data)))
        process.stdin.write(data)
        await process.stdin.drain()

    async def hear(self) -> A:
        """The next answer to what was said. Raises ChildDied, OSError."""
        assert self._process is not None and self._process.stdout is not None, "something was said"
        stream = self._process.stdout
        try:
            (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
            if length > self._max_answer_bytes:
                raise ChildDied(f"it announced {length} bytes")
            return self._answers.decode(await stream.readexactly(length))
        except (asyncio.IncompleteReadError, msgspec.DecodeError) as error:
            raise ChildDied("it ended in the middle of its work") from error


async def run_once(command: list[str], stdin: bytes, limit_s: float) -> Ended:
    """A child that does one thing. Raises TimeoutError, when it was ended for taking longer, and OSError. [loop]"""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(limit_s):
            out, err = await process.communicate(stdin)
    finally:
        await _killed(process)
    return Ended(code=process.returncode or 0, out=out, err=err)


async def run_and_leave(command: list[str], limit_s: float) -> Ended | None:
    """A program that a person goes on to use: how it ended within limit_s, or None while it runs on. Raises OSError. [loop]"""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True, env=_environment()
    )
    ending = asyncio.create_task(process.communicate())
    _left.add(ending)
    ending.add_done_callback(_left.discard)
    done, _ = await asyncio.wait([ending], timeout=limit_s)
    return Ended(code=process.returncode or 0, out=b"", err=ending.result()[1]) if done else None


def _environment() -> dict[str, str]:
    """Ours, without what a one-folder build has set so that it finds its own libraries."""
    env = dict(os.environ)
    if original := env.pop("LD_LIBRARY_PATH_ORIG", ""):
        env["LD_LIBRARY_PATH"] = original
    elif getattr(sys, "frozen", False):
        env.pop("LD_LIBRARY_PATH", None)
    return env


async def _killed(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if process.returncode is None:
            process.kill()
    await process.wait()
