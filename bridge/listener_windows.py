"""Where peers come in on Windows: a named pipe, of which the run directory holds the name (SPEC, "Windows").

A pipe's name is anybody's who is first, so it is drawn anew at each start and told in a file that only we can write; whoever
connects looks whose the server is (system.open_pipe), and the server whose the client is. All I/O is overlapped, on the loop's
own completion port. Tried under Wine.
"""

import sys

assert sys.platform == "win32"

import _winapi
import asyncio
import contextlib
import ctypes
import logging
import os
import secrets
from asyncio.windows_utils import PipeHandle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bridge import system
from bridge.errors import RunDirRefused
from bridge.security_windows import closed_to_others, why_open_to_others

BUFFER_BYTES = 65_536
NAME_PREFIX = "\\\\.\\pipe\\sidechain-"
_FIRST_INSTANCE, _REJECT_REMOTE = 0x00080000, 8
_INSTANCES = 255  # PIPE_UNLIMITED_INSTANCES
_WAITING = 16  # instances at a time: so many may come at once without one of them finding the pipe busy
_AGAIN_S = 1.0

log = logging.getLogger("sidechain.bridge")

Admit = Callable[[system.Peer], asyncio.BufferedProtocol | None]


class Listener:
    """A pipe that is listened on. All methods are [loop], which must be a ProactorEventLoop."""

    def __init__(self, path: Path, admit: Admit, exhausted: Callable[[], None]) -> None:
        """path: of the file that tells the name. admit: the protocol of whoever comes; None: nobody is to be let in.
        exhausted: told when nobody can be."""
        self.path = path
        self._admit = admit
        self._exhausted = exhausted
        self._pipe_name = ""
        self._accepting: dict[asyncio.Task[None], PipeHandle] = {}  # who waits, and with which instance

    def bind(self) -> None:
        """Make the pipe, tell its name, and accept. The RunLock must be held. Raises RunDirRefused."""
        self._pipe_name = NAME_PREFIX + secrets.token_hex(16)
        try:
            first = self._instance(_FIRST_INSTANCE)
            if why := why_open_to_others(first.fileno(), is_pipe=True):
                first.close()
                raise RunDirRefused(self.path.parent, f"has a pipe that {why}")
            waiting = [first, *(self._instance() for _ in range(_WAITING - 1))]
            self._tell_name()
        except OSError as error:
            raise RunDirRefused(self.path.parent, f"takes no pipe: {error}") from error
        for each in waiting:
            task = asyncio.get_running_loop().create_task(self._accept())
            self._accepting[task] = each
            task.add_done_callback(lambda ended: self._accepting.pop(ended).close())

    def _tell_name(self) -> None:
        self.path.unlink(missing_ok=True)
        told = system.create_private(self.path)
        try:
            os.write(told, self._pipe_name.encode())
        finally:
            os.close(told)

    def is_there(self) -> bool:
        """Whether the path still tells this pipe's name."""
        try:
            return bool(self._pipe_name) and self.path.read_text(encoding="utf-8") == self._pipe_name
        except OSError:
            return False

    def close(self) -> None:
        """Let nobody in any more; who is connected stays so."""
        if self.is_there():
            self.path.unlink(missing_ok=True)
        for each in self._accepting:
            each.cancel()

    def _instance(self, first: int = 0) -> PipeHandle:
        security = closed_to_others()
        handle = _winapi.CreateNamedPipe(
            self._pipe_name,
            _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED | first,
            _REJECT_REMOTE,  # and bytes, not messages
            _INSTANCES,
            BUFFER_BYTES,
            BUFFER_BYTES,
            0,
            ctypes.addressof(security),
        )
        return PipeHandle(handle)

    async def _accept(self) -> None:
        """One instance waits, and after it the next: some always do, so that whoever comes finds the name."""
        loop: Any = asyncio.get_running_loop()  # its ways to take in a pipe have no public name
        task = asyncio.current_task()
        assert task is not None
        while True:
            taken, is_there = self._accepting[task], False
            with contextlib.suppress(OSError):  # it came and left: nobody else can come to that instance
                await loop._proactor.accept_pipe(taken)
                is_there = True
            self._accepting[task] = await self._next_instance()
            if is_there:
                self._take_in(loop, taken)
            else:
                taken.close()

    async def _next_instance(self) -> PipeHandle:
        shut_why = ""
        while True:
            try:
                return self._instance()
            except OSError as error:
                self._exhausted()
                if str(error) != shut_why:
                    shut_why = str(error)
                    log.warning("%s: nobody new is let in until there is room: %s", self.path.name, error)
                await asyncio.sleep(_AGAIN_S)

    def _take_in(self, loop: Any, pipe: PipeHandle) -> None:
        protocol = self._admit(system.client_of(pipe.fileno()))
        if protocol is None:
            pipe.close()
        else:
            loop._make_duplex_pipe_transport(pipe, protocol)
