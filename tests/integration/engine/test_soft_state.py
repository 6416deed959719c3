"""Presence and limits of three processes over real wires that are flushed, frozen, killed and started again.

Time runs 30 times as fast for them (not for the wire), so that leases end while we look.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from relay.core.buckets import Limit
from relay.core.presence import LEASE_US, Visible
from relay.engine.bus.door import Bus
from relay.engine.leases.shared import BEAT_US, SharedLeases
from relay.engine.limits import SharedLimits
from tests.support.bus_servers import BusServer, OverValkey
from tests.support.valkey import ValkeyServer

LIMIT_S = 60.0
FASTER = 30
ANNA = "a" * 32


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

    async def start(self) -> None:
        await self.bus.start()
        self._ticking = asyncio.create_task(self._tick())
        await until(lambda: self.bus.up)

    async def kill(self) -> None:
        """Nothing is said any more, not even farewell."""
        if self._ticking:
            self._ticking.cancel()
            self._ticking = None
            await self.bus.close()

    def say(self, user_id: str, status: str) -> None:
        self._devices.add((user_id, "d1"))
        self.leases.say(user_id, "d1", status=status, daw=None, bpm=None, now_us=clock_us())

    def sees(self, user_id: str) -> str:
        return self.leases.visible(user_id, clock_us()).status

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


async def test_presence_is_the_same_everywhere_and_after_a_dead_wire(server: BusServer) -> None:
    async with nodes_on(server, 3) as (a, b, c):
        a.say(ANNA, "producing")
        await until(lambda: b.sees(ANNA) == c.sees(ANNA) == "producing")
        server.kill()
        await until(lambda: not any(node.bus.up for node in (a, b, c)))
        a.say(ANNA, "recording")
        await until(lambda: b.sees(ANNA) == "offline")  # a is not heard of for a lease
        server.start()
        await until(lambda: b.sees(ANNA) == c.sees(ANNA) == "recording")
        a.say(ANNA, "offline")
        await until(lambda: {node.sees(ANNA) for node in (a, b, c)} == {"offline"})


async def test_who_is_killed_and_who_comes_late(server: BusServer) -> None:
    async with nodes_on(server, 2) as (a, b):
        a.say(ANNA, "producing")
        await until(lambda: b.sees(ANNA) == "producing")
        async with nodes_on(server, 1) as (late,):
            await until(lambda: late.sees(ANNA) == "producing")
            assert (
                late.leases.visible(ANNA, clock_us()).since_us == a.leases.visible(ANNA, clock_us()).since_us
            )
            await a.kill()
            ended_us = clock_us()
            await until(lambda: b.sees(ANNA) == late.sees(ANNA) == "offline")
            assert clock_us() - ended_us >= LEASE_US - 2 * BEAT_US, "not at once: it might only be slow"


async def test_a_flushed_and_a_frozen_valkey_change_nothing_that_lasts(valkey: ValkeyServer) -> None:
    async with nodes_on(OverValkey(valkey), 3) as (a, b, c):
        a.say(ANNA, "producing")
        await until(lambda: b.sees(ANNA) == c.sees(ANNA) == "producing")
        valkey.flush()
        a.say(ANNA, "idle")
        await until(lambda: b.sees(ANNA) == c.sees(ANNA) == "idle")
        valkey.freeze()
        a.say(ANNA, "recording")
        await until(lambda: not a.bus.up)
        assert a.sees(ANNA) == "recording", "here it is known all the time"
        valkey.thaw()
        await until(lambda: b.sees(ANNA) == c.sees(ANNA) == "recording")


# limits ---------------------------------------------------------------------------------------------------------------

LIMIT = Limit(20, 1_000_000)
PAY_BACK_S = 4.0
"""Twice what it takes to pay back a begin in which each of three let through all it had."""
TOLERANCE = 3
"""Of what three processes let through in all, beside what one would have."""


async def test_three_that_are_hammered_are_within_three_of_exact(server: BusServer) -> None:
    """A server that is slow for a moment costs more for a moment: so it is asked until they have paid back."""
    buses = [server.bus() for _ in range(3)]
    limits = [SharedLimits(bus, {"write": LIMIT}, wall_us) for bus in buses]
    for bus in buses:
        await bus.start()
        await until(lambda bus=bus: bus.up)  # type: ignore[misc]
    begun_us, allowed, off = wall_us(), 0, 1000.0
    async with asyncio.timeout(LIMIT_S):
        while wall_us() - begun_us < PAY_BACK_S * 1e6 or off > TOLERANCE:
            for each in limits:
                allowed += each.spend("write", "mallory", wall_us()).allowed
            off = abs(allowed - LIMIT.count - (wall_us() - begun_us) * LIMIT.count / LIMIT.window_us)
            await asyncio.sleep(0.005)
    for bus in buses:
        await bus.close()


def wall_us() -> int:
    return time.monotonic_ns() // 1000
