"""Feed cursors: the last item of a page, opaque to clients. Keyset, so pages neither repeat nor skip."""

import base64
import binascii
import re
import struct

from msgspec import Struct

from relay.core.refusal import Refusal

_NUMBER = struct.Struct(">Q")
_PLACE = struct.Struct(">Q16s")
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
    found = _FORM.fullmatch(_decoded(text))
    if found is None:
        raise _not_ours()
    return Cursor(int(found[1]), found[2].decode())


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _not_ours() -> Refusal:
    return Refusal("cursor_invalid", "This cursor was not made by this relay.", "Start without a cursor.")


class Places(Struct, frozen=True):
    """Where a page of a list by rank ended, in each of the lists that it is made of. as_of_us: when its first page was read."""

    as_of_us: int
    at: tuple[Cursor, ...]


def write_places(places: Places) -> str:
    """base64url without padding. [any]"""
    at = b"".join(_PLACE.pack(each.at_us, bytes.fromhex(each.id)) for each in places.at)
    return base64.urlsafe_b64encode(_NUMBER.pack(places.as_of_us) + at).decode().rstrip("=")


def read_places(text: str, lists: int) -> Places:
    """The inverse; lists: how many it is made of. Raises Refusal: cursor_invalid. [any]"""
    raw = _decoded(text)
    if len(raw) != _NUMBER.size + lists * _PLACE.size:
        raise _not_ours()
    (as_of_us,), found = _NUMBER.unpack_from(raw), [*_PLACE.iter_unpack(raw[_NUMBER.size :])]
    if any(number > BEGINNING.at_us for number in (as_of_us, *(at_us for at_us, _ in found))):
        raise _not_ours()
    return Places(as_of_us, tuple(Cursor(at_us, id_.hex()) for at_us, id_ in found))


BEGINNING = Cursor(1 << 62, "f" * 32)
"""Before the newest: later than anything."""
