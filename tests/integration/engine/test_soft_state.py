"""Presence and limits of three processes over real wires that are flushed, frozen, killed and started again."""

import asyncio
import time

from relay.core.buckets import Limit
from relay.core.limits import Kind
from relay.core.presence import LEASE_US
from relay.engine.leases.shared import BEAT_US
from relay.engine.limits import SharedLimits
from tests.support.bus_servers import BusServer, OverValkey
from tests.support.presence_nodes import LIMIT_S, clock_us, nodes_on, until
from tests.support.valkey import ValkeyServer

ANNA = "a" * 32


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
    limits = [SharedLimits(bus, {Kind.WRITE: LIMIT}, wall_us) for bus in buses]
    for bus in buses:
        await bus.start()
        await until(lambda bus=bus: bus.up)  # type: ignore[misc]
    begun_us, allowed, off = wall_us(), 0, 1000.0
    async with asyncio.timeout(LIMIT_S):
        while wall_us() - begun_us < PAY_BACK_S * 1e6 or off > TOLERANCE:
            for each in limits:
                allowed += each.spend(Kind.WRITE, "mallory", wall_us()).allowed
            off = abs(allowed - LIMIT.count - (wall_us() - begun_us) * LIMIT.count / LIMIT.window_us)
            await asyncio.sleep(0.005)
    for bus in buses:
        await bus.close()


def wall_us() -> int:
    return time.monotonic_ns() // 1000
