"""A line to the daemon's control pipe, for programs with a loop (Windows; tried under Wine)."""

import sys

assert sys.platform == "win32"

import asyncio
from asyncio.windows_utils import PipeHandle
from pathlib import Path
from typing import Any

from bridge import system, zmtp
from bridge.errors import DaemonNotRunning
from plugin_protocol.codec import CONTROL_LIMITS


class AsyncLine(asyncio.Protocol):
    """One connection. [loop], which must be a ProactorEventLoop. Raises DaemonNotRunning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._incoming = zmtp.Incoming(CONTROL_LIMITS.message_bytes)
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = asyncio.Event()
        loop: Any = asyncio.get_running_loop()  # its way to take a pipe in has no public name
        try:
            pipe = system.open_own_pipe(path)
        except OSError:
            raise DaemonNotRunning(path) from None
        self._transport: asyncio.Transport = loop._make_duplex_pipe_transport(PipeHandle(pipe), self)
        self._transport.write(zmtp.opening("DEALER"))

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._incoming.feed(data):
                self._waiting.put_nowait(message)
        except zmtp.ZmtpError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()

    async def send(self, data: bytes) -> None:
        """One message."""
        if self._transport.is_closing():
            raise DaemonNotRunning(self._path)
        self._transport.write(zmtp.message(data))

    async def receive(self) -> bytes:
        """The next message; waits for ever once the daemon has gone."""
        return await self._waiting.get()

    async def ended(self) -> None:
        """Until the daemon has gone. What it said last may still be to be received."""
        await self._ended.wait()

    def close(self) -> None:
        """Leave, once."""
        self._transport.abort()
