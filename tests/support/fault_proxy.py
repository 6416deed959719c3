"""A TCP proxy that breaks what it carries, on purpose and countably: cuts, lost replies, silence, refusal.

It lives in the loop of the test. It understands nothing of HTTP but where a request begins: the first bytes from the
client after bytes from the server. So it serves keep-alive connections and WebSockets alike.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from urllib.parse import urlsplit

PIECE_BYTES = 16 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close() sends RST


class FaultProxy:
    """`async with FaultProxy(relay_url) as proxy:`; then use proxy.url. Faults are attributes, set at any time.

    down: new connections are reset; `cut_all` ends those that stand.
    silent: nothing passes in either direction, and nothing is closed.
    cut_after: asked for each connection: it is reset when so many bytes came from the client; None: it stands.
    half_open: a cut is not told to the server, which keeps its end until the proxy ends.
    lose_reply: asked with the head of each request; True: the server's reply is dropped and the client reset.
    delay_s: how long each piece is on its way, in either direction.
    rewrite: what becomes of the server's bytes, piece by piece.
    bytes_per_s: the most that passes from the client; None: as it comes.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._to = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._scheme = parts.scheme
        self._ends: set[asyncio.StreamWriter] = set()
        self._left_open: list[asyncio.StreamWriter] = []
        self._pumps: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.down = False
        self.half_open = False
        self.cut_after: Callable[[], int | None] = lambda: None
        self.lose_reply: Callable[[bytes], bool] = lambda head: False
        self.rewrite: Callable[[bytes], bytes] = lambda piece: piece
        self.bytes_per_s: float | None = None
        self.delay_s = 0.0
        self.connections = self.cuts = self.lost_replies = 0
        self.up_bytes = self.down_bytes = 0  # read from clients, written to them

    async def __aenter__(self) -> "FaultProxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{self._scheme}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        pumps = list(self._pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for writer in (*self._ends, *self._left_open):
            writer.transport.abort()
        await self._server.wait_closed()

    @property
    def silent(self) -> bool:
        return not self._open.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        if silent:
            self._open.clear()
        else:
            self._open.set()

    def cut_all(self) -> None:
        """Reset every connection that stands."""
        for writer in list(self._ends):
            self._reset(writer)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._ends.add(writer)
        if self.down:
            self._reset(writer)
            return
        pump = asyncio.create_task(self._serve(reader, writer))
        self._pumps.add(pump)
        pump.add_done_callback(self._pumps.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, onward = await asyncio.open_connection(*self._to)
            self._ends.add(onward)
            await _Line(self, reader, writer, there, onward).carry()
            self._ends.discard(onward)
        writer.close()
        self._ends.discard(writer)

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        if sock is not None and not writer.transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()


class _Line:
    """One connection through the proxy."""

    def __init__(
        self,
        proxy: FaultProxy,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        onward: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._writer = writer
        self._there = there
        self._onward = onward
        self._left = proxy.cut_after()
        self._answered = True  # so the next bytes from the client begin a request
        self._lose = False

    async def carry(self) -> None:
        ways = {asyncio.create_task(self._up()), asyncio.create_task(self._back())}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            if self._proxy.half_open:
                self._proxy._left_open.append(self._onward)
            else:
                self._proxy._reset(self._onward)

    async def _up(self) -> None:
        proxy = self._proxy
        with contextlib.suppress(OSError):
            while data := await self._reader.read(PIECE_BYTES):
                await proxy._open.wait()
                if proxy.delay_s:
                    await asyncio.sleep(proxy.delay_s)
                proxy.up_bytes += len(data)
                if self._answered:
                    self._answered, self._lose = False, proxy.lose_reply(data)
                if proxy.bytes_per_s:
                    await asyncio.sleep(len(data) / proxy.bytes_per_s)
                if self._left is not None and len(data) >= self._left:
                    self._onward.write(data[: self._left])
                    with contextlib.suppress(OSError):
                        await self._onward.drain()
                    proxy.cuts += 1
                    proxy._reset(self._writer)
                    return
                if self._left is not None:
                    self._left -= len(data)
                self._onward.write(data)
                await self._onward.drain()

    async def _back(self) -> None:
        proxy = self._proxy
        with contextlib.suppress(OSError):
            while data := await self._there.read(PIECE_BYTES):
                await proxy._open.wait()
                if proxy.delay_s:
                    await asyncio.sleep(proxy.delay_s)
                self._answered = True
                if self._lose:
                    proxy.lost_replies += 1
                    proxy._reset(self._writer)
                    return
                proxy.down_bytes += len(data)
                self._writer.write(proxy.rewrite(data))
                await self._writer.drain()
