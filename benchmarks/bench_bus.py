"""The wire between relay processes: how soon and how dearly another one hears, and what a check of a shared limit costs.

Both ends are in this process, so the CPU of a message is that of telling and hearing it. A limit in Valkey itself, by
the script that everybody writes, stands beside ours, which asks nobody.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import valkey

from relay.core.buckets import Limit
from relay.core.limits import Kind
from relay.engine.bus.door import Bus
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.bus.open import open_bus
from relay.engine.limits import SharedLimits
from tests.support.postgres import postgres_server
from tests.support.valkey import ValkeyServer

MESSAGE = b"x" * 150
"""As long as a change of presence."""
ROUNDS = 300
BURST = 5_000
WINDOW = 500
"""Messages on their way at once, in the burst."""
CHECKS = 20_000
SCRIPTS = 2_000
_SCRIPT = """
local bucket = redis.call('HMGET', KEYS[1], 'level', 'at')
local now, count, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local level = math.min(count, (tonumber(bucket[1]) or count) + (now - (tonumber(bucket[2]) or now)) * count / window)
local allowed = level >= 1
if allowed then level = level - 1 end
redis.call('HSET', KEYS[1], 'level', level, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
return allowed and 1 or 0
"""
Row = tuple[str, float, str, str]


def rows() -> list[Row]:
    """One line per figure. About 15 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name, postgres_server() as postgres:
        server = ValkeyServer(Path(name))
        server.start()
        try:
            wire = MemoryWire()
            kinds: list[tuple[str, Callable[[], Bus]]] = [
                ("in memory", lambda: MemoryBus(wire)),
                ("Valkey", lambda: open_bus(server.url)),
                ("NOTIFY", lambda: open_bus(postgres.url())),
            ]
            found = [row for kind, make in kinds for row in asyncio.run(_bus(kind, make))]
            return found + asyncio.run(_limits(lambda: open_bus(server.url), server.url))
        finally:
            server.stop()


async def _bus(kind: str, make: Callable[[], Bus]) -> list[Row]:
    teller, hearer = make(), make()
    heard = asyncio.Semaphore(0)
    for bus in (hearer, teller):
        joined = asyncio.Event()
        bus.listen("bench", lambda _: heard.release(), joined.set)
        await bus.start()
        await joined.wait()
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        teller.publish("bench", MESSAGE)
        await heard.acquire()
        took.append(time.perf_counter() - begun)
    begun, cpu = time.perf_counter(), time.process_time()
    for _ in range(BURST // WINDOW):
        for _ in range(WINDOW):
            teller.publish("bench", MESSAGE)
        for _ in range(WINDOW):
            await heard.acquire()
    rate, cost = BURST / (time.perf_counter() - begun), (time.process_time() - cpu) / BURST
    for bus in (teller, hearer):
        await bus.close()
    return [
        (f"bus, {kind}: told → heard, p50, ms", statistics.median(took) * 1e3, "", ""),
        ("… told and heard, µs of CPU each", cost * 1e6, "", f"{rate:,.0f} a second, 500 on their way"),
    ]


async def _limits(make: Callable[[], Bus], url: str) -> list[Row]:
    bus = make()
    limits = SharedLimits(bus, {Kind.READ: Limit(300, 300_000_000)}, lambda: time.time_ns() // 1000)
    await bus.start()
    begun = time.perf_counter()
    for number in range(CHECKS):
        limits.spend(Kind.READ, f"{number % 100:032x}", time.time_ns() // 1000)
        if number % 100 == 0:
            await asyncio.sleep(0)
    ours = (time.perf_counter() - begun) / CHECKS
    await bus.close()
    with valkey.Valkey.from_url(url.replace("valkey://", "redis://")) as client:
        script = client.register_script(_SCRIPT)
        begun = time.perf_counter()
        for number in range(SCRIPTS):
            script(keys=[f"{number % 100:032x}"], args=[time.time_ns() // 1000, 300, 300_000_000])
        theirs = (time.perf_counter() - begun) / SCRIPTS
    return [
        ("limit that processes share: one check, µs", ours * 1e6, "", "telling the others included"),
        ("… a check by a script in Valkey, over ours", theirs / ours, "", f"{theirs * 1e6:.0f} µs"),
    ]
