"""What waits for one connection: bounded, numbered, never waited for. No sockets."""

from typing import Protocol

from relay.features.live.batch import AsBytes, Batch
from relay.features.live.encoding import Encoded, Encoding, frame
from relay.wire.events import CLOSE_SLOW, MAX_BATCH, SLOW_READER_BYTES, Disconnect


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
        "_is_text",
        "_limit_bytes",
        "_next",
        "_waiting",
        "_waiting_bytes",
        "_write_now",
        "_writer",
        "batch",
        "closing",
    )

    def __init__(self, encoding: Encoding, limit_bytes: int = SLOW_READER_BYTES) -> None:
        self._encoding = encoding
        self._is_text = encoding is Encoding.JSON
        self._limit_bytes = limit_bytes
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._next = 1
        self._writer: Writer = _NOBODY
        self._write_now = _NOBODY.write_now
        self.batch: Batch | None = None
        self.closing: Disconnect | None = None
        self._is_sending = False

    def goes_to(self, writer: Writer) -> None:
        """From now on; also what waits already."""
        self._writer = writer
        self._write_now = writer.write_now
        if self._waiting:
            writer.wake()

    def end(self) -> None:
        """Nobody takes anything out any more."""
        self.goes_to(_NOBODY)

    def offer(self, message: AsBytes) -> None:
        """Queue it, or give the reader up as slow; it goes out soon. Never waits."""
        was_empty = not self._waiting
        self.add(message)
        self._queue_batch()
        if was_empty and self._waiting:
            self._writer.wake()

    def add(self, message: AsBytes) -> bool:
        """The same, for who will call flush when there is no more to add. Whether it is the first that waits for that."""
        is_first = self.batch is None
        self.batch = (self.batch or Batch()).then(message)
        return is_first

    def flush(self) -> None:
        """What waits goes out at once where nothing is on its way before it: nobody has to be woken for that."""
        batch = self.batch
        if batch is not None and not (self._waiting or self._is_sending or self.closing):
            count = len(batch.messages)
            if count <= MAX_BATCH and self._write_now(batch.frame(self._encoding, self._next), self._is_text):
                self._next += count
                self.batch = None
                return
        self._queue_batch()
        first = self._waiting[:MAX_BATCH]
        can = bool(first) and not (self._is_sending or self.closing)
        if can and self._write_now(frame(self._encoding, self._next, first), self._is_text):
            self._take(first)
        if self._waiting:
            self._writer.wake()

    def _queue_batch(self) -> None:
        """Behind what waits already. After the last word there is no room for it."""
        batch, self.batch = self.batch, None
        if batch is None or self.closing is not None:
            return
        for message in batch.messages:
            data = message.as_bytes(self._encoding)
            self._waiting.append(data)
            self._waiting_bytes += len(data)
        if self._waiting_bytes > self._limit_bytes:
            self._waiting.clear()
            self._waiting_bytes = 0
            self._writer.give_up()
            self.close(CLOSE_SLOW, "You read more slowly than things happen.", retry_after_ms=2_000)

    def numbered(self, message: AsBytes) -> bytes:
        """A frame of this message alone, to be sent at once: what a client has just asked for, however large. [loop]"""
        number, self._next = self._next, self._next + 1
        return frame(self._encoding, number, [message.as_bytes(self._encoding)])

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        self._queue_batch()
        if self.closing is None:
            self.closing = Disconnect(code=code, reason=reason, retry_after_ms=retry_after_ms)
            last = Encoded(self.closing).as_bytes(self._encoding)
            self._waiting.append(last)
            self._waiting_bytes += len(last)
            self._writer.wake()

    def next_frame(self) -> bytes | None:
        """Up to MAX_BATCH messages as one frame, the oldest first; None if none waits."""
        self._queue_batch()
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
