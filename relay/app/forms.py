"""Forms of our pages as browsers send them: fields alone, or with one file (RFC 7578), read whole and bounded."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs

from msgspec import Struct
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from relay.core.header_lines import boundary_of
from relay.core.refusal import Refusal

MAX_FIELDS = 64
MAX_FIELD_BYTES = 64 * 1024
MAX_PART_HEADER_BYTES = 4096


class Form(Struct, frozen=True, kw_only=True):
    """fields: the first of each name. file: of whichever field has one; empty: none was chosen."""

    fields: dict[str, str]
    file: bytes = b""


def read_fields(body: bytes) -> Form:
    """application/x-www-form-urlencoded. Raises Refusal: malformed, validation. [any]"""
    try:
        found = parse_qs(body.decode(), max_num_fields=MAX_FIELDS)
    except ValueError:
        raise _unreadable() from None
    return Form(fields=_storable({name: values[0] for name, values in found.items()}))


async def read_with_file(pieces: AsyncIterator[bytes], content_type: str, max_file_bytes: int) -> Form:
    """multipart/form-data. Raises Refusal: malformed, validation, too_large, unsupported_media_type. [loop]"""
    parser = PushMultipartParser(
        boundary_of(content_type),
        max_segment_count=MAX_FIELDS,
        max_header_size=MAX_PART_HEADER_BYTES,
        max_segment_size=1 << 40,
    )
    fields: dict[str, bytearray] = {}
    file, into = bytearray(), bytearray()
    try:
        with parser:
            async for chunk in pieces:
                for piece in parser.parse(chunk):
                    if isinstance(piece, MultipartSegment):
                        into = (
                            file
                            if piece.filename is not None
                            else fields.setdefault(str(piece.name), bytearray())
                        )
                    elif piece:
                        into += piece
                        _bound(fields, file, max_file_bytes)
        texts = {name: value.decode() for name, value in fields.items()}
        return Form(fields=_storable(texts), file=bytes(file))
    except (MultipartError, UnicodeDecodeError):
        raise _unreadable() from None


def _storable(fields: dict[str, str]) -> dict[str, str]:
    """Raises Refusal: validation, for what no text can have, whichever field it is typed into."""
    if any("\0" in text for text in fields.values()):
        raise Refusal("validation", "A NUL is no character of a text.", "Leave it out.")
    return fields


def _bound(fields: dict[str, bytearray], file: bytearray, max_file_bytes: int) -> None:
    if len(file) > max_file_bytes:
        raise Refusal(
            "too_large", f"A file has at most {max_file_bytes >> 20} MiB here.", "Choose a smaller one."
        )
    if sum(map(len, fields.values())) > MAX_FIELD_BYTES:
        raise Refusal("too_large", f"The body has at most {MAX_FIELD_BYTES >> 10} KiB.")


def _unreadable() -> Refusal:
    return Refusal("malformed", "The form cannot be read.")
