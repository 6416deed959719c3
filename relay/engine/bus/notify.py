"""PostgreSQL as the wire: LISTEN and NOTIFY, for a relay of several processes without a Valkey.

A notification is text of less than 8,000 bytes (documentation of NOTIFY), so frames go as Base64 in parts that fit.
"""

import asyncio
import base64
from collections.abc import Callable, Sequence
from contextlib import suppress

import psycopg

from relay.engine.bus.wired import ANSWER_LIMIT_S, CONNECT_LIMIT_S, PING_S
from relay.engine.database.postgres_connection import Address

MAX_PAYLOAD_BYTES = 7_999
FRAME_HEAD_BYTES = 128
"""Of a frame beside its data, at most: sender, topic, numbers."""


class NotifyWire:
    """[loop]"""

    part_bytes = MAX_PAYLOAD_BYTES // 4 * 3 - FRAME_HEAD_BYTES

    def __init__(self, address: Address) -> None:
        self._url = address.url
        self._channel = f"{address.channel}_bus"
        self._sending: psycopg.AsyncConnection | None = None

    async def receive(self, up: Callable[[], None], heard: Callable[[bytes], None]) -> None:
        connection = await self._connect()
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await connection.execute(f'LISTEN "{self._channel}"'.encode())
            up()
            while True:
                async for notification in connection.notifies(timeout=PING_S):
                    heard(base64.b64decode(notification.payload))
                async with asyncio.timeout(ANSWER_LIMIT_S):
                    await connection.execute("SELECT 1")
        finally:
            with suppress(psycopg.Error, OSError):  # what ended us is what is told
                await connection.close()

    async def send(self, frames: Sequence[bytes]) -> None:
        payloads = [base64.b64encode(frame).decode() for frame in frames]
        if self._sending is None:
            self._sending = await self._connect()
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await self._sending.execute(
                    "SELECT pg_notify(%s, each) FROM unnest(%s::text[]) AS each", (self._channel, payloads)
                )
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        if self._sending is not None:
            connection, self._sending = self._sending, None
            await connection.close()

    async def _connect(self) -> psycopg.AsyncConnection:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            return await psycopg.AsyncConnection.connect(self._url, autocommit=True)
