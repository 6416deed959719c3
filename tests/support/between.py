"""Something between a device and a relay that is not the relay: a portal, or a proxy that is asked for tunnels. In a thread."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")
PIECE_BYTES = 64 * 1024
HEAD_END = b"\r\n\r\n"
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"


def page(status: str, body: str = "", *headers: str) -> bytes:
    """A whole answer."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + HEAD_END + content


class Between:
    """to: the port here where whatever passes goes. is_proxy: it is asked by CONNECT first, whatever the name.

    says: what it answers instead of passing anything on; None: it passes.
    """

    def __init__(self, to: int, *, is_proxy: bool = False) -> None:
        self.to = to
        self.says: bytes | None = None
        self._is_proxy = is_proxy
        self._lines: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> "Between":
        self._thread.start()
        self._server = self._wait(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._wait(self._cut())
        self._wait(self._server.wait_closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def become(self, says: bytes | None, to: int | None = None) -> None:
        """From now on; what stands is cut. Only then it returns."""
        self.says, self.to = says, to or self.to
        self._wait(self._cut())

    def _wait(self, what: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _cut(self) -> None:
        lines = list(self._lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.create_task(self._serve(reader, writer))
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError):
                if self._is_proxy or self.says is not None:
                    await reader.readuntil(HEAD_END)
                    writer.write(TUNNEL if self.says is None else self.says)
                    await writer.drain()
                if self.says is None:
                    await self._pass_on(reader, writer)
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self.to)
        ways = [asyncio.create_task(_pump(reader, onward)), asyncio.create_task(_pump(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            onward.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(PIECE_BYTES):
            writer.write(data)
            await writer.drain()
