"""How soon the feed opens: the first look of a daemon, the next one, and one without a relay. Real daemon and relay.

The time is that of the control socket's answer; `sidechain feed` adds the start of a process (bench_daemon).
"""

import asyncio
import os
import signal
import statistics
import tempfile
import time
from pathlib import Path

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage, end
from daemon.features.feed.feed import FRESH_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient

POSTS = 20
ROUNDS = 20
STATE_LIMIT_S = 20.0
Row = tuple[str, float, str, str]


def rows() -> list[Row]:
    """One line per figure. About 20 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        return asyncio.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Row]:
    async with Stage(folder) as stage:
        relay, url = await stage.relay()
        await asyncio.to_thread(_fill, url)
        reader = await stage.daemon("reader", url)
        await reader.client.request(c.ClaimDevice(username="reader"))
        await reader.client.request(c.FollowUser(username="author"))
        cold, cached = [], []
        for _ in range(ROUNDS):
            await reader.client.request(
                c.FollowUser(username="author")
            )  # the page may have changed: it is asked for
            cold.append(await _look(reader))
            cached.append(await _look(reader))
        os.kill(relay.pid, signal.SIGSTOP)  # it does not answer, and nothing says so
        await reader.client.request(c.GetFeed(limit=POSTS))
        silent = await _look_anew(reader)
        os.kill(relay.pid, signal.SIGCONT)
        await end(relay)
        await _until(reader, "offline")
        offline = [await _look(reader) for _ in range(ROUNDS)]
        return [
            ("feed of 20, asked of the relay, p95, ms", _p95(cold), "≤ 500", "loopback"),
            ("feed of 20, a moment later, p95, ms", _p95(cached), "≤ 50", ""),
            ("feed of 20, the relay silent, ms", silent * 1e3, "≤ 500", "what is here is shown"),
            ("feed of 20, offline, p95, ms", _p95(offline), "≤ 50", ""),
        ]


def _fill(url: str) -> None:
    author = RelayClient(url)
    author.sign_in("author")
    for number in range(POSTS):
        author.post(short_flac(4_800 + number), title=f"post {number}")
    author.close()


async def _look(daemon: RunningDaemon) -> float:
    started = time.perf_counter()
    page = await daemon.client.request(c.GetFeed(limit=POSTS))
    took = time.perf_counter() - started
    assert isinstance(page, c.Feed) and len(page.items) == POSTS
    return took


async def _look_anew(daemon: RunningDaemon) -> float:
    """When the last page is too old to be shown again."""
    await asyncio.sleep(FRESH_S + 0.1)
    return await _look(daemon)


async def _until(daemon: RunningDaemon, state: str) -> None:
    async with asyncio.timeout(STATE_LIMIT_S):
        while True:
            status = await daemon.client.request(c.GetStatus())
            if isinstance(status, c.Status) and status.state == state:
                return
            await asyncio.sleep(0.05)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[18] * 1e3
