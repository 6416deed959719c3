"""What this process and a fork server say to each other: a 4-byte little-endian length, then one msgpack value."""

import struct
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")
LENGTH = struct.Struct("<I")


class Ask(Struct, frozen=True, kw_only=True, tag="ask"):
    """Do this job in a fork. number: of the job, never given twice."""

    number: int
    job: bytes


class Drop(Struct, frozen=True, kw_only=True, tag="drop"):
    """End the fork that has the job, if it still runs; it is answered all the same."""

    number: int


class Step(Struct, frozen=True, kw_only=True, tag="step"):
    """How much of a job is done, 0..100; more than was told before."""

    number: int
    percent: int


class Ended(Struct, frozen=True, kw_only=True, tag="ended"):
    """The fork of a job has ended. code: of its exit, negative: the signal that ended it. answer: what it wrote, perhaps not all."""

    number: int
    code: int
    answer: bytes


def packed(message: Struct) -> bytes:
    """[any]"""
    data = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(data)) + data


class Unpacked(Generic[T]):
    """Puts together what comes in pieces. Both ends are ours, so it believes lengths. [any]"""

    def __init__(self, decoder: msgspec.msgpack.Decoder[T]) -> None:
        self._decoder = decoder
        self._data = bytearray()

    def of(self, piece: bytes) -> Iterator[T]:
        """The messages that are whole with this piece."""
        self._data += piece
        while len(self._data) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self._data)[0]
            if len(self._data) < end:
                return
            yield self._decoder.decode(bytes(self._data[LENGTH.size : end]))
            del self._data[:end]
