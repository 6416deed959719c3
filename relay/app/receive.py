"""Receiving an upload: a multipart body straight into a file, its limits enforced while it streams."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
from litestar.params import HeaderParameter
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from relay.core.refusal import Refusal
from relay.wire.rest import MAX_UPLOAD_BYTES, UploadMeta

MAX_META_BYTES = 64 * 1024
MAX_PARTS = 8
MAX_PART_HEADER_BYTES = 4096
OVERHEAD_BYTES = MAX_META_BYTES + MAX_PARTS * MAX_PART_HEADER_BYTES
MAX_SECONDS = 600
_BOUNDARY = re.compile(
    r"""multipart/form-data\s*;.*?boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))""", re.I | re.S
)
EntryKey = Annotated[str | None, HeaderParameter(name="Idempotency-Key", description="32 hex digits")]
_KEY = re.compile(r"[0-9a-f]{32}")


def idempotency_key(header: str | None) -> str:
    """Raises Refusal: idempotency_key_required."""
    if header is None or _KEY.fullmatch(header) is None:
        raise Refusal("idempotency_key_required", "An upload needs the header Idempotency-Key with 32 hex digits.",
                      "Send the id of your outbox entry.")  # fmt: skip
    return header


def boundary(content_type: str | None) -> bytes:
    """Raises Refusal: unsupported_media_type."""
    found = _BOUNDARY.match(content_type or "")
    if found is None or not (found[1] or found[2]).isascii():
        raise Refusal(
            "unsupported_media_type", "An upload is multipart/form-data with the parts meta and audio."
        )
    return str(found[1] or found[2]).encode()


def check_length(header: str | None) -> None:
    """Refuse what says itself that it is too large, before reading it. Raises Refusal: too_large."""
    if (
        header is not None
        and header.isdecimal()
        and (len(header) > 12 or int(header) > MAX_UPLOAD_BYTES + OVERHEAD_BYTES)
    ):
        raise _too_large()


async def receive(body: AsyncIterator[bytes], separator: bytes, file: Path) -> tuple[UploadMeta, str]:
    """Write the audio part to file; return meta and the SHA-256 that was counted.

    Raises Refusal: too_large, malformed, validation.
    """
    try:
        async with asyncio.timeout(MAX_SECONDS):
            with file.open("wb") as target:
                return await _parse(body, separator, target)
    except TimeoutError:
        raise Refusal("malformed", "The upload took too long.", "Try again on a faster line.") from None


async def _parse(body: AsyncIterator[bytes], separator: bytes, target: BinaryIO) -> tuple[UploadMeta, str]:
    meta = bytearray()
    digest = hashlib.sha256()
    seen: set[str] = set()
    name, written, received = "", 0, 0
    parser = PushMultipartParser(
        separator,
        max_segment_count=MAX_PARTS,
        max_header_size=MAX_PART_HEADER_BYTES,
        max_segment_size=1 << 40,
    )
    try:
        with parser:
            async for chunk in body:
                received += len(chunk)
                if received > MAX_UPLOAD_BYTES + OVERHEAD_BYTES:
                    raise _too_large()
                for piece in parser.parse(chunk):
                    if isinstance(piece, MultipartSegment):
                        name = piece.name
                        if name in seen or name not in ("meta", "audio"):
                            raise Refusal("malformed", "An upload has the parts meta and audio, each once.")
                        seen.add(name)
                    elif piece and name == "audio":
                        written += len(piece)
                        if written > MAX_UPLOAD_BYTES:
                            raise _too_large()
                        digest.update(piece)
                        target.write(piece)
                    elif piece:
                        meta += piece
                        if len(meta) > MAX_META_BYTES:
                            raise _too_large()
    except MultipartError:
        raise Refusal("malformed", "The multipart body cannot be read.") from None
    if seen != {"meta", "audio"}:
        raise Refusal("malformed", "An upload has the parts meta and audio, each once.")
    return _read_meta(bytes(meta)), digest.hexdigest()


def _read_meta(data: bytes) -> UploadMeta:
    try:
        return msgspec.json.decode(data, type=UploadMeta)
    except msgspec.ValidationError as error:
        raise Refusal("validation", f"meta: {error}", "See /api/docs for the limits.") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal("malformed", "meta is not JSON.") from None


def _too_large() -> Refusal:
    return Refusal(
        "too_large", f"An upload has at most {MAX_UPLOAD_BYTES >> 20} MiB.", "Send a shorter stretch."
    )
