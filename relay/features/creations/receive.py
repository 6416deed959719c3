"""A multipart body with the parts meta and audio, read while it streams, its limits enforced on the way."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from relay.core.calls import RequestLost
from relay.core.refusal import Refusal
from relay.core.sizes import in_words
from relay.wire.rest import UploadMeta

MAX_META_BYTES = 64 * 1024
MAX_PARTS = 8
MAX_PART_HEADER_BYTES = 4096
OVERHEAD_BYTES = MAX_META_BYTES + MAX_PARTS * MAX_PART_HEADER_BYTES
MAX_SECONDS = 600


def announced_bytes(length: str | None, max_bytes: int) -> int:
    """The most that the audio of a body can have. Refuses what says itself that it is too large. Raises Refusal: too_large."""
    if length is None or not length.isdecimal():
        return max_bytes
    if len(length) > 12 or int(length) > max_bytes + OVERHEAD_BYTES:
        raise too_large(max_bytes)
    return min(int(length), max_bytes)


class Form:
    """body: of the request. Iterating gives the bytes of the audio part; then `meta` is there.

    Raises Refusal: too_large, malformed, validation, while it is iterated.
    """

    def __init__(self, body: AsyncIterator[bytes], separator: bytes, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._body = body
        self._separator = separator
        self._meta = bytearray()

    @property
    def meta(self) -> UploadMeta:
        """Raises Refusal: validation, malformed."""
        try:
            return msgspec.json.decode(self._meta, type=UploadMeta)
        except msgspec.ValidationError as error:
            raise Refusal("validation", f"meta: {error}", "See /api/docs for the limits.") from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise Refusal("malformed", "meta is not JSON.") from None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen: set[str] = set()
        name, written, received = "", 0, 0
        parser = PushMultipartParser(
            self._separator,
            max_segment_count=MAX_PARTS,
            max_header_size=MAX_PART_HEADER_BYTES,
            max_segment_size=1 << 40,
        )
        try:
            with parser:
                async for chunk in _timed(self._body):
                    received += len(chunk)
                    if received > self._max_bytes + OVERHEAD_BYTES:
                        raise too_large(self._max_bytes)
                    for piece in parser.parse(chunk):
                        if isinstance(piece, MultipartSegment):
                            name = _name_of(piece, seen)
                        elif piece and name == "audio":
                            written += len(piece)
                            if written > self._max_bytes:
                                raise too_large(self._max_bytes)
                            yield bytes(piece)
                        elif piece:
                            self._add_meta(piece)
        except MultipartError:
            raise Refusal("malformed", "The multipart body cannot be read.") from None
        except RequestLost:
            raise Refusal("malformed", "The request ended before its body did.") from None
        if seen != {"meta", "audio"}:
            raise Refusal("malformed", "An upload has the parts meta and audio, each once.")

    def _add_meta(self, piece: bytes | bytearray) -> None:
        self._meta += piece
        if len(self._meta) > MAX_META_BYTES:
            raise too_large(self._max_bytes)


def _name_of(segment: MultipartSegment, seen: set[str]) -> str:
    name = str(segment.name)
    if name in seen or name not in ("meta", "audio"):
        raise Refusal("malformed", "An upload has the parts meta and audio, each once.")
    seen.add(name)
    return name


async def _timed(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Raises Refusal: malformed, when the whole takes MAX_SECONDS."""
    until_s = asyncio.get_running_loop().time() + MAX_SECONDS
    pieces = aiter(body)
    while True:
        try:
            async with asyncio.timeout_at(until_s):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Refusal("malformed", "The upload took too long.", "Try again on a faster line.") from None
        yield piece


def too_large(max_bytes: int) -> Refusal:
    return Refusal("too_large", f"An upload has at most {in_words(max_bytes)}.", "Send a shorter stretch.")
