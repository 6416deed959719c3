"""A WebSocket client of a relay in memory, as an ASGI server hands it on."""

import asyncio
from typing import Any

from tests.support.asgi_peer import InMemory
from tests.support.deadlines import HANG_S


class AsgiSocket:
    """Of whoever has this token."""

    def __init__(
        self, peer: InMemory, path: str, token: str | None, query: str = "", origin: str | None = None
    ) -> None:
        headers = [(b"host", b"relay")]
        headers += [(b"authorization", b"Bearer " + token.encode())] if token else []
        headers += [(b"origin", origin.encode())] if origin else []
        self._scope = {
            "type": "websocket",
            "path": path,
            "headers": headers,
            "query_string": query.encode(),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        self._inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbound.put_nowait({"type": "websocket.connect"})
        self.outbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        app: Any = peer.relay.app
        self._serving = asyncio.create_task(app(self._scope, self._inbound.get, self._put))

    async def _put(self, message: Any) -> None:
        await self.outbound.put(dict(message))

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.outbound.get(), HANG_S)

    def send(self, **message: object) -> None:
        self._inbound.put_nowait({"type": "websocket.receive", **message})

    async def closed(self) -> int:
        """With which code, whatever was told before."""
        while (message := await self.next())["type"] != "websocket.close":
            pass
        await self.ended()
        return int(message["code"])

    async def ended(self) -> None:
        await asyncio.wait_for(self._serving, HANG_S)

    async def leave(self) -> None:
        self._inbound.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.ended()
