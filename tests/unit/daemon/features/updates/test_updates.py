"""The update check: nobody is asked unless a setting names an address; what is told is told, what is wrong is passed over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from daemon.config import Config
from daemon.events import Bus, NewerVersion, SettingsChanged
from daemon.features.updates.updates import INTERVAL_S, RETRY_S, Updates


@asynccontextmanager
async def answering(body: bytes, status: str = "200 OK") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server of this machine; its address, and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/newest", asked


@pytest.mark.parametrize(
    ("body", "status", "told", "wait_s"),
    [
        (b'{"version": "9.1.0", "more": 1}', "200 OK", ["9.1.0"], INTERVAL_S),
        (b'{"version": "0.0.9"}', "200 OK", [""], INTERVAL_S),
        (b'{"version": 7}', "200 OK", [], RETRY_S),
        (b"<html>", "200 OK", [], RETRY_S),
        (b"", "503 Busy", [], RETRY_S),
        (b"", "302 Found", [], RETRY_S),
    ],
)
async def test_what_is_newer_is_told(body: bytes, status: str, told: list[str], wait_s: float) -> None:
    bus, found = Bus(), list[str]()
    bus.on(NewerVersion, lambda event: found.append(event.version))
    async with answering(body, status) as (address, asked):
        assert await Updates(lambda: address, "0.1.0", bus).look(address) == wait_s
    assert found == told and len(asked) == 1 and asked[0].startswith(b"GET /newest ")


async def test_nobody_is_asked_until_a_setting_says_so() -> None:
    bus, newer = Bus(), asyncio.Event()
    bus.on(NewerVersion, lambda _: newer.set())
    async with answering(b'{"version": "9.0"}') as (address, asked):
        set_to = [""]
        running = asyncio.create_task(Updates(lambda: set_to[0], "0.1.0", bus).run())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not asked
        set_to[0] = address
        bus.tell(SettingsChanged(config=Config(update_check=address)))
        await asyncio.wait_for(newer.wait(), 60)
        running.cancel()
        await asyncio.wait({running})
    assert len(asked) == 1
