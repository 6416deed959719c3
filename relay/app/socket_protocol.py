"""uvicorn's WebSocket protocol, but for what it lets anybody do, and for what an idle connection costs.

Every frame counts, also those that the application never sees: a ping is answered, and an empty piece of a message looked
at, for as long as one likes. What is answered is buffered for who does not read, and closing waits for a reader, without
an end: here it is aborted.

uvicorn hands the head of the request to the websockets library, which refuses a line of more than 8 KiB; nobody then tells
the client, and the connection stays open for as long as it likes. And it keeps that head, and queues made for more than
one message, for as long as the connection lasts: half of what an idle one costs.
"""

import asyncio
import struct
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from relay.app.bounded_reads import BoundedReads
from relay.app.resetting import reset
from relay.core.limits import Open
from relay.engine.waiting import Flag, Mailbox
from relay.features.live.socket import WRITE_NOW_KEY
from relay.wire.events import CLOSE_BAD_MESSAGE

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
    from websockets.http11 import Request

AT_ONCE_KEY = "relay.at_once"
"""Where the state of the server holds what counts connections."""
MAX_FRAMES, FRAMES_WINDOW_S = 300, 3.0
"""Of all kinds. A message is one or a few, and there are 20 a second of them at most (features.live.socket)."""
SLICE_BYTES = 1024
"""So much is read before frames are counted: at most 170 empty ones."""
FLUSH_S = 2.0
"""How long what we still have to say may wait for who does not read."""
REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_HEAD_16, _HEAD_64 = struct.Struct("!BBH"), struct.Struct("!BBQ")


class Line(Flag):
    """Set while a transport takes more; and a way past the library's objects, without a task that is woken for it. [loop]

    Whoever says a last word (a close frame) writes no more.
    """

    __slots__ = ("transport",)

    def __init__(self) -> None:
        super().__init__()
        self.set()
        self.transport: asyncio.Transport

    def write_now(self, data: bytes, is_text: bool, /) -> bool:
        """A whole message in one frame (RFC 6455, 5.2). False: it has to wait, or this connection says no more."""
        transport = self.transport
        if not self._is_set or transport.is_closing():
            return False
        transport.write(frame_head(len(data), is_text=is_text) + data)
        return True


class SocketProtocol(WebSocketsSansIOProtocol, BoundedReads):
    """[loop]"""

    def __init__(self, *given: Any, **named: Any) -> None:  # any: whatever uvicorn gives its own
        super().__init__(*given, **named)
        inbound: Mailbox[ASGIReceiveEvent] = Mailbox()
        self._line = Line()
        self.queue, self.writable = inbound, self._line  # type: ignore[assignment]  # they do all that is asked of them
        self._frames = 0
        self._window = 0
        self._abort_timer: asyncio.TimerHandle | None = None
        self._is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._line.transport = self.transport

    def leave_when_lost(self) -> None:
        """It was counted as a connection; when it is gone, it is no longer."""
        self._is_counted = True

    def data_received(self, data: bytes) -> None:
        for at in range(0, len(data), SLICE_BYTES):
            super().data_received(data[at : at + SLICE_BYTES])
            if self.transport.is_closing():
                self._abort_later()
                return
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(REFUSED)
            self.transport.close()
            self._abort_later()

    def handle_events(self) -> None:
        window = int(self.loop.time() / FRAMES_WINDOW_S)
        if window != self._window:
            self._window, self._frames = window, 0
        self._frames += len(self.conn.events)
        if self._frames <= MAX_FRAMES:
            super().handle_events()
        elif self.conn.state is State.OPEN:
            self.conn.fail(CLOSE_BAD_MESSAGE, "More than 100 frames a second.")
            self.handle_parser_exception()
        else:
            reset(self.transport)

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:  # it asks for answers and does not read them
            reset(self.transport)

    def send(self, message: "ASGISendEvent") -> Coroutine[Any, Any, None]:
        return super().send(message) if self.handshake_complete else self._answer(message)

    async def _answer(self, message: "ASGISendEvent") -> None:
        """The handshake's answer may be no; uvicorn takes that for none, and a fault of the application."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    def handle_connect(self, event: "Request") -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][WRITE_NOW_KEY] = self._line.write_now  # type: ignore[assignment]  # of ours

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_later()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._abort_later(0.0 if self.close_timer is None else self.close_timeout)

    def shutdown(self) -> None:
        super().shutdown()
        self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None
        if self._is_counted and self.client is not None:
            self.app_state[AT_ONCE_KEY].leave(Open.CONNECTION, self.client[0])
        super().connection_lost(exc)

    def _abort_later(self, also_s: float = 0.0) -> None:
        """Closing waits until all is sent, which may be never. also_s: for what comes before it is closed."""
        if self._abort_timer is None and not self.disconnected:
            self._abort_timer = self.loop.call_later(also_s + FLUSH_S, reset, self.transport)

    def start_keepalive(self) -> None:
        """Called once, when the handshake is over: from now on nobody asks what was in its head."""
        super().start_keepalive()
        self.scope.clear()  # type: ignore[attr-defined]
        for head in (self.request, self.response):
            head.headers.clear()  # the library's parser holds on to the rest
        del self.request, self.response, self.scope
        self.__dict__ = dict(
            self.__dict__
        )  # one that attributes were taken from keeps the room of the most it ever had


def frame_head(size_bytes: int, *, is_text: bool) -> bytes:
    """Of a whole message from a server (RFC 6455, 5.2). [any]"""
    opcode = 0x81 if is_text else 0x82
    if size_bytes < 126:
        return bytes((opcode, size_bytes))
    if size_bytes < 1 << 16:
        return _HEAD_16.pack(opcode, 126, size_bytes)
    return _HEAD_64.pack(opcode, 127, size_bytes)
