"""Who edits a document with others, by a client that we did not write: pycrdt's provider over its own channel."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from pycrdt import Doc, Map, Provider
from pycrdt.websocket.websocket import HttpxWebsocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.deadlines import HANG_S
from tests.support.relay import RelayClient


class _Line:
    """What the channel asks of a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send_bytes(self, data: bytes) -> None:
        with suppress(
            ConnectionClosed
        ):  # it was cut: what is not sent is missing, and asked for when it is back
            await self._connection.send(data)

    async def receive_bytes(self) -> bytes:
        data = await self._connection.recv()
        assert isinstance(data, bytes)
        return data


class Editor:
    """A document of somebody's, which is theirs also while they are not connected."""

    def __init__(self, client: RelayClient, creation_id: str, link: str | None = None) -> None:
        self._client = client
        self._address = document_address(client, creation_id, link)
        self.doc: Doc[Any] = Doc()
        self.score: Map[Any] = self.doc.get("score", type=Map)
        self.connection: ClientConnection | None = None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """The line may be cut meanwhile."""
        headers = bearer(self._client)
        self.connection = await connect(
            self._address, additional_headers=headers, proxy=None, open_timeout=HANG_S
        )
        channel = HttpxWebsocket(_Line(self.connection), self._address)
        async with self.connection, Provider(self.doc, channel) as provider:
            async with asyncio.timeout(HANG_S):
                await provider.synced.wait()
            yield

    async def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The score, as soon as something holds of it."""
        async with asyncio.timeout(HANG_S):
            while not holds(found := self.tree()):
                await asyncio.sleep(0.01)
        return found

    def tree(self) -> dict[str, Any]:
        found: dict[str, Any] = self.score.to_py() or {}
        return found


def document_address(client: RelayClient, creation_id: str, link: str | None = None) -> str:
    """Of the WebSocket of a document."""
    query = "" if link is None else f"?link={link}"
    return f"{client.url.replace('http', 'ws', 1)}/api/v1/coedit/{creation_id}{query}"


def bearer(client: RelayClient) -> dict[str, str]:
    """The headers of who is signed in; of nobody none."""
    return {} if client.pair is None else {"Authorization": f"Bearer {client.pair.access_token}"}
