"""A WebSocket client in memory, for the relay's socket as an ASGI application: no process, no network."""

import asyncio
from typing import Any

import msgspec

from relay.wire.events import SUBPROTOCOL_MSGPACK, Connect, Connected, Event, FromClient, RelayFrame


class Peer:
    """An ASGI client in memory. stalled: after the answer to Connect, nothing it is sent ever leaves."""

    def __init__(self, *, stalled: bool) -> None:
        self._stalled = stalled
        self._inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbound.put_nowait({"type": "websocket.connect"})
        self.say(Connect())
        self.connected = asyncio.Event()
        self.offsets: list[int] = []
        self.closed_with: int | None = None
        self.wanted = 0
        self.complete = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        return await self._inbound.get()

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            self.closed_with = message["code"]
        if message["type"] != "websocket.send":
            return
        if self._stalled and self.connected.is_set():
            await asyncio.Event().wait()
        for each in msgspec.msgpack.decode(message["bytes"], type=RelayFrame):  # type: ignore[arg-type]
            if isinstance(each, Connected):
                self.connected.set()
            if isinstance(each, Event):
                self.offsets.append(each.o)
                if len(self.offsets) == self.wanted:
                    self.complete.set()

    def say(self, message: FromClient) -> None:
        self._inbound.put_nowait({"type": "websocket.receive", "bytes": msgspec.msgpack.encode([message])})

    def leave(self) -> None:
        self._inbound.put_nowait({"type": "websocket.disconnect", "code": 1000})


def scope_of(token: str) -> dict[str, Any]:
    """What uvicorn says of a connection that brings this access token."""
    return {
        "type": "websocket",
        "headers": [(b"authorization", b"Bearer " + token.encode())],
        "query_string": b"",
        "subprotocols": [SUBPROTOCOL_MSGPACK],
    }
