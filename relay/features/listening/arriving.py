"""The files of a multipart body, one after the other, while it streams: bounded, each with the name that it has on the sender's side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from relay.core.calls import RequestLost
from relay.core.refusal import Refusal
from relay.core.sizes import in_words
from relay.wire.bounds import unprintable
from relay.wire.listening import MAX_FILE_NAME

ARRIVES_WITHIN_S = 600.0
MAX_PART_HEADER_BYTES = 4096
UNNAMED = "sound"


class Begun(Struct, frozen=True):
    """A part begins: its name, and its file's."""

    part: str
    file_name: str


class Sent(Struct, frozen=True):
    """A file that is here. upload_id: of what Receive gave."""

    name: str
    upload_id: str


Receive = Callable[[AsyncIterator[bytes]], Awaitable[str]]
"""Stores what is left of a file; the id of its upload."""


async def received(
    body: AsyncIterator[bytes], boundary: bytes, names: Sequence[str], max_bytes: int, receive: Receive
) -> list[Sent]:
    """names: of the parts, in order; max_bytes: of each. Raises Refusal: malformed, too_large; and what receive raises. [loop]"""
    pieces = _pieces(body, boundary, names, max_bytes)
    found = list[Sent]()
    async for piece in pieces:
        assert isinstance(piece, Begun), "receive reads a file to its end"
        found.append(Sent(piece.file_name, await receive(_file(pieces))))
    if len(found) != len(names):
        raise _malformed(names)
    return found


async def _file(pieces: AsyncIterator[Begun | bytes]) -> AsyncIterator[bytes]:
    """The bytes up to the end of the part, which is said by an empty one."""
    async for piece in pieces:
        assert isinstance(piece, bytes)
        if not piece:
            return
        yield piece


async def _pieces(
    body: AsyncIterator[bytes], boundary: bytes, names: Sequence[str], max_bytes: int
) -> AsyncIterator[Begun | bytes]:
    parser = PushMultipartParser(
        boundary,
        max_segment_count=len(names) + 1,
        max_header_size=MAX_PART_HEADER_BYTES,
        max_segment_size=1 << 40,
    )
    left, size_bytes = list(names), 0
    try:
        with parser:
            async for chunk in _timed(body):
                for piece in parser.parse(chunk):
                    if isinstance(piece, MultipartSegment):
                        size_bytes = 0
                        yield _begun(piece, left, names)
                    elif piece:
                        size_bytes += len(piece)
                        if size_bytes > max_bytes:
                            raise too_large(max_bytes)
                        yield bytes(piece)
                    else:
                        yield b""
    except (MultipartError, RequestLost):
        raise Refusal("malformed", "The multipart body cannot be read.") from None


def _begun(segment: MultipartSegment, left: list[str], names: Sequence[str]) -> Begun:
    if not left or str(segment.name) != left.pop(0) or segment.filename is None:
        raise _malformed(names)
    base = str(segment.filename).replace("\\", "/").rpartition("/")[2]
    shown = "".join(sign for sign in base if unprintable(sign) is None).strip()
    return Begun(str(segment.name), shown[-MAX_FILE_NAME:].strip() or UNNAMED)


async def _timed(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Raises Refusal: too_slow."""
    until_s = asyncio.get_running_loop().time() + ARRIVES_WITHIN_S
    pieces = aiter(body)
    while True:
        try:
            async with asyncio.timeout_at(until_s):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Refusal(
                "too_slow", "The file did not arrive in time.", "Try again on a faster line."
            ) from None
        yield piece


def _malformed(names: Sequence[str]) -> Refusal:
    return Refusal(
        "malformed", f"What is sent has a file in each of these parts, in this order: {', '.join(names)}."
    )


def too_large(max_bytes: int) -> Refusal:
    return Refusal("too_large", f"A file has at most {in_words(max_bytes)}.", "Send a shorter stretch.")
