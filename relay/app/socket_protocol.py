"""uvicorn's WebSocket protocol, but for two things: a head that cannot be read is answered, and an idle connection is small.

uvicorn hands the head of the request to the websockets library, which refuses a line of more than 8 KiB; nobody then tells
the client, and the connection stays open for as long as it likes. And it keeps that head, and queues made for more than
one message, for as long as the connection lasts: half of what an idle one costs.
"""

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from relay.engine.waiting import Flag, Mailbox

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class SocketProtocol(WebSocketsSansIOProtocol):
    """[loop]"""

    def __init__(self, *given: Any, **named: Any) -> None:  # any: whatever uvicorn gives its own
        super().__init__(*given, **named)
        inbound: Mailbox[ASGIReceiveEvent] = Mailbox()
        writable = Flag()
        writable.set()
        self.queue, self.writable = inbound, writable  # type: ignore[assignment]  # they do all that is asked of them

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(REFUSED)
            self.transport.close()

    def start_keepalive(self) -> None:
        """Called once, when the handshake is over: from now on nobody asks what was in its head."""
        super().start_keepalive()
        self.scope.clear()  # type: ignore[attr-defined]
        for head in (self.request, self.response):
            head.headers.clear()  # the library's parser holds on to the rest
        del self.request, self.response
