"""The other end of daemon.system.children: what a child process of the daemon begins with, and how it speaks."""

import struct
import sys
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from sandbox.output import take_output
from sandbox.process import limit_memory

Q = TypeVar("Q")

LENGTH = struct.Struct("<I")
"""Before each frame."""


class Frames(Generic[Q]):
    """Questions of the daemon from stdin, answers to what was stdout. Made once; see sandbox.output for prints of libraries."""

    def __init__(self, questions: msgspec.msgpack.Decoder[Q], memory_limit_bytes: int) -> None:
        """memory_limit_bytes: of address space; what needs more fails in this process, and nowhere else."""
        limit_memory(memory_limit_bytes)
        self._questions = questions
        self._in = sys.stdin.buffer
        self._out = take_output()

    def next(self) -> Q | None:
        """The next question; None when the daemon is gone."""
        head = self._in.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return None
        return self._questions.decode(self._in.read(LENGTH.unpack(head)[0]))

    def say(self, answer: Struct) -> None:
        data = msgspec.msgpack.encode(answer)
        self._out.write(LENGTH.pack(len(data)) + data)
        self._out.flush()
