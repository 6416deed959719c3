"""Sleep, wrong clocks and dead lines: noticed, harmless, and never the reason that something is lost or comes late."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage, until
from relay.wire.events import PING_INTERVAL_MS, PONG_LIMIT_MS
from tests.acceptance.test_interruptions import keep, online
from tests.acceptance.test_whole_path import global_feed, play, settled
from tests.support.deadlines import HANG_S
from tests.support.fault_proxy import FaultProxy
from tests.support.native import build
from tests.support.whole import short_folder
from tests.support.wrong_clock import WrongClock

LIMIT_S = HANG_S
HOUR_S, DAY_S = 3600, 86_400
YEAR_2040_S = 2_208_988_800


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


@contextlib.contextmanager
def environment(more: dict[str, str]) -> Iterator[None]:
    """Of what is started meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in more.items():
            patch.setenv(name, value)
        yield


class Here:
    """A claimed daemon behind a proxy; its clock, and the relay's."""

    def __init__(self, stage: Stage, daemon: RunningDaemon, line: FaultProxy, clock: WrongClock) -> None:
        self.stage = stage
        self.daemon = daemon
        self.line = line
        self.clock = clock
        self.refreshes = 0
        line.lose_reply = self._count

    def _count(self, head: bytes) -> bool:
        self.refreshes += head.startswith(b"POST /api/v1/auth/refresh")
        return False

    async def posted(self, title: str) -> None:
        """Keep, post, and see it accepted."""
        take = await settled(self.daemon, await keep(self.daemon, title))
        assert take.entry_state == "accepted", take


@asynccontextmanager
async def claimed(*, relays_clock: bool = False) -> AsyncIterator[Here]:
    """relays_clock: it is the relay's that can be wrong, not the daemon's."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            clock = WrongClock(folder)
            with environment(clock.env if relays_clock else {}):
                _, relay_url = await stage.relay()
            async with FaultProxy(relay_url) as line:
                with environment({} if relays_clock else clock.env):
                    daemon = await stage.daemon("a", line.url)
                await daemon.client.request(c.ClaimDevice(username="night.owl"))
                await online(daemon)
                await play(stage, daemon, bars=3)
                here = Here(stage, daemon, line, clock)
                yield here


async def until_true(so: Callable[[], bool], what: str) -> float:
    """Seconds that it took. Raises AssertionError after LIMIT_S."""
    began = time.monotonic()
    while not so():
        assert time.monotonic() - began < LIMIT_S, what
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_after_sleep_the_socket_is_replaced_though_it_looks_well() -> None:
    async with claimed() as here:
        before = here.line.connections
        await here.posted("before")
        sockets = lines_of(here.daemon, here.line.port)
        here.clock.slept(HOUR_S)
        await until_true(
            lambda: not sockets & lines_of(here.daemon, here.line.port), "the old socket still stands"
        )
        await online(here.daemon)
        assert here.line.connections > before
        listed = await here.daemon.client.request(c.ListInstances())
        assert isinstance(listed, c.InstanceList)
        assert [i.state for i in listed.instances] != ["gone"], "the plugin slept too, and is well"
        await here.posted("after")


def lines_of(daemon: RunningDaemon, port: int) -> set[str]:
    """The sockets of the daemon's process that are connected to a port."""
    inodes = {
        os.readlink(fd).removeprefix("socket:[").removesuffix("]")
        for fd in Path(f"/proc/{daemon.process.pid}/fd").iterdir()
        if fd.is_symlink() and os.readlink(fd).startswith("socket:")
    }
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[2].endswith(f":{port:04X}") and row[3] == "01" and row[9] in inodes}


async def test_a_wall_clock_that_jumps_neither_loses_nor_delays() -> None:
    async with claimed() as here:
        wrong = {
            "back": -HOUR_S,
            "ahead": DAY_S,
            "1970": 60 - int(time.time()),
            "2040": YEAR_2040_S - int(time.time()),
        }
        for name, by_s in wrong.items():
            here.clock.wall(by_s)
            await here.posted(name)
        here.clock.wall(0)
        await here.posted("right again")
        titles = [post["title"] for post in await asyncio.to_thread(global_feed, here.line.url)]
        assert titles == ["right again", *reversed(wrong)]
        assert here.refreshes <= 1


async def test_what_waits_for_a_time_that_the_clock_took_back_does_not_wait_for_it() -> None:
    """An entry that failed tomorrow is tried as soon as the relay is there today."""
    async with claimed() as here:
        here.clock.wall(DAY_S)
        here.line.down = True
        here.line.cut_all()
        events = here.daemon.client.events()
        await here.daemon.client.request(c.Subscribe())
        take_id = await keep(here.daemon, "of tomorrow")
        while (changed := await until(events, c.TakeChanged)).take.entry_state != "queued":
            pass
        while not (await entry(here.daemon)).attempts:
            await asyncio.sleep(0.05)
        here.clock.wall(0)
        here.line.down = False
        assert changed.take.take_id == take_id
        async with asyncio.timeout(LIMIT_S):
            assert (await settled(here.daemon, take_id)).entry_state == "accepted"


async def entry(daemon: RunningDaemon) -> c.EntryInfo:
    listed = await daemon.client.request(c.ListOutbox())
    assert isinstance(listed, c.EntryList)
    (only,) = listed.entries
    return only


async def test_the_relays_clock_may_jump_too_and_costs_one_refresh_each_time() -> None:
    async with claimed(relays_clock=True) as here:
        await here.posted("before")
        for jumps, by_s in enumerate((HOUR_S, 0), 1):
            here.clock.wall(by_s)
            await here.posted(f"after jump {jumps}")
            assert here.refreshes <= 2 * jumps
        titles = [str(post["title"]) for post in await asyncio.to_thread(global_feed, here.line.url)]
        assert sorted(titles) == ["after jump 1", "after jump 2", "before"]


async def test_a_line_that_died_without_a_word_is_noticed_and_replaced() -> None:
    """The relay's Hello asks for a ping each second here, so that the test need not wait for twenty."""
    ping, quick = (b"ping_interval_ms" + (0xCD0000 | ms).to_bytes(3) for ms in (PING_INTERVAL_MS, 1000))
    async with claimed() as here:
        seen: list[bytes] = []

        def rewrite(piece: bytes) -> bytes:
            seen.extend([piece] if ping in piece else [])
            return piece.replace(ping, quick)

        here.line.rewrite = rewrite
        here.line.cut_all()
        await until_true(lambda: bool(seen), "the daemon did not connect again")
        await online(here.daemon)
        sockets = lines_of(here.daemon, here.line.port)
        here.line.silent = True
        took_s = await until_true(
            lambda: not sockets & lines_of(here.daemon, here.line.port), "the dead line was not noticed"
        )
        assert took_s > PONG_LIMIT_MS / 1000 / 2, "it was noticed by the silence, not by anything else"
        here.line.cut_all()
        here.line.silent = False
        await online(here.daemon)
        await here.posted("after")
