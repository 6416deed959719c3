"""Limits of several processes on a wire in memory and a clock of our own."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.core.buckets import Limit, full, spend
from relay.core.limits import Kind
from relay.engine import limits as shared
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.limits import BATCH_S, MAX_DEBT, SharedLimits
from tests.support.deadlines import HANG_S

LIMIT = Limit(20, 10_000_000)
BATCH_US = int(BATCH_S * 1e6)


class Cluster:
    def __init__(self, count: int) -> None:
        self.wire = MemoryWire()
        self.now_us = 1_000_000_000
        self.buses = [MemoryBus(self.wire) for _ in range(count)]
        self.nodes = [
            SharedLimits(bus, {Kind.WRITE: LIMIT, Kind.READ: Limit(1000, 1_000_000)}, lambda: self.now_us)
            for bus in self.buses
        ]

    async def start(self) -> None:
        for bus in self.buses:
            await bus.start()

    def allowed(self, number: int, who: str = "mallory") -> bool:
        return self.nodes[number].spend(Kind.WRITE, who, self.now_us).allowed

    def has_left(self, number: int, who: str = "mallory", kind: Kind = Kind.WRITE) -> bool:
        """Whether it would be allowed; takes nothing."""
        node = self.nodes[number]
        return spend(node._bucket(kind, who, self.now_us), node.limit(kind), self.now_us).allowed

    async def pass_(self, us: int) -> None:
        """What was spent has been told, and the time of a batch is over."""
        self.now_us += us
        for node in self.nodes:
            node.tell()
        for _ in range(3):
            await asyncio.sleep(0)


async def hammer(cluster: Cluster, seconds: float, tries_a_batch: int) -> int:
    """All nodes are asked tries_a_batch times between two batches; how often they allowed it."""
    allowed = 0
    for _ in range(int(seconds / BATCH_S)):
        for _ in range(tries_a_batch):
            allowed += sum(cluster.allowed(number) for number in range(len(cluster.nodes)))
        await cluster.pass_(BATCH_US)
    return allowed


async def test_three_that_are_hammered_let_through_what_one_would() -> None:
    """At first what passes in one batch is too much; ten seconds later it has been paid back."""
    cluster = Cluster(3)
    await cluster.start()
    tries = 3
    first = await hammer(cluster, 5, tries)
    assert 30 <= first <= 30 + 2 * tries, "one process: 20 at once and 10 in the time"
    then = await hammer(cluster, 20, tries)
    assert abs(first + then - 70) <= 1


async def test_the_worst_case_is_a_burst_for_each_and_is_paid_back() -> None:
    cluster = Cluster(3)
    await cluster.start()
    at_once = await hammer(cluster, BATCH_S, 1000)
    assert at_once == 3 * LIMIT.count
    assert await hammer(cluster, 19, 1) == 0, "forty too many are twenty seconds of nothing"
    assert abs(at_once + await hammer(cluster, 31, 1) - (20 + 2 * 50)) <= 2


async def test_without_a_wire_each_counts_alone_and_with_it_they_go_on() -> None:
    cluster = Cluster(2)
    await cluster.start()
    cluster.wire.cut()
    assert 2 * 21 <= await hammer(cluster, 1, 5) <= 2 * 22
    cluster.wire.mend()
    await cluster.pass_(LIMIT.window_us)
    assert 20 <= await hammer(cluster, BATCH_S, 12) <= 24


async def test_others_are_not_touched() -> None:
    cluster = Cluster(2)
    await cluster.start()
    while cluster.allowed(0):
        pass
    await cluster.pass_(BATCH_US)
    assert not cluster.has_left(1)
    assert cluster.has_left(1, "anna")
    assert cluster.has_left(1, kind=Kind.READ)
    refused = cluster.nodes[1].spend(Kind.WRITE, "mallory", cluster.now_us)
    assert (refused.allowed, refused.remaining, refused.retry_after_s) == (False, 0, 1)


async def test_what_is_spent_is_told_by_itself() -> None:
    cluster = Cluster(2)
    await cluster.start()
    for _ in range(LIMIT.count):
        assert cluster.allowed(0)
    async with asyncio.timeout(HANG_S):
        while cluster.has_left(1):
            await asyncio.sleep(BATCH_S)


async def test_nobody_owes_for_ever_and_nonsense_is_not_counted() -> None:
    cluster = Cluster(2)
    await cluster.start()
    for data in (
        shared._encode([shared.Count("write", "anna", 10**9)]),
        shared._encode([shared.Count("write", "ben", -5), shared.Count("unknown kind", "ben", 5)]),
        b"\xff",
        b"",
    ):
        cluster.buses[0].publish(shared.TOPIC, data)
    await cluster.pass_(0)
    assert sum(cluster.allowed(1, "ben") for _ in range(100)) == LIMIT.count
    cluster.now_us += (MAX_DEBT + 1) * LIMIT.window_us
    assert cluster.allowed(1, "anna")


async def test_buckets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MAX_BUCKETS", 10)
    cluster = Cluster(1)
    await cluster.start()
    for number in range(1000):
        assert cluster.allowed(0, f"address {number}")
    assert len(cluster.nodes[0]._buckets) == 10


@settings(max_examples=50)
@given(st.integers(1, 4), st.lists(st.integers(1, 3_000_000), min_size=1, max_size=40), st.randoms())
def test_who_asks_slower_than_the_wire_gets_exactly_what_one_bucket_gives(
    count: int, pauses: list[int], chance: random.Random
) -> None:
    async def run() -> None:
        cluster = Cluster(count)
        await cluster.start()
        bucket = full(LIMIT, cluster.now_us)
        for pause in pauses:
            for _ in range(chance.randrange(4)):
                one = spend(bucket, LIMIT, cluster.now_us)
                bucket = one.bucket
                assert cluster.allowed(chance.randrange(count)) == one.allowed
                await cluster.pass_(0)
            await cluster.pass_(pause)
            # the oracle looks at the clock as often as they do, so that both round alike
        assert cluster.has_left(0) == spend(bucket, LIMIT, cluster.now_us).allowed

    asyncio.run(run())
