"""What a handler answers, on its way out: JSON, bytes, or a stream in small pieces whose reader has to keep reading."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from relay.app import cookies
from relay.core.calls import Answer

Message = MutableMapping[str, Any]  # ASGI's own type
Send = Callable[[Message], Awaitable[None]]

SEND_BYTES = 32 * 1024
"""What is given to a connection at a time: it holds all of that for a reader who takes none."""
STALL_S = 30.0
"""A reader that takes nothing for so long has gone, or holds our memory on purpose."""
JSON = "application/json"


class Stalled(Exception):
    """Nobody reads, or nobody is there."""


async def send_answer(
    send: Send,
    answer: Answer[Any],  # any: of any value
    *,
    status: int,
    head: bool,
    secure: bool,
    complete: Callable[[list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]],
    is_gone: Callable[[], bool],
) -> None:
    """status: where the answer names none. head: the same headers, and no body. complete: adds the headers of all answers.
    is_gone: whether nobody reads any more.

    Raises Stalled.
    """
    content, media_type = answer.content, answer.media_type
    if answer.value is not None:
        content, media_type = msgspec.json.encode(answer.value), media_type or JSON
    number = answer.status or status
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    for cookie, (secret, max_age_s) in answer.cookies.items():
        headers.append((b"set-cookie", cookies.header(cookie, secret, max_age_s, secure).encode()))
    if media_type is not None:
        headers.append((b"content-type", media_type.encode()))
    if number not in (204, 304):
        size_bytes = len(content) if answer.size_bytes is None else answer.size_bytes
        headers.append((b"content-length", str(size_bytes).encode()))
    start = {"type": "http.response.start", "status": number, "headers": complete(headers)}
    if answer.stream is not None:
        await _in_time(send(start))
        await _send_stream(send, answer, head, is_gone)
    else:
        await _in_time(
            _send_both(send, start, {"type": "http.response.body", "body": b"" if head else content})
        )


async def _send_both(send: Send, start: Message, body: Message) -> None:
    await send(start)
    await send(body)


async def _send_stream(send: Send, answer: Answer[Any], head: bool, is_gone: Callable[[], bool]) -> None:
    """To who is gone, uvicorn says of every piece that it was sent: the rest would be read for nobody."""
    assert answer.stream is not None
    try:
        if not head:
            async for piece in answer.stream:
                if is_gone():
                    raise Stalled
                for at in range(0, len(piece), SEND_BYTES):
                    body = piece[at : at + SEND_BYTES]
                    await _in_time(send({"type": "http.response.body", "body": body, "more_body": True}))
        await _in_time(send({"type": "http.response.body", "body": b""}))
    finally:
        await end_stream(answer.stream)


async def end_stream(stream: AsyncIterator[bytes]) -> None:
    """What it holds open is closed, wherever it has come to."""
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()


async def _in_time(sending: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(STALL_S):
            await sending
    except TimeoutError:
        raise Stalled from None
