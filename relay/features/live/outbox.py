"""What waits for one connection: bounded, numbered, never waited for. No sockets."""

from collections.abc import Callable
from typing import Protocol

from relay.engine.waiting import Flag
from relay.features.live.encoding import Encoded, Encoding, frame
from relay.wire.events import CLOSE_SLOW, MAX_BATCH, SLOW_READER_BYTES, Disconnect


class AsBytes(Protocol):
    """A message that is encoded once for all who get it."""

    def as_bytes(self, encoding: Encoding, /) -> bytes: ...


class Outbox:
    """Closing lets what is inside go out first, except for a slow reader. Messages are numbered as they leave.

    on_slow: called when the reader is given up, of whom it may be that a write hangs. write_now: given a frame, and whether
    it is text; whether it went out. Whoever waits for next_frame sends what did not, and says so (sent).
    """

    __slots__ = (
        "_encoding", "_gone", "_is_sending", "_limit_bytes", "_next", "_ready", "_waiting", "_waiting_bytes", "closing", "on_slow",
        "write_now",
    )  # fmt: skip

    def __init__(self, encoding: Encoding, limit_bytes: int = SLOW_READER_BYTES) -> None:
        self._encoding = encoding
        self._limit_bytes = limit_bytes
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._next = 1
        self._ready = Flag()
        self.on_slow: Callable[[], None] = _nothing
        self.closing: Disconnect | None = None
        self.write_now: Callable[[bytes, bool], bool] = _not_now
        self._gone = False
        self._is_sending = False

    def offer(self, message: AsBytes) -> None:
        """Queue it, or give the reader up as slow; it goes out soon. Never waits."""
        if self.add(message):
            self._ready.set()

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
            self.on_slow()
            self.close(CLOSE_SLOW, "You read more slowly than things happen.", retry_after_ms=2_000)
        return is_first

    def flush(self) -> None:
        """What waits goes out at once where nothing is on its way before it: no task has to be woken for that."""
        batch = self._waiting[:MAX_BATCH]
        if not batch:
            return
        can = not self._is_sending and self.closing is None
        if can and self.write_now(frame(self._encoding, self._next, batch), self._encoding is Encoding.JSON):
            self._take(batch)
        if self._waiting:
            self._ready.set()

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
            self._ready.set()

    def gone(self) -> None:
        """The client left by itself: nothing more goes out."""
        self._gone = True
        self._waiting.clear()
        self._ready.set()

    async def next_frame(self) -> bytes | None:
        """Up to MAX_BATCH messages as one frame, the oldest first; None after the last of a closed outbox."""
        while not self._waiting:
            if self._gone or self.closing is not None:
                return None
            self._ready.clear()
            await self._ready.wait()
        batch = self._waiting[:MAX_BATCH]
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


def _nothing() -> None:
    """Nobody has to be told."""


def _not_now(data: bytes, is_text: bool) -> bool:
    """Nothing is connected yet."""
    return False
