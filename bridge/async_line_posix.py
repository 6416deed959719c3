"""A line to the daemon's control socket, for programs with a loop: libzmq's DEALER (Linux, macOS)."""

import sys

assert sys.platform != "win32"

from pathlib import Path

import zmq
import zmq.asyncio

from bridge.line_posix import SOCKET_OPTIONS


class AsyncLine:
    """One connection. [loop] That somebody listens must be known: a connect succeeds on anything."""

    def __init__(self, path: Path) -> None:
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.DEALER)
        for option, value in SOCKET_OPTIONS.items():
            self._socket.set(option, value)
        self._monitor = self._socket.get_monitor_socket(zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED)
        self._socket.connect(f"ipc://{path}")

    async def send(self, data: bytes) -> None:
        """One message."""
        await self._socket.send(data)

    async def receive(self) -> bytes:
        """The next message; waits for ever once the daemon has gone."""
        return await self._socket.recv()

    async def ended(self) -> None:
        """Until the daemon has gone. What it said last may still be to be received."""
        await self._monitor.recv_multipart()

    def close(self) -> None:
        """Leave, once. Nobody may be receiving."""
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=0)
        self._context.term()
