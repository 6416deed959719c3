"""uvicorn's WebSocket protocol, but for one thing: a head that cannot be read is answered, and the connection ends.

uvicorn hands the head of the request to the websockets library, which refuses a line of more than 8 KiB; nobody then tells
the client, and the connection stays open for as long as it likes.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REFUSED = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class SocketProtocol(WebSocketsSansIOProtocol):
    """[loop]"""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(REFUSED)
            self.transport.close()
