"""Messages that go out as one frame: put together once for all connections that get the same ones. No sockets.

Every connection numbers its messages, so frames differ by the number at their head and by nothing else.
"""

from collections.abc import Iterable
from typing import Protocol

from relay.features.live.encoding import Encoding, frame_body, frame_head


class AsBytes(Protocol):
    """A message that is encoded once for all who get it."""

    def as_bytes(self, encoding: Encoding, /) -> bytes: ...


class Outbox(Protocol):
    """Where a batch waits until its round is over."""

    batch: "Batch | None"

    def flush(self) -> None: ...


class Batch:
    """Some messages, in order. Those who have the same batch and get the same message have the same batch again. [loop]"""

    __slots__ = ("_frames", "_longer", "messages")

    def __init__(self, messages: tuple[AsBytes, ...] = ()) -> None:
        self.messages = messages
        self._longer: dict[AsBytes, Batch] = {}
        self._frames: dict[Encoding, _Frames] = {}

    def then(self, message: AsBytes) -> "Batch":
        """This, and one more."""
        if (found := self._longer.get(message)) is None:
            found = self._longer[message] = Batch((*self.messages, message))
        return found

    def frame(self, encoding: Encoding, number: int) -> bytes:
        """With the number of its first message. 1..MAX_BATCH messages."""
        if (found := self._frames.get(encoding)) is None:
            found = self._frames[encoding] = _Frames(
                encoding, [each.as_bytes(encoding) for each in self.messages]
            )
        return found.numbered(number)


class _Frames:
    """The frames of a batch in one encoding. The last is kept: who came together is often at the same number."""

    __slots__ = ("_body", "_count", "_encoding", "_last", "_number")

    def __init__(self, encoding: Encoding, messages: list[bytes]) -> None:
        self._encoding = encoding
        self._count = len(messages)
        self._body = frame_body(encoding, messages)
        self._number, self._last = 0, b""  # numbers begin with 1

    def numbered(self, number: int) -> bytes:
        if number != self._number:
            self._last = frame_head(self._encoding, number, self._count) + self._body
            self._number = number
        return self._last


class Round:
    """What is handed out in one go: each connection is written to once, at its end. [loop]"""

    def __init__(self) -> None:
        self._start = Batch()
        self._outboxes: list[Outbox] = []

    def add(self, message: AsBytes, outboxes: Iterable[Outbox]) -> None:
        """To each of them."""
        first = self._start.then(message)
        for outbox in outboxes:
            if (batch := outbox.batch) is None:
                outbox.batch = first
                self._outboxes.append(outbox)
            else:
                outbox.batch = batch.then(message)

    def take(self, count: int) -> list[Outbox]:
        """Those that are to be flushed next; none: the round is over, and another may begin."""
        taken = self._outboxes[-count:]
        del self._outboxes[-count:]
        if not taken:
            self._start = Batch()
        return taken
