"""Feed cursors: the last item of a page, opaque to clients. Keyset, so pages neither repeat nor skip."""

import base64
import binascii
import re

from msgspec import Struct

from relay.core.refusal import Refusal

_FORM = re.compile(rb"([0-9]{1,18})\.([0-9a-f]{32})")


class Cursor(Struct, frozen=True):
    """Everything strictly older than (at_us, id) in descending order."""

    at_us: int
    id: str


def write_cursor(cursor: Cursor) -> str:
    """base64url without padding. [any]"""
    return base64.urlsafe_b64encode(f"{cursor.at_us}.{cursor.id}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The inverse. Raises Refusal: cursor_invalid. [any]"""
    try:
        raw = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    found = _FORM.fullmatch(raw)
    if found is None:
        raise Refusal("cursor_invalid", "This cursor was not made by this relay.", "Start without a cursor.")
    return Cursor(int(found[1]), found[2].decode())


BEGINNING = Cursor(1 << 62, "g")
"""Before the newest: later than anything."""
