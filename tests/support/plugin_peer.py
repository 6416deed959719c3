"""A plugin in Python, for tests of the daemon's plugin socket: it says what it is told to and waits for answers."""

import asyncio
from pathlib import Path
from types import TracebackType

import zmq
import zmq.asyncio

from plugin_protocol.codec import decode, encode
from plugin_protocol.messages import FromDaemon, FromPlugin, Hello, Welcome
from tests.support.deadlines import HANG_S
from tests.support.pair import hello


class PluginPeer:
    """One DEALER connection to `path`."""

    def __init__(self, path: Path) -> None:
        self._context = zmq.asyncio.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.connect(f"ipc://{path}")

    async def say(self, message: FromPlugin) -> None:
        await self.socket.send(encode(message))

    async def say_bytes(self, *parts: bytes) -> None:
        await self.socket.send_multipart(parts)

    async def hear(self, timeout_s: float = HANG_S) -> FromDaemon:
        async with asyncio.timeout(timeout_s):
            heard: FromDaemon = decode(await self.socket.recv(), FromDaemon)
            return heard

    async def ask(self, message: FromPlugin) -> FromDaemon:
        await self.say(message)
        return await self.hear()

    async def greet(self, instance: bytes = b"sixteen bytes id", **fields: object) -> Hello:
        """Say Hello and expect to be welcome."""
        said = hello(instance=instance, **fields)
        assert isinstance(await self.ask(said), Welcome)
        return said

    async def close(self) -> None:
        self.socket.close(linger=0)
        self._context.term()

    async def __aenter__(self) -> "PluginPeer":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
