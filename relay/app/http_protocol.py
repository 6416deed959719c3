"""uvicorn's HTTP protocol, but for what it lets anybody do without end: send nothing, half a head, a head of any size,
or the body of a request that has been answered long ago. Each held a connection, and memory, for as long as one liked.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 16 * 1024
HEAD_LIMIT_S = 10.0
"""From the connection, or the first byte of a request, to the end of its head."""
LINGER_S = 5.0
"""For what is left of a body when the answer has gone out."""
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """[loop] How long a body may take before it is answered is the application's business."""

    def __init__(self, *given: Any, **named: Any) -> None:  # any: whatever uvicorn gives its own
        super().__init__(*given, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = False
        self._in_message = False
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._limit(HEAD_LIMIT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._no_limit()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._end(TOO_LARGE)

    def handle_websocket_upgrade(self) -> None:
        self._no_limit()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._limit(HEAD_LIMIT_S)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._no_limit()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_message, self._head_bytes = False, 0
        if not self._in_head:
            self._no_limit()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_message:
            self._limit(LINGER_S)

    def _limit(self, seconds: float) -> None:
        self._no_limit()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _no_limit(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        self._end(TOO_SLOW if self._in_head else b"")

    def _end(self, last_words: bytes) -> None:
        self._no_limit()
        if not self.transport.is_closing():
            self.transport.write(last_words)
            self.transport.close()
