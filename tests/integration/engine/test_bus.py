"""What bus/door.py promises, in memory, over a real Valkey and over a real PostgreSQL: each test runs on all three."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from relay.engine.bus.door import MAX_MESSAGE_BYTES, Bus
from relay.engine.bus.open import open_bus
from tests.support.bus_servers import BusServer
from tests.support.deadlines import HANG_S
from tests.support.postgres import PostgresServer
from tests.support.valkey import ValkeyServer

LIMIT_S = HANG_S
SIZES = (0, 1, 5_800, 5_900, 6_000, 20_000, MAX_MESSAGE_BYTES)


class Member:
    """One process on the bus."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[bytes] = []
        self.joins = 0
        bus.listen("news", self.heard.append, self._join)

    def _join(self) -> None:
        self.joins += 1

    async def start(self) -> None:
        await self.bus.start()
        await until(lambda: self.joins > 0)

    def tell(self, *messages: bytes) -> None:
        for message in messages:
            self.bus.publish("news", message)


Join = Callable[[], Awaitable[Member]]


@pytest.fixture
async def join(server: BusServer) -> AsyncIterator[Join]:
    members: list[Member] = []

    async def one() -> Member:
        member = Member(server.bus())
        members.append(member)
        await member.start()
        return member

    yield one
    for member in members:
        await member.bus.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_everybody_else_hears_all_in_order_and_nobody_himself(join: Join) -> None:
    a, b, c = await join(), await join(), await join()
    messages = [b"%d" % number for number in range(300)]
    a.tell(*messages)
    b.tell(b"from b")
    await until(lambda: len(c.heard) == 301 and len(b.heard) == 300 and len(a.heard) == 1)
    assert b.heard == messages
    assert [each for each in c.heard if each != b"from b"] == messages
    assert a.heard == [b"from b"]
    assert a.bus.up


@pytest.mark.parametrize("size", SIZES)
async def test_a_message_of_any_size_comes_whole(join: Join, size: int) -> None:
    a, b, c = await join(), await join(), await join()
    first, second = secrets.token_bytes(size), secrets.token_bytes(size)
    a.tell(first)
    b.tell(second)
    a.tell(b"end")
    b.tell(b"end")
    await until(lambda: len(c.heard) == 4)
    assert sorted(c.heard) == sorted([first, second, b"end", b"end"])
    with pytest.raises(ValueError, match="more than"):
        a.tell(b"x" * (MAX_MESSAGE_BYTES + 1))


async def test_a_topic_has_its_own_listener_and_a_listener_that_fails_costs_one_message(join: Join) -> None:
    a, b = await join(), await join()
    other: list[bytes] = []

    def fail(data: bytes) -> None:
        other.append(data)
        raise RuntimeError("a listener's mistake")

    b.bus.listen("other", fail, lambda: None)
    for topic in ("other", "nobody listens", "other", "news"):
        a.bus.publish(topic, topic.encode())
    await until(lambda: bool(b.heard))
    assert (b.heard, other) == ([b"news"], [b"other", b"other"])


async def test_without_a_server_publishing_neither_waits_nor_fails_and_its_return_is_told(
    join: Join, server: BusServer
) -> None:
    """The server is stopped and started by hand: our loop stands still for so long, and must not mind."""
    a, b = await join(), await join()
    server.kill()
    await until(lambda: not a.bus.up and not b.bus.up)
    before = (a.joins, b.joins)
    begun = time.process_time()
    a.tell(*(b"lost" for _ in range(1000)))
    assert time.process_time() - begun < 1.0
    server.start()  # in this thread, with which it ends
    await until(lambda: a.joins > before[0] and b.joins > before[1] and a.bus.up and b.bus.up)
    a.tell(b"again")
    b.tell(b"and back")
    await until(lambda: b.heard[-1:] == [b"again"] and a.heard[-1:] == [b"and back"])


async def test_a_server_that_comes_after_us_is_waited_for(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path)
    member = Member(open_bus(server.url))
    await member.bus.start()
    member.tell(b"to nobody")
    server.start()
    await until(lambda: member.joins > 0)
    assert member.bus.up
    await member.bus.close()
    server.stop()


async def test_a_frozen_valkey_is_noticed_and_its_thaw_is_told(valkey: ValkeyServer) -> None:
    url = f"{valkey.url}?channel=frozen"
    a, b = Member(open_bus(url)), Member(open_bus(url))
    for member in (a, b):
        await member.start()
    valkey.freeze()
    try:
        a.tell(b"lost or late")
        await until(lambda: not a.bus.up)
        await until(lambda: not b.bus.up)  # it published nothing: it asked
    finally:
        valkey.thaw()
    before = (a.joins, b.joins)
    await until(lambda: a.joins > before[0] and b.joins > before[1] and a.bus.up and b.bus.up)
    a.tell(b"again")
    await until(lambda: b.heard[-1:] == [b"again"])
    for member in (a, b):
        await member.bus.close()


async def test_two_relays_on_one_server_do_not_hear_each_other(valkey: ValkeyServer) -> None:
    mine, other = (Member(open_bus(f"{valkey.url}?channel={name}")) for name in ("mine", "other"))
    third = Member(open_bus(f"{valkey.url}?channel=other"))
    for member in (mine, other, third):
        await member.start()
    mine.tell(b"mine")
    other.tell(b"other")
    await until(lambda: bool(third.heard))
    assert (mine.heard, third.heard) == ([], [b"other"])
    for member in (mine, other, third):
        await member.bus.close()


async def test_a_connection_that_its_server_ends_is_made_again_and_told(
    valkey: ValkeyServer, postgres: PostgresServer
) -> None:
    """The server stays: only who listens loses what is said until it listens again."""
    for url, end in (
        (f"{valkey.url}?channel=ended", lambda: valkey.command("CLIENT KILL TYPE pubsub")),
        (postgres.url("ended"), lambda: _end_all(postgres)),
    ):
        a, b = Member(open_bus(url)), Member(open_bus(url))
        await a.start()
        await b.start()
        before = (a.joins, b.joins)
        end()
        await until(lambda: a.joins > before[0] and b.joins > before[1] and a.bus.up and b.bus.up)  # noqa: B023
        a.tell(b"again")
        b.tell(b"and back")
        await until(lambda: b.heard[-1:] == [b"again"] and a.heard[-1:] == [b"and back"])  # noqa: B023
        await a.bus.close()
        await b.bus.close()


def _end_all(server: PostgresServer) -> None:
    with psycopg.connect(server.url(), autocommit=True) as pg:
        pg.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


async def test_nothing_is_lost_while_a_listener_looks_whether_its_server_lives(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks between two waits; what comes just then is heard by the next one."""
    monkeypatch.setattr("relay.engine.bus.notify.PING_S", 0.01)
    a, b = Member(open_bus(postgres.url("pings"))), Member(open_bus(postgres.url("pings")))
    await a.start()
    await b.start()
    messages = [b"%d" % number for number in range(500)]
    for message in messages:
        a.tell(message)
        await asyncio.sleep(0.001)
    await until(lambda: len(b.heard) >= len(messages))
    assert b.heard == messages
    await a.bus.close()
    await b.bus.close()
