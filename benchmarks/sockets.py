"""A thousand WebSockets that only count: what a load generator in Python can do without being the bottleneck itself.

The handshake is done by hand and of each frame only its head is read (RFC 6455, 5.2; a server's frames are not masked).
"""

import asyncio
import base64
import os
import time
from collections.abc import Callable
from urllib.parse import urlsplit

HANDSHAKE_LIMIT_S = 60
DATA, PING, PONG = (1, 2), 9, 10  # opcodes


class Counting(asyncio.Protocol):
    """One socket. on_frame: called with the time and the opcode's payload of each frame, once it is `open`."""

    def __init__(self, request: bytes, on_frame: "Callable[[Counting, bytes, float], None]") -> None:
        self._request = request
        self._on_frame = on_frame
        self._data = bytearray()
        self._in_head = True
        self.frames = 0
        loop = asyncio.get_running_loop()
        self.opened = loop.create_future()
        self.closed = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        self._data += data
        if self._in_head:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._data.startswith(b"HTTP/1.1 101"), bytes(self._data[:200])
            del self._data[: end + 4]
            self._in_head = False
            self.opened.set_result(None)
        at, size = 0, len(self._data)
        while size - at >= 2:
            length, start = self._data[at + 1], at + 2
            if length == 126:
                if size - at < 4:
                    break
                length, start = int.from_bytes(self._data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                if size - at < 10:
                    break
                length, start = int.from_bytes(self._data[at + 2 : at + 10], "big"), at + 10
            if size < start + length:
                break
            opcode, payload = self._data[at] & 0x0F, bytes(self._data[start : start + length])
            if opcode in DATA:
                self.frames += 1
                self._on_frame(self, payload, now_s)
            elif opcode == PING:  # who does not answer is taken for gone
                self._write(PONG, payload)
            at = start + length
        del self._data[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed"))

    def say(self, data: bytes, *, text: bool = False) -> None:
        """A masked frame, with a mask of zeros: the server has the same work."""
        self._write(DATA[0] if text else DATA[1], data)

    def _write(self, opcode: int, data: bytes) -> None:
        head, size = bytes([0x80 | opcode]), len(data)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + size.to_bytes(2, "big")
        self.transport.write(head + length + b"\0\0\0\0" + data)


async def connect(
    url: str, path: str, on_frame: Callable[[Counting, bytes, float], None], **headers: str
) -> Counting:
    """Opened and answered. url: http://host:port."""
    at = urlsplit(url)
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {at.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(
        lambda: Counting(request, on_frame), at.hostname or "", at.port or 80
    )
    async with asyncio.timeout(HANDSHAKE_LIMIT_S):
        await socket.opened
    return socket
