"""Relay processes as far as presence goes, on any bus, with a clock that runs 30 times as fast: leases end while we look."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from relay.core.presence import Visible
from relay.engine.bus.door import Bus
from relay.engine.leases.shared import SharedLeases
from tests.support.bus_servers import BusServer
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S
FASTER = 30


def clock_us() -> int:
    return time.monotonic_ns() * FASTER // 1000


class Node:
    """One relay process, as far as presence goes. It renews what was said to it, as living connections do."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.leases = SharedLeases(bus, self._changed, clock_us)
        self.changes: list[Visible] = []
        self._devices: set[tuple[str, str]] = set()
        self._ticking: asyncio.Task[None] | None = None

    async def start(self, *, wait: bool = True) -> None:
        """wait: until its wire is there."""
        await self.bus.start()
        self._ticking = asyncio.create_task(self._tick())
        if wait:
            await until(lambda: self.bus.up)

    async def kill(self) -> None:
        """Nothing is said any more, not even farewell."""
        if self._ticking:
            self._ticking.cancel()
            self._ticking = None
            await self.bus.close()

    def say(self, user_id: str, status: str, device: str = "d1") -> None:
        self._devices.add((user_id, device))
        self.leases.say(user_id, device, status=status, daw=None, bpm=None, now_us=clock_us())

    def leave(self, user_id: str, device: str = "d1") -> None:
        """Its connection to this process ends."""
        if (user_id, device) in self._devices:
            self._devices.remove((user_id, device))
            self.leases.leave(user_id, device, clock_us())

    def sees(self, user_id: str) -> str:
        return self.leases.visible(user_id, clock_us()).status

    def told(self, user_id: str) -> str:
        """What its own followers were told last."""
        return next((each.status for each in reversed(self.changes) if each.user_id == user_id), "offline")

    def _changed(self, changes: list[Visible]) -> None:
        self.changes += changes

    async def _tick(self) -> None:
        while True:
            for user_id, device in self._devices:
                self.leases.renew(user_id, device, clock_us())
            self.leases.tick(clock_us())
            await asyncio.sleep(0.02)


@asynccontextmanager
async def nodes_on(server: BusServer, count: int) -> AsyncIterator[list[Node]]:
    nodes = [Node(server.bus()) for _ in range(count)]
    try:
        for node in nodes:
            await node.start()
        yield nodes
    finally:
        for node in nodes:
            await node.kill()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.005)
