"""What a handler answers, on its way out: JSON, bytes, or a stream in small pieces whose reader has to keep reading."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from relay.app import cookies
from relay.core.calls import Answer

Message = MutableMapping[str, Any]  # ASGI's own type
Send = Callable[[Message], Awaitable[None]]

STALL_S = 30.0
"""A reader that takes no piece for so long has gone, or holds our memory on purpose."""
JSON = "application/json"


class Stalled(Exception):
    """The reader of a stream does not read."""


async def send_answer(
    send: Send, answer: Answer[Any], *, status: int, head: bool, secure: bool
) -> None:  # any: of any value
    """status: where the answer names none. head: the same headers, and no body. Raises Stalled."""
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
    await send({"type": "http.response.start", "status": number, "headers": headers})
    if answer.stream is not None:
        await _send_stream(send, answer, head)
    else:
        await send({"type": "http.response.body", "body": b"" if head else content})


async def _send_stream(send: Send, answer: Answer[Any], head: bool) -> None:
    assert answer.stream is not None
    try:
        if not head:
            async for piece in answer.stream:
                await _in_time(send({"type": "http.response.body", "body": piece, "more_body": True}))
        await _in_time(send({"type": "http.response.body", "body": b""}))
    finally:
        close = getattr(answer.stream, "aclose", None)
        if close is not None:
            await close()


async def _in_time(sending: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(STALL_S):
            await sending
    except TimeoutError:
        raise Stalled from None
