"""Valkey (or Redis) as the wire: PUBLISH and SUBSCRIBE on one channel, no keys. Only this module knows its client."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import valkey.asyncio as client
from valkey.exceptions import ValkeyError

from relay.engine.bus.door import MAX_MESSAGE_BYTES
from relay.engine.bus.wired import ANSWER_LIMIT_S, CONNECT_LIMIT_S, PING_S


class ValkeyWire:
    """channel: of one relay; databases of a server do not separate channels. [loop]"""

    part_bytes = MAX_MESSAGE_BYTES

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._sending = self._connect()

    async def receive(self, up: Callable[[], None], heard: Callable[[bytes], None]) -> None:
        """The client connects anew by itself; that it has, its answer to SUBSCRIBE says."""
        connection = self._connect()
        try:
            subscription = connection.pubsub()
            async with asyncio.timeout(CONNECT_LIMIT_S + ANSWER_LIMIT_S):
                await subscription.subscribe(self._channel)
            while True:
                message = await subscription.get_message(timeout=PING_S)
                if message is None:
                    await subscription.ping()
                    message = await subscription.get_message(timeout=ANSWER_LIMIT_S)
                if message is None:
                    raise TimeoutError("Valkey did not answer a ping")
                if message["type"] == "subscribe":
                    up()
                elif message["type"] == "message":
                    heard(message["data"])
        finally:
            with suppress(ValkeyError, OSError):  # what ended us is what is told
                await connection.aclose()

    async def send(self, frames: Sequence[bytes]) -> None:
        async with asyncio.timeout(CONNECT_LIMIT_S + ANSWER_LIMIT_S):
            async with self._sending.pipeline(transaction=False) as pipeline:
                for frame in frames:
                    pipeline.publish(self._channel, frame)
                await pipeline.execute()

    async def close(self) -> None:
        await self._sending.aclose()

    def _connect(self) -> client.Valkey:
        connection: client.Valkey = client.Valkey.from_url(
            self._url, socket_connect_timeout=CONNECT_LIMIT_S, socket_timeout=ANSWER_LIMIT_S
        )
        return connection
