"""A relay in the test's own loop, and clients of it in memory: no process, no network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from relay.app.build import Relay, build
from relay.app.config import Config
from relay.app.http_protocol import TRANSPORT_KEY
from relay.core.buckets import Limit
from relay.core.limits import LIMITS
from relay.wire.events import SUBPROTOCOL_MSGPACK, Connect, Connected, Event, Frames, FromClient
from relay.wire.identity import Device, TokenPair, claim_message
from tests.support.relay import b64, device_facts

ADDRESS = "http://relay"


class InMemory:
    """A relay for development, asked by REST as by anybody."""

    def __init__(self, relay: Relay, http: httpx.AsyncClient) -> None:
        self.relay = relay
        self.http = http

    async def ask(self, path: str, body: object, token: str | None = None) -> httpx.Response:
        """POST under /api/v1. Raises for a refusal."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        answer = await self.http.post(f"/api/v1{path}", json=body, headers=headers)
        return answer.raise_for_status()

    async def claimed(self, username: str) -> TokenPair:
        """A new device of this account."""
        key = Ed25519PrivateKey.generate()
        facts = device_facts(key, b64(key.public_key().public_bytes_raw()))
        device = msgspec.json.decode((await self.ask("/auth/device", facts)).content, type=Device)
        signed = {
            "device_id": device.device_id,
            "username": username,
            "challenge": device.challenge,
            "signature": b64(key.sign(claim_message(device.device_id, device.challenge))),
        }
        return msgspec.json.decode((await self.ask("/auth/claim", signed)).content, type=TokenPair)

    def connect(self, token: str, peer: "Peer") -> "asyncio.Task[None]":
        """A WebSocket of whoever has this token; ends with the connection."""

        async def serve() -> None:
            await self.relay.app(scope_of(token), peer.receive, peer.send)

        return asyncio.create_task(serve())


class _Line:
    """Stands in for the transport of a connection that nobody ends."""

    def is_closing(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:  # any: whatever is asked of a transport
        return lambda *_, **__: None


def _with_line(app: Any) -> Any:  # any: an ASGI application
    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {"state": {TRANSPORT_KEY: _Line()}}, receive, send)

    return serve


@asynccontextmanager
async def relay_in_memory(data: Path, database_url: str | None = None) -> AsyncIterator[InMemory]:
    """database_url None: the file in its folder."""
    relay = await build(Config(data=data, dev=True, database_url=database_url), ADDRESS)
    transport = httpx.ASGITransport(app=_with_line(relay.app))
    try:
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
            yield InMemory(relay, http)
    finally:
        await relay.close()


@asynccontextmanager
async def unlimited_relay_in_memory(data: Path, database_url: str) -> AsyncIterator[InMemory]:
    """One on which everybody may ask as often as a test does. database_url: not PostgreSQL's means the file in its folder."""
    url = database_url if database_url.startswith("postgresql") else None
    async with relay_in_memory(data, url) as peer:
        peer.relay.engines.limits._limits = {
            kind: Limit(1 << 30, each.window_us) for kind, each in LIMITS.items()
        }
        yield peer


class Peer:
    """A WebSocket client. stalled: after the answer to Connect, nothing it is sent ever leaves."""

    def __init__(self, *, stalled: bool) -> None:
        self._stalled = stalled
        self._frames = Frames(json=False)
        self._inbound: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbound.put_nowait({"type": "websocket.connect"})
        self.say(Connect())
        self.connected = asyncio.Event()
        self.events: list[Event] = []
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
        for each in self._frames.of_relay(message["bytes"])[1]:
            if isinstance(each, Connected):
                self.connected.set()
            if isinstance(each, Event):
                self.events.append(each)
                if len(self.events) == self.wanted:
                    self.complete.set()

    def say(self, message: FromClient) -> None:
        self._inbound.put_nowait({"type": "websocket.receive", "bytes": msgspec.msgpack.encode([message])})

    def leave(self) -> None:
        self._inbound.put_nowait({"type": "websocket.disconnect", "code": 1000})


def scope_of(token: str) -> dict[str, Any]:
    """What uvicorn says of a connection that brings this access token."""
    return {
        "type": "websocket",
        "path": "/api/v1/ws",
        "headers": [(b"host", b"relay"), (b"authorization", b"Bearer " + token.encode())],
        "query_string": b"",
        "subprotocols": [SUBPROTOCOL_MSGPACK],
    }
