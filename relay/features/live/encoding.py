"""The two encodings of the WebSocket, and frames of messages that are encoded already."""

from enum import StrEnum

import msgspec
from msgspec import Raw

from relay.core.times import rfc3339
from relay.engine.clock import new_id, now_us
from relay.wire.events import Event, Payload


class Encoding(StrEnum):
    """How the messages of a connection are written. (A text, whose hash costs nothing: it is looked up for each delivery.)"""

    JSON = "json"
    MSGPACK = "msgpack"


_JSON = Encoding.JSON  # to look it up in the class costs as much as to encode a number
_ENCODERS: dict[Encoding, msgspec.json.Encoder | msgspec.msgpack.Encoder] = {
    Encoding.JSON: msgspec.json.Encoder(),
    Encoding.MSGPACK: msgspec.msgpack.Encoder(),
}


def encode(encoding: Encoding, message: object) -> bytes:
    """[any]"""
    return _ENCODERS[encoding].encode(message)


def frame(encoding: Encoding, number: int, messages: list[bytes]) -> bytes:
    """A relay's frame: the number of the first message, then 1..MAX_BATCH messages. [any]"""
    return frame_head(encoding, number, len(messages)) + frame_body(encoding, messages)


def frame_head(encoding: Encoding, number: int, count: int) -> bytes:
    """What stands before the first of count messages. [any]"""
    if encoding is _JSON:
        return b"[%d," % number
    head = bytes((0x90 | count + 1,)) if count < 15 else b"\xdc" + (count + 1).to_bytes(2, "big")
    return head + encode(encoding, number)


def frame_body(encoding: Encoding, messages: list[bytes]) -> bytes:
    """What stands behind the number, whichever it is. [any]"""
    return b",".join(messages) + b"]" if encoding is _JSON else b"".join(messages)


class LiveOnly:
    """An event without a cursor, encoded once in each encoding somebody asked for: nobody is told of it later."""

    __slots__ = ("_encoded", "_payload")

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self._encoded: dict[Encoding, bytes] = {}

    def as_bytes(self, encoding: Encoding) -> bytes:
        if (found := self._encoded.get(encoding)) is None:
            payload = Raw(encode(encoding, self._payload))
            event = Event(id=new_id(), ts=rfc3339(now_us()), d=payload)
            found = self._encoded[encoding] = encode(encoding, event)
        return found


class Encoded:
    """One message and its bytes in each encoding somebody asked for."""

    __slots__ = ("_bytes", "_message")

    def __init__(self, message: object) -> None:
        self._message = message
        self._bytes: dict[Encoding, bytes] = {}

    def as_bytes(self, encoding: Encoding) -> bytes:
        if (found := self._bytes.get(encoding)) is None:
            found = self._bytes[encoding] = encode(encoding, self._message)
        return found
