"""What a stranger may hold of the relay's HTTP server without asking for anything: a connection, for a while, a little memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

import relay.app.http_protocol as served
from relay.app.http_protocol import MAX_HEAD_BYTES, HttpProtocol
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S
SOON_S = 0.3
App = Callable[[Any, Any, Any], Awaitable[None]]


async def hello(_: Any, __: Any, send: Any) -> None:
    """Answers at once, whatever is still on its way."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def echo_length(_: Any, receive: Any, send: Any) -> None:
    """Answers when the whole body is here."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    said = b"%d" % size
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]}
    )
    await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[int]:
    """The port."""
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="off")
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpProtocol(config, state, {}), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def all_that_comes(port: int, *pieces: bytes) -> bytes:
    """Send, and read until the other side ends it."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.read()
        finally:
            writer.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "HEAD_LIMIT_S", SOON_S)
    monkeypatch.setattr(served, "LINGER_S", SOON_S)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (b"", b""),
        (b"GET / HT", b"HTTP/1.1 408 "),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.1 408 "),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", b"HTTP/1.1 200 "),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx", b"HTTP/1.1 200 "),
    ],
    ids=["nothing", "half a line", "half a head", "half a second head", "a body that never ends"],
)
@pytest.mark.usefixtures("hasty")
async def test_who_says_nothing_more_is_let_go(said: bytes, answer: bytes) -> None:
    async with serving(hello) as port:
        assert (await all_that_comes(port, said)).startswith(answer)


@pytest.mark.parametrize(
    "piece", [b"a" * 4096, b"".join(b"X-%d: y\r\n" % n for n in range(400))], ids=["one header", "many"]
)
async def test_a_head_without_end_is_refused(piece: bytes) -> None:
    async with serving(hello) as port:
        answer = await all_that_comes(port, b"GET / HTTP/1.1\r\nHost: x\r\nX: y\r\nZ: ", *[piece] * 5)
        assert answer.startswith(b"HTTP/1.1 431 ")
    assert MAX_HEAD_BYTES < 5 * 4096


@pytest.mark.usefixtures("hasty")
async def test_a_slow_body_and_a_large_one_are_the_applications_business() -> None:
    """And a connection that is used for many requests is used for as long as they come."""
    async with serving(echo_length) as port, asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        size = 4 * MAX_HEAD_BYTES
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
            writer.write(b"x" * (size - 1))
            await writer.drain()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2 * SOON_S):
                    await reader.read(1)
            writer.write(b"x")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ") and await reader.readexactly(5) == b"%d" % size
        writer.close()
