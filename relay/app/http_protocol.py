"""uvicorn's HTTP protocol, but for what it lets anybody do without end: send nothing, half a head, a head of any size, a
body in chunks of a byte, or the body of a request that has been answered long ago; open any number of connections; and not
read what is answered. Each held a connection, memory, or the loop, for as long as one liked.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from relay.app.bounded_reads import BoundedReads
from relay.app.resetting import reset
from relay.app.socket_protocol import AT_ONCE_KEY, SocketProtocol
from relay.core.hosts import split_target
from relay.core.limits import Open
from relay.engine.at_once import AtOnce

TRANSPORT_KEY = "relay.transport"
"""Where the state of a request holds its transport."""
MAX_HEAD_BYTES = 16 * 1024
HEAD_LIMIT_S = 10.0
"""From the connection, or the first byte of a request, to the end of its head."""
LINGER_S = 5.0
"""For what is left of a body when the answer has gone out."""
FLUSH_S = 30.0
"""For what is left of an answer when the connection is closed: as long as a reader may stall (answers.py)."""
WRITE_BUFFER_BYTES = 32 * 1024
MAX_SMALL_CHUNKS, SMALL_CHUNK_BYTES = 1024, 64
"""A chunk costs as much as many bytes: so many of a body may be smaller than that on an average."""
SMALL_CHUNKS = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class HttpProtocol(HttpToolsProtocol, BoundedReads):
    """[loop] How long a body may take before it is answered is the application's business."""

    def __init__(self, *given: Any, **named: Any) -> None:  # any: whatever uvicorn gives its own
        super().__init__(*given, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self._abort_timer: asyncio.TimerHandle | None = None
        self._in_head = False
        self._in_message = False
        self._head_bytes = 0
        self._chunks = 0
        self._body_bytes = 0
        self._counted_as: str | None = None

    # a connection -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        if self._enter():
            self._limit(HEAD_LIMIT_S)
        else:
            reset(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._no_limit()
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        self._leave()
        super().connection_lost(exc)

    def _enter(self) -> bool:
        at_once: AtOnce | None = self.app_state.get(AT_ONCE_KEY)
        if at_once is None or self.client is None:
            return True
        entered = at_once.enter(Open.CONNECTION, self.client[0])
        self._counted_as = self.client[0] if entered else None
        return entered

    def _leave(self) -> None:
        if self._counted_as is not None:
            self.app_state[AT_ONCE_KEY].leave(Open.CONNECTION, self._counted_as)
            self._counted_as = None

    def handle_websocket_upgrade(self) -> None:
        self._no_limit()
        super().handle_websocket_upgrade()
        heir = self.transport.get_protocol()
        if self._counted_as is not None and isinstance(heir, SocketProtocol):
            heir.leave_when_lost()
            self._counted_as = None

    # what it sends ------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._deadline is None:
            self._limit(HEAD_LIMIT_S)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._end(TOO_LARGE)
        elif self._chunks > max(MAX_SMALL_CHUNKS, self._body_bytes // SMALL_CHUNK_BYTES):
            self._end(b"" if self.cycle.response_started else SMALL_CHUNKS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][TRANSPORT_KEY] = self.transport
        self._in_head = self._in_message = True
        self._chunks = self._body_bytes = 0
        self._no_limit()  # that of the head begins anew, if it is not all here (data_received)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._no_limit()
        self.url, host = split_target(self.url)
        if host is not None:
            self.headers[:] = [(name, host if name == b"host" else value) for name, value in self.headers]
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        self._chunks += 1

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_message, self._head_bytes = False, 0
        if not self._in_head:
            self._no_limit()

    # the end of it ------------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_later()
        elif self._in_message:
            self._limit(LINGER_S)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._abort_later()

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            self._abort_later()

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
            self._abort_later()

    def _abort_later(self) -> None:
        """Closing waits until all is sent: to who does not read, never."""
        if self._abort_timer is None and self.parser is not None:
            self._abort_timer = self.loop.call_later(FLUSH_S, reset, self.transport)
