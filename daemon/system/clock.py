"""Time as the outbox knows it. In one place, so that a test can let a day pass."""

import asyncio
import time

_START_NS = time.time_ns() - time.monotonic_ns()


def unix_us() -> int:
    """Outbox deadlines are on the wall clock: they must mean something after a restart. [any]"""
    return time.time_ns() // 1000


def steady_unix_us() -> int:
    """Unix time as it goes on from this process's start, whatever the wall clock is set to meanwhile: for countdowns
    that a person watches, and that must mean something after a restart. It stands still while the machine sleeps. [any]
    """
    return (_START_NS + time.monotonic_ns()) // 1000


class Clock:
    """The machine's. [loop]"""

    def unix_us(self) -> int:
        return unix_us()

    def steady_unix_us(self) -> int:
        return steady_unix_us()

    def monotonic_s(self) -> float:
        """For waits: the wall clock may jump. It stands still while the machine sleeps."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, limit_s: float) -> None:
        """Until the event is set, at most so long."""
        try:
            async with asyncio.timeout(limit_s):
                await event.wait()
        except TimeoutError:
            pass
