"""The outside world's time and chance, in one place so that cores need neither."""

import secrets
import threading
import time

from relay.wire.ids import uuid7


def now_us() -> int:
    """Unix time in microseconds. [any]"""
    return time.time_ns() // 1000


class _Ids:
    """UUIDv7 that never go back in this process: 12 bits of the millisecond's fraction stand in rand_a and are
    counted on when the clock stands still or is set back (RFC 9562 section 6.2, methods 1 and 3)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new(self) -> str:
        ms, ns = divmod(time.time_ns(), 1_000_000)
        with self._lock:
            self._last = max(ms << 12 | (ns << 12) // 1_000_000, self._last + 1)
            ms, fraction = divmod(self._last, 1 << 12)
        return uuid7(ms, fraction.to_bytes(2, "big") + secrets.token_bytes(8))


_ids = _Ids()


def new_id() -> str:
    """A fresh UUIDv7, later in order than all that this process made before. [any]"""
    return _ids.new()
