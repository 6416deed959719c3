"""What waits for one connection: bounded, numbered, never waited for. No sockets."""

from typing import Protocol

from relay.features.live.encoding import Encoded, Encoding, frame
from relay.wire.events import CLOSE_SLOW, MAX_BATCH, SLOW_READER_BYTES, Disconnect


class AsBytes(Protocol):
    """A message that is encoded once for all who get it."""

    def as_bytes(self, encoding: Encoding, /) -> bytes: ...


class Writer(Protocol):
    """Who takes the frames of one connection out. [loop]"""

    def write_now(self, data: bytes, is_text: bool, /) -> bool:
        """Whether a frame went out at once, before which nothing is on its way."""

    def wake(self) -> None:
        """Something waits: whoever takes it by next_frame sends it, and says so (sent)."""

    def give_up(self) -> None:
        """The reader is slow, and it may be that a write hangs."""


class _Nobody:
    """Nothing is connected yet, or any more."""

    def write_now(self, data: bytes, is_text: bool, /) -> bool:
        return False

    def wake(self) -> None:
        """It will look when it is connected."""

    def give_up(self) -> None:
        """Nothing hangs."""


_NOBODY = _Nobody()


class Outbox:
    """Closing lets what is inside go out first, except for a slow reader. Messages are numbered as they leave."""

    __slots__ = (
        "_encoding",
        "_is_sending",
        "_limit_bytes",
        "_next",
        "_waiting",
        "_waiting_bytes",
        "_writer",
        "closing",
    )

    def __init__(self, encoding: Encoding, limit_bytes: int = SLOW_READER_BYTES) -> None:
        self._encoding = encoding
        self._limit_bytes = limit_bytes
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._next = 1
        self._writer: Writer = _NOBODY
        self.closing: Disconnect | None = None
        self._is_sending = False

    def goes_to(self, writer: Writer) -> None:
        """From now on; also what waits already."""
        self._writer = writer
        if self._waiting:
            writer.wake()

    def end(self) -> None:
        """Nobody takes anything out any more."""
        self._writer = _NOBODY

    def offer(self, message: AsBytes) -> None:
        """Queue it, or give the reader up as slow; it goes out soon. Never waits."""
        if self.add(message):
            self._writer.wake()

    def add(self, message: AsBytes) -> bool:
        """The same, for who will call flush when there is no more to add. Whether it is the first that waits."""
        if self.closing is not None:
            return False
        is_first = not self._waiting
        data = message.as_bytes(self._encoding)
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > self._limit_bytes:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._writer.give_up()
            self.close(CLOSE_SLOW, "You read more slowly than things happen.", retry_after_ms=2_000)
        return is_first

    def flush(self) -> None:
        """What waits goes out at once where nothing is on its way before it: nobody has to be woken for that."""
        batch = self._waiting[:MAX_BATCH]
        if not batch:
            return
        can = not self._is_sending and self.closing is None
        is_text = self._encoding is Encoding.JSON
        if can and self._writer.write_now(frame(self._encoding, self._next, batch), is_text):
            self._take(batch)
        if self._waiting:
            self._writer.wake()

    def numbered(self, message: AsBytes) -> bytes:
        """A frame of this message alone, to be sent at once: what a client has just asked for, however large. [loop]"""
        number, self._next = self._next, self._next + 1
        return frame(self._encoding, number, [message.as_bytes(self._encoding)])

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        if self.closing is None:
            self.closing = Disconnect(code=code, reason=reason, retry_after_ms=retry_after_ms)
            last = Encoded(self.closing).as_bytes(self._encoding)
            self._waiting.append(last)
            self._waiting_bytes += len(last)
            self._writer.wake()

    def next_frame(self) -> bytes | None:
        """Up to MAX_BATCH messages as one frame, the oldest first; None if none waits."""
        batch = self._waiting[:MAX_BATCH]
        if not batch:
            return None
        data = frame(self._encoding, self._next, batch)
        self._take(batch)
        self._is_sending = True
        return data

    def sent(self) -> None:
        """The frame that was taken last is out."""
        self._is_sending = False

    def _take(self, batch: list[bytes]) -> None:
        del self._waiting[: len(batch)]
        self._waiting_bytes -= sum(map(len, batch))
        self._next += len(batch)
