"""The WebSocket to the relay, as bytes: opened with a token, read frame by frame, closed without waiting.

What the frames mean is relay.wire.events', when to open another one daemon.core.link's.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from daemon.errors import Obstacle, Offline
from daemon.uplink.http import obstacle_of
from daemon.uplink.route import route_to, trusted
from relay.wire.events import MAX_FRAME_BYTES, MAX_RELAY_FRAME_BYTES, SUBPROTOCOL_MSGPACK
from relay.wire.rest import API_PREFIX

OPEN_LIMIT_S = 10.0
CLOSE_LIMIT_S = 1.0
UNAUTHORIZED = 401


class TokenRejected(Exception):
    """The relay answered the opening with 401: the access token is too old."""


class SocketEnded(Exception):
    """It could not be opened, or is gone. code: of the close frame, None without one. obstacle: as in Offline."""

    def __init__(self, code: int | None, why: str, obstacle: Obstacle = "") -> None:
        super().__init__(code, why)
        self.code = code
        self.why = why
        self.obstacle = obstacle

    def __str__(self) -> str:
        return f"{self.why} (close code {self.code})" if self.code else self.why


class _Straight(connect):
    """To where it is configured to go: a redirect is a no, whoever sends it."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Socket:
    """One open connection. [loop]"""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def frames(self) -> AsyncIterator[bytes]:
        """Each frame as it comes. Ends by SocketEnded."""
        try:
            async for frame in self._connection:
                yield frame if isinstance(frame, bytes) else frame.encode()
        except websockets.exceptions.ConnectionClosed as error:
            raise SocketEnded(error.rcvd.code if error.rcvd else None, str(error)) from error
        raise SocketEnded(self._connection.close_code, "the relay closed the socket")

    async def send(self, data: bytes) -> None:
        """A loss is not told here: whoever reads sees it too."""
        assert len(data) <= MAX_FRAME_BYTES
        with contextlib.suppress(OSError, websockets.exceptions.WebSocketException):
            await self._connection.send(data)


@contextlib.asynccontextmanager
async def open_socket(base_url: str, token: str, certificate: str = "") -> AsyncIterator[Socket]:
    """A connection of the relay at `base_url`, closed at the end; certificate: as of RelayHttp. Raises TokenRejected, SocketEnded. [loop]"""
    try:
        proxy = route_to(base_url).proxy
        certificates = trusted(certificate) if base_url.startswith("https:") else None
    except Offline as error:
        raise SocketEnded(None, str(error), error.obstacle) from error
    opening = _Straight(
        base_url.replace("http", "ws", 1) + API_PREFIX + "/ws",
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=[Subprotocol(SUBPROTOCOL_MSGPACK)],
        open_timeout=OPEN_LIMIT_S,
        close_timeout=CLOSE_LIMIT_S,
        ping_interval=None,  # the protocol has its own, in the core
        compression=None,
        max_size=MAX_RELAY_FRAME_BYTES,
        proxy=proxy,
        ssl=certificates,
    )
    try:
        connection = await opening
    except websockets.exceptions.InvalidStatus as error:
        if error.response.status_code == UNAUTHORIZED:
            raise TokenRejected from error
        raise SocketEnded(None, str(error), obstacle_of(error.response.status_code)) from error
    except (OSError, TimeoutError, websockets.exceptions.WebSocketException) as error:
        raise SocketEnded(None, str(error) or type(error).__name__, _obstacle(error)) from error
    try:
        yield Socket(connection)
    finally:
        await connection.close()


def _obstacle(error: Exception) -> Obstacle:
    barred = isinstance(error, websockets.exceptions.ProxyError | ssl.SSLCertVerificationError)
    return "route" if barred else ""
