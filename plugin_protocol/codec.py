"""Bytes to messages and back: the one door through which a peer's bytes become values.

Two steps, so that neither trusts the other. `msgpack` parses under hard limits (its own parser refuses a lying
length before it allocates); then `msgspec` checks tag, types and the bound on every field against a closed union.
Whatever the bytes, `decode` returns a message or raises CodecError, and a full-size bomb costs little.

This file does not say when a message may be sent (session.py), and moves no bytes.
"""

import math
from functools import cache
from types import UnionType
from typing import Any, TypeVar, overload

import msgpack
import msgspec

from plugin_protocol.errors import CodecError, LocalProtocolError

T = TypeVar("T")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one message may hold. Lengths of str and bin are in bytes, of array and map in elements."""

    message_bytes: int
    array: int
    map: int
    str_bytes: int
    bin_bytes: int
    depth: int  # nested containers; a flat map is 1
    containers: int  # arrays and maps in all: 64 KiB of empty maps would cost 73 times its size


PLUGIN_LIMITS = Limits(
    message_bytes=65_536, array=512, map=64, str_bytes=4_096, bin_bytes=4_096, depth=8, containers=1_024
)
"""For whatever reaches the daemon, on either socket, and for what it says to plugins."""

CONTROL_LIMITS = Limits(
    message_bytes=8 << 20, array=1_024, map=64, str_bytes=16_384, bin_bytes=4_096, depth=8, containers=16_384
)
"""For replies and events on the control socket only: 500 takes with every field at its bound are 5 MB, 1,024
instances stand in one Status, and a client trusts the daemon of its own user."""


_PLAIN = frozenset({str, int, bool, bytes, type(None)})


class _Refusal(ValueError):
    """Raised inside the parser's hooks; leaves this module as CodecError."""


class _Counter:
    """Hooks of one parse: counts containers, refuses duplicate keys and keys that are not text."""

    def __init__(self, most: int) -> None:
        self._left = most

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _Refusal("too many arrays and maps")

    def array(self, items: list[object]) -> list[object]:
        self._count()
        return items

    def map(self, pairs: list[tuple[object, object]]) -> dict[object, object]:
        self._count()
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _Refusal("a key appears twice")
        if any(type(key) is not str for key in found):
            raise _Refusal("a key is not text")
        return found


def _check_values(value: object, depth: int) -> None:
    """Refuse what msgspec would let through in a field it does not know: depth, NaN, extension types."""
    if type(value) in _PLAIN:
        return
    if type(value) is float:
        if not math.isfinite(value):
            raise _Refusal("a number is not finite")
    elif isinstance(value, (dict, list)):
        if depth == 0:
            raise _Refusal("nested too deeply")
        for inner in value.values() if isinstance(value, dict) else value:
            _check_values(inner, depth - 1)
    else:
        raise _Refusal("an extension type")


def _meant(raw: object, type: Any) -> Any:
    """The one type of a union that the tag names: `convert` works a union out anew each time, which is dearer than all
    else here (60 µs for what a plugin says). `type` itself where no tag of it is named: convert says what is wrong."""
    if not isinstance(type, UnionType) or not isinstance(raw, dict):
        return type
    field, by_tag = _tags(type)
    tag = raw.get(field)
    return by_tag.get(tag, type) if isinstance(tag, str) else type


@cache
def _tags(union: UnionType) -> tuple[str, dict[object, Any]]:
    """The field in which all of its types have their tag, and which type each tag means."""
    by_tag = {one.__struct_config__.tag: one for one in union.__args__}
    (field,) = {one.__struct_config__.tag_field for one in union.__args__}
    return field, by_tag


@overload
def decode(data: bytes | memoryview, type: type[T], limits: Limits = ...) -> T: ...
@overload
def decode(data: bytes | memoryview, type: UnionType, limits: Limits = ...) -> Any: ...  # no TypeForm yet
def decode(data: bytes | memoryview, type: Any, limits: Limits = PLUGIN_LIMITS) -> Any:
    """The one message of Struct type or union `type` that `data` holds, and nothing behind it. [any]

    Fields that `type` does not know are skipped (a newer peer), after the limits have been applied to them.
    Raises CodecError, and nothing else, for whatever bytes.
    """
    if len(data) > limits.message_bytes:
        raise CodecError(f"a message of {len(data)} bytes; the limit is {limits.message_bytes}")
    counter = _Counter(limits.containers)
    try:
        raw = msgpack.unpackb(
            data,
            max_str_len=limits.str_bytes,
            max_bin_len=limits.bin_bytes,
            max_array_len=limits.array,
            max_map_len=limits.map,
            max_ext_len=0,
            strict_map_key=True,
            object_pairs_hook=counter.map,
            list_hook=counter.array,
        )
        _check_values(raw, limits.depth)
        return msgspec.convert(raw, _meant(raw, type), strict=True, builtin_types=(bytes,))
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException, msgspec.MsgspecError) as error:
        # msgpack raises its own family, plain ValueError for limits, and UnicodeDecodeError for broken text.
        raise CodecError(f"not a message: {str(error) or error.__class__.__name__}") from error


def encode(message: msgspec.Struct, limits: Limits = PLUGIN_LIMITS) -> bytes:
    """`message` as bytes that the peer's `decode`, under the same limits, accepts. [any]

    Structs are not checked when they are made, so they are here: a message out of bounds is a bug on this side
    and must be found on this side. Raises LocalProtocolError.
    """
    data = msgspec.msgpack.encode(message)
    try:
        decode(data, message.__class__, limits)
    except CodecError as error:
        raise LocalProtocolError(f"{message.__class__.__name__} must not be sent: {error}") from error
    return data
