"""The one file of an upload, as it arrives: multipart/form-data with the part `file`, read whole and bounded."""

import asyncio
from collections.abc import AsyncIterator

from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from relay.core.calls import RequestLost
from relay.core.header_lines import boundary_of
from relay.core.refusal import Refusal
from relay.wire.bounds import unprintable
from relay.wire.samples import MAX_SAMPLE_BYTES, SAMPLE_TYPES

FILE = "file"
ARRIVES_WITHIN_S = 120.0
MAX_PART_HEADER_BYTES = 4096
MAX_BODY_BYTES = MAX_SAMPLE_BYTES + 2 * MAX_PART_HEADER_BYTES
MAX_NAME_CHARS = 100
UNNAMED = "Sample"
SAYS = f"An upload has one part, called {FILE}, with a file in it."


class Arrived(Struct, frozen=True, kw_only=True):
    """name: of the file, without its ending."""

    name: str
    data: bytes


async def arrived(pieces: AsyncIterator[bytes], content_type: str | None) -> Arrived:
    """Raises Refusal: malformed, too_large, too_slow, unsupported_media_type. [loop]"""
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            return await _read(pieces, boundary_of(content_type))
    except TimeoutError:
        raise Refusal("too_slow", "The file did not arrive in time.", "Try again on a faster line.") from None
    except (MultipartError, RequestLost):
        raise Refusal("malformed", "The multipart body cannot be read.") from None


async def _read(pieces: AsyncIterator[bytes], boundary: bytes) -> Arrived:
    parser = PushMultipartParser(
        boundary, max_segment_count=2, max_header_size=MAX_PART_HEADER_BYTES, max_segment_size=1 << 40
    )
    name: str | None = None
    data, received = bytearray(), 0
    with parser:
        async for chunk in pieces:
            received += len(chunk)
            if received > MAX_BODY_BYTES:
                raise too_large()
            for piece in parser.parse(chunk):
                if isinstance(piece, MultipartSegment):
                    name = _begin(piece, name)
                elif piece:
                    data += piece
    if name is None:
        raise Refusal("malformed", SAYS)
    if len(data) > MAX_SAMPLE_BYTES:
        raise too_large()
    return Arrived(name=name, data=bytes(data))


def _begin(segment: MultipartSegment, before: str | None) -> str:
    if before is not None or str(segment.name) != FILE or segment.filename is None:
        raise Refusal("malformed", SAYS)
    if (segment.content_type or "").lower() not in SAMPLE_TYPES:
        raise Refusal(
            "unsupported_media_type", f"A sample is {' or '.join(SAMPLE_TYPES)}.", "Send a WAV or MP3 file."
        )
    return _name_of(str(segment.filename))


def _name_of(filename: str) -> str:
    """As a person would call it: without folders, its ending, and what no text shows."""
    base = filename.replace("\\", "/").rpartition("/")[2].rpartition(".")
    shown = "".join(sign for sign in base[0] or base[2] if unprintable(sign) is None).strip()
    return shown[:MAX_NAME_CHARS].strip() or UNNAMED


def too_large() -> Refusal:
    return Refusal(
        "too_large", f"A sample has at most {MAX_SAMPLE_BYTES >> 20} MB.", "Send a shorter or smaller one."
    )
