"""GET /metrics on a port of its own: what the world's proxy leads to has no such address, so nothing has to guard it."""

import asyncio
import logging
import os
from contextlib import suppress

from relay.engine.metrics import CONTENT_TYPE, Metrics

log = logging.getLogger("relay")

HEAD_LIMIT_S = 5.0
MAX_LINE_BYTES = 4096


class MetricsPortTaken(OSError):
    """The figures cannot be served where the settings say."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(host, port, why)
        self._said = f"/metrics cannot listen at {host}, port {port}: {why}."

    def __str__(self) -> str:
        return f"{self._said} Choose another --metrics-port (0: any that is free), or none."


class MetricsServer:
    """One answer a connection. [loop]"""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> str:
        """The address at which it answers. Raises MetricsPortTaken."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_LINE_BYTES)
        except OSError as error:
            raise MetricsPortTaken(host, port, os.strerror(error.errno or 0)) from None
        bound: int = self._server.sockets[0].getsockname()[1]
        return f"http://{f'[{host}]' if ':' in host else host}:{bound}/metrics"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD_LIMIT_S):
                first = await reader.readline()
                while (await reader.readline()).strip():
                    continue
                writer.write(await self._answer(first))
                await writer.drain()
        except (OSError, TimeoutError, ValueError) as error:
            log.info("a reader of /metrics: %s", error)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, first: bytes) -> bytes:
        if first.split()[:2] != [b"GET", b"/metrics"]:
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        body = (await self._metrics.text()).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return head.encode() + body
