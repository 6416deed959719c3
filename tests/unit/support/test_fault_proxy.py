"""The proxy breaks what it is told to break, and nothing else: the tests that use it believe its counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.deadlines import HANG_S
from tests.support.fault_proxy import FaultProxy

LIMIT_S = HANG_S


class Echo:
    """Answers each line with `+`, the line, and says what it saw."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.ended = asyncio.Event()
        self.serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving[asyncio.create_task(self.serve(reader, writer))] = writer

    async def end(self) -> None:
        for writer in self.serving.values():
            writer.transport.abort()
        await asyncio.gather(*self.serving)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.lines.append(line)
                writer.write(b"+" + line)
        except ConnectionError:
            pass
        finally:
            self.ended.set()
            writer.close()


@asynccontextmanager
async def through() -> AsyncIterator[tuple[FaultProxy, Echo]]:
    echo = Echo()
    server = await asyncio.start_server(echo.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with FaultProxy(f"http://127.0.0.1:{port}") as proxy:
        yield proxy, echo
    server.close()
    await echo.end()


async def ask(proxy: FaultProxy, *lines: bytes) -> list[bytes]:
    """Each line's answer. Raises ConnectionError when the line is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        answers = []
        for line in lines:
            writer.write(line + b"\n")
            async with asyncio.timeout(LIMIT_S):
                answer = await reader.readline()
            if not answer:
                raise ConnectionResetError
            answers.append(answer.strip())
        return answers
    finally:
        writer.transport.abort()


async def test_it_carries_and_counts() -> None:
    async with through() as (proxy, echo):
        assert await ask(proxy, b"one", b"two") == [b"+one", b"+two"]
        assert (proxy.up_bytes, proxy.down_bytes, proxy.connections, proxy.cuts) == (8, 10, 1, 0)
        assert echo.lines == [b"one\n", b"two\n"]


async def test_down_means_refused_until_it_is_back() -> None:
    async with through() as (proxy, echo):
        proxy.down = True
        with pytest.raises(ConnectionError):
            await ask(proxy, b"one")
        proxy.down = False
        assert await ask(proxy, b"two") == [b"+two"]
        assert echo.lines == [b"two\n"]


async def test_a_connection_is_cut_at_the_byte() -> None:
    async with through() as (proxy, echo):
        proxy.cut_after = lambda: 6
        with pytest.raises(ConnectionError):
            await ask(proxy, b"one", b"two")
        assert (proxy.cuts, echo.lines) == (1, [b"one\n"])


async def test_a_lost_reply_was_a_request_that_arrived() -> None:
    async with through() as (proxy, echo):
        proxy.lose_reply = lambda head: head.startswith(b"two")
        with pytest.raises(ConnectionError):
            await ask(proxy, b"one", b"two")
        assert (proxy.lost_replies, echo.lines) == (1, [b"one\n", b"two\n"])


async def test_after_a_half_open_cut_the_server_hears_nothing() -> None:
    async with through() as (proxy, echo):
        proxy.half_open, proxy.cut_after = True, lambda: 6
        with pytest.raises(ConnectionError):
            await ask(proxy, b"one", b"two")
        proxy.cut_after = lambda: None
        assert await ask(proxy, b"three") == [b"+three"]
        assert not echo.ended.is_set()


async def test_silence_closes_nothing() -> None:
    async with through() as (proxy, echo):
        proxy.silent = True
        asking = asyncio.create_task(ask(proxy, b"one"))
        while not proxy.connections:
            await asyncio.sleep(0)
        assert not asking.done() and not echo.lines
        proxy.silent = False
        assert await asking == [b"+one"]


async def test_a_slow_line_is_as_slow_as_it_is_told() -> None:
    async with through() as (proxy, _):
        proxy.bytes_per_s = 100.0
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await ask(proxy, b"x" * 19)
        assert loop.time() - began_s >= 0.2
