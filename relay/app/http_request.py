"""An HTTP request, read once: what is asked of it more than once stands there, and its body comes when somebody wants it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from relay.app.http_protocol import TRANSPORT_KEY
from relay.core import header_lines
from relay.core.buckets import Limit, Spent
from relay.core.calls import RequestLost, Session
from relay.core.refusal import Refusal
from relay.wire.tus import UPLOADS_PATH

Message = MutableMapping[str, Any]  # ASGI's own type
Receive = Callable[[], Awaitable[Message]]

BODY_LIMIT_S = 30.0
"""From the head of a request to the end of its body; uploads have limits of their own."""
OVERRIDE = "x-http-method-override"


class Request:
    """headers: by their names in lower case, as header_lines reads them.

    spent: of which limit how much is left, once the gate has counted the request. session: of whom the gate has found it to be;
    a page that refuses is theirs, too. [loop]
    """

    __slots__ = (
        "_receive",
        "_scope",
        "_until_s",
        "address",
        "headers",
        "method",
        "names_one_host",
        "path",
        "query_string",
        "session",
        "spent",
    )

    def __init__(self, scope: Message, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._until_s: float | None = asyncio.get_running_loop().time() + BODY_LIMIT_S
        self.headers = header_lines.read(scope["headers"])
        self.path: str = scope["path"]
        self.method = scope["method"] = _method(scope["method"], self.path, self.headers)
        self.query_string: str = scope["query_string"].decode("latin-1")
        self.address = address_of(scope)
        self.names_one_host = header_lines.names_one_host(scope["http_version"], self.headers)
        self.spent: tuple[Limit, Spent] | None = None
        self.session: Session | None = None

    @property
    def transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self._scope["state"][TRANSPORT_KEY]
        return transport

    def is_gone(self) -> bool:
        """Whether nobody reads the answer any more."""
        return self.transport.is_closing()

    def take_your_time(self) -> None:
        """Its body may come as slowly as whoever reads it allows."""
        self._until_s = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives, once. Raises RequestLost; Refusal: too_slow."""
        more = True
        while more:
            message = await self._receive_in_time()
            if message["type"] != "http.request":
                raise RequestLost
            more = message.get("more_body", False)
            if body := message.get("body", b""):
                yield body

    async def until_gone(self) -> None:
        """uvicorn takes it for a fault of ours if we end before it has heard that the connection has."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _receive_in_time(self) -> Message:
        if self._until_s is None:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until_s):
                return await self._receive()
        except TimeoutError:
            raise Refusal("too_slow", "The request did not arrive in time.", "Try again.") from None


def address_of(scope: Message) -> str:
    """Of the caller, or of the proxy before us that says so (server.py says which proxies are believed)."""
    return scope["client"][0] if scope.get("client") else "unknown"


def _method(method: str, path: str, headers: dict[str, str]) -> str:
    """tus lets a client whose world knows neither PATCH nor DELETE name the method in a header."""
    if method != "POST" or not path.startswith(UPLOADS_PATH):
        return method
    return headers.get(OVERRIDE, method)
