"""The outside world's time and chance, in one place so that cores need neither."""

import secrets
import time

from relay.wire.ids import uuid7


def now_us() -> int:
    """Unix time in microseconds. [any]"""
    return time.time_ns() // 1000


def new_id() -> str:
    """A fresh UUIDv7. [any]"""
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))
