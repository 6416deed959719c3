"""ZMTP 3.0 (RFC 23/ZMTP, 37/ZMTP) as a ROUTER without security speaks it to DEALERs: greeting, NULL handshake, messages
of one part. Pure: bytes in, bytes out. Plugins (plugin_protocol/c/zmtp.h) and libzmq, in our own clients, speak to it.

Not here: sockets, and what a message means. Why not libzmq on this side: docs/decisions/0016-no-libzmq-inside-a-host.md.
"""

import struct
from collections.abc import Iterator
from enum import StrEnum

SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
MAJOR = 3
GREETING_BYTES = 64
_VERSION_AT, _MECHANISM_AT = 10, 12
_MECHANISM = b"NULL".ljust(20, b"\0")
_MORE, _LONG, _COMMAND, _RESERVED = 1, 2, 4, 0xF8
_READY = b"\x05READY"


class ZmtpError(Exception):
    """The peer does not speak ZMTP 3, or says more at a time than it may: the connection is to be closed."""


class _Expect(StrEnum):
    GREETING = "greeting"
    HANDSHAKE = "handshake"
    MESSAGES = "messages"


def _command(name_and_data: bytes) -> bytes:
    return bytes([_COMMAND, len(name_and_data)]) + name_and_data


def _property(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def opening(socket_type: str) -> bytes:
    """What each side says first, without waiting for the other. socket_type: "ROUTER" or "DEALER". [any]"""
    greeting = (SIGNATURE + bytes([MAJOR, 0]) + _MECHANISM).ljust(GREETING_BYTES, b"\0")
    return greeting + _command(_READY + _property(b"Socket-Type", socket_type.encode()))


OPENING = opening("ROUTER")


def message(data: bytes) -> bytes:
    """The frame that holds `data`. [any]"""
    if len(data) <= 255:
        return bytes([0, len(data)]) + data
    return struct.pack(">BQ", _LONG, len(data)) + data


class Incoming:
    """What one peer sends. A message may have `max_bytes`; one of several parts is dropped, part by part, and counted."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._expect = _Expect.GREETING
        self._in_parts = False
        self.parts_dropped = 0  # messages of several parts

    @property
    def is_open(self) -> bool:
        """The peer has done its handshake."""
        return self._expect is _Expect.MESSAGES

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that `data` completes, in order. Raises ZmtpError. [any]"""
        self._buffer += data
        if self._expect is _Expect.GREETING and not self._take_greeting():
            return []
        found = []
        for flags, body in self._frames():
            if self._expect is _Expect.HANDSHAKE:
                if not flags & _COMMAND or not body.startswith(_READY):
                    raise ZmtpError("no READY came after the greeting")
                self._expect = _Expect.MESSAGES
            elif not flags & _COMMAND:
                is_last = not flags & _MORE
                if self._in_parts or not is_last:
                    self.parts_dropped += is_last
                else:
                    found.append(body)
                self._in_parts = not is_last
        return found

    def _take_greeting(self) -> bool:
        if self._buffer[:1] != SIGNATURE[:1]:
            raise ZmtpError("this is no ZMTP")
        if len(self._buffer) < GREETING_BYTES:
            return False
        greeting = bytes(self._buffer[:GREETING_BYTES])
        if not greeting[9] & 1 or greeting[_VERSION_AT] < MAJOR:
            raise ZmtpError("this is not ZMTP 3")
        if greeting[_MECHANISM_AT : _MECHANISM_AT + len(_MECHANISM)] != _MECHANISM:
            raise ZmtpError("its security mechanism is not NULL")
        del self._buffer[:GREETING_BYTES]
        self._expect = _Expect.HANDSHAKE
        return True

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """(flags, body) of each whole frame. What was taken is removed in the end, once."""
        at, buffer = 0, self._buffer
        try:
            while len(buffer) - at >= 2:
                flags, size, head = buffer[at], buffer[at + 1], 2
                if flags & _RESERVED:
                    raise ZmtpError("a reserved bit is set")
                if flags & _LONG:
                    if len(buffer) - at < 9:
                        break
                    size, head = struct.unpack_from(">Q", buffer, at + 1)[0], 9
                if size > self._max_bytes:
                    raise ZmtpError(f"a frame of {size} bytes; {self._max_bytes} are allowed")
                if len(buffer) - at - head < size:
                    break
                yield flags, bytes(buffer[at + head : at + head + size])
                at += head + size
        finally:
            del buffer[:at]
