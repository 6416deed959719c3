"""The two encodings of the WebSocket, and frames of messages that are encoded already."""

from enum import Enum

import msgspec


class Encoding(Enum):
    """How the messages of a connection are written."""

    JSON = "json"
    MSGPACK = "msgpack"


_ENCODERS: dict[Encoding, msgspec.json.Encoder | msgspec.msgpack.Encoder] = {
    Encoding.JSON: msgspec.json.Encoder(),
    Encoding.MSGPACK: msgspec.msgpack.Encoder(),
}


def encode(encoding: Encoding, message: object) -> bytes:
    """[any]"""
    return _ENCODERS[encoding].encode(message)


def frame(encoding: Encoding, number: int, messages: list[bytes]) -> bytes:
    """A relay's frame: the number of the first message, then 1..MAX_BATCH messages. [any]"""
    first = encode(encoding, number)
    if encoding is Encoding.JSON:
        return b"[" + b",".join((first, *messages)) + b"]"
    count = len(messages) + 1
    head = bytes([0x90 | count]) if count < 16 else b"\xdc" + count.to_bytes(2, "big")
    return b"".join((head, first, *messages))


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
