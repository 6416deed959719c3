"""What is felt when a relay goes down: a thousand sockets that come back at once, each with what it missed; and kill -9 under load.

The listeners are the wire's own: each keeps its cursor, counts what it applied, and comes back with jitter.
"""

import asyncio
import random
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from benchmarks.relay_server import Server, python, serving
from benchmarks.sockets import Counting, connect
from relay.wire import events
from tests.support.relay import RelayClient

STORM, STORM_MISSED = 1_000, 50
KILLED, EVENTS_PER_S, LOAD_S = 500, 200, 4.0
DEVICES_PER_ACCOUNT, AUTHORS = 10, 8
BACK_OFF_S = (0.2, 1.0)
LIMIT_S = 120.0
Row = tuple[str, float, str, str]


@dataclass
class Listener:
    """One device: where it stands, what it applied, and when it last heard Connected."""

    token: str
    cursor: str | None = None
    applied: Counter[str] = field(default_factory=Counter)
    gaps: int = 0
    connected_s: float = 0.0
    socket: Counting | None = None

    async def open(self, url: str) -> None:
        self.socket = await connect(
            url,
            "/api/v1/ws",
            self._on_frame,
            Authorization=f"Bearer {self.token}",
            Sec_WebSocket_Protocol=events.SUBPROTOCOL_MSGPACK,
        )
        self.socket.say(msgspec.msgpack.encode([events.Connect(cursor=self.cursor)]))

    def _on_frame(self, _: Counting, data: bytes, now_s: float) -> None:
        for message in msgspec.msgpack.decode(data)[1:]:
            if message["t"] == "connected":
                self.connected_s = now_s
                self.gaps += not message["recovered"]
                for event in message.get("events", []):
                    self._apply(event)
                self.cursor = message["cursor"]
            elif message["t"] == "event":
                self._apply(message)

    def _apply(self, event: dict[str, str]) -> None:
        if event.get("cursor"):
            self.applied[event["id"]] += 1
            self.cursor = event["cursor"]


def rows() -> list[Row]:
    """One line per figure. About a minute."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        found = asyncio.run(_storm(Path(name)))
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        found += asyncio.run(_killed(Path(name)))
    return found


async def _storm(folder: Path) -> list[Row]:
    with _relay(folder, _free_port()) as server:
        crowd = _crowd(server.url, STORM)
        await _all_open(server.url, crowd)
        for each in crowd:
            assert each.socket is not None
            each.socket.transport.abort()
        await _publish(server.url, STORM_MISSED)
        cpu_s, began = server.cpu_s(), time.perf_counter()
        await _all_open(server.url, crowd)
        took_s = max(each.connected_s for each in crowd) - began
        wrong = sum(sum(each.applied.values()) != STORM_MISSED for each in crowd)
        return [
            (
                f"{STORM:,} reconnects at once, {STORM_MISSED} missed events each: seconds until the last has all",
                took_s,
                "<= 5",
                f"{server.cpu_s() - cpu_s:.1f} s of the relay's CPU",
            ),
            ("… that have less or more", float(wrong), "0", ""),
        ]


async def _killed(folder: Path) -> list[Row]:
    port, ended = _free_port(), asyncio.Event()
    with _relay(folder, port) as server:
        crowd = _crowd(server.url, KILLED)
        await _all_open(server.url, crowd)
        going = [asyncio.create_task(_come_back(server.url, each, ended)) for each in crowd]
        load = asyncio.create_task(_paced(server.url, ended))
        await asyncio.sleep(LOAD_S)
        server.process.kill()
        server.process.wait()
        killed_s = time.perf_counter()
    with _relay(folder, port) as server:
        async with asyncio.timeout(LIMIT_S):
            while min(each.connected_s for each in crowd) < killed_s:  # noqa: ASYNC110 - of 500, no one event
                await asyncio.sleep(0.05)
        told_s = max(each.connected_s for each in crowd) - killed_s
        await asyncio.sleep(LOAD_S)
        ended.set()
        await load
        await _quiet(crowd)
        for task in going:
            task.cancel()
    published = set().union(*(each.applied for each in crowd))
    lost = sum(len(published - set(each.applied)) for each in crowd if not each.gaps)
    doubled = sum(count - 1 for each in crowd for count in each.applied.values())
    return [
        (
            f"kill -9 under {EVENTS_PER_S} events/s, {KILLED} sockets: seconds until the last knows where it stands",
            told_s,
            "< 20",
            f"{sum(e.gaps for e in crowd)} told of a gap",
        ),
        ("… lost without a word, and doubled", float(lost + doubled), "0", f"{len(published)} events"),
    ]


def _crowd(url: str, size: int) -> list[Listener]:
    with ExitStack() as stack:
        clients = [RelayClient(url) for _ in range(AUTHORS + size // DEVICES_PER_ACCOUNT)]
        for client in clients:
            stack.callback(client.close)
        stars, fans = clients[:AUTHORS], clients[AUTHORS:]
        for n, star in enumerate(stars):
            star.sign_in(f"star{n}")
        found: list[Listener] = []
        for n, fan in enumerate(fans):
            fan.sign_in(f"listener-{n:03}-x")
            assert fan.pair is not None
            for star in stars:
                fan.follow(star.username)
            found += [Listener(fan.pair.access_token) for _ in range(DEVICES_PER_ACCOUNT)]
        return found


async def _all_open(url: str, crowd: list[Listener]) -> None:
    since_s = time.perf_counter()
    await asyncio.gather(*(each.open(url) for each in crowd))
    async with asyncio.timeout(LIMIT_S):
        while min(each.connected_s for each in crowd) < since_s:  # noqa: ASYNC110 - of 1,000, no one event
            await asyncio.sleep(0.01)


async def _come_back(url: str, listener: Listener, ended: asyncio.Event) -> None:
    while not ended.is_set():
        assert listener.socket is not None
        await listener.socket.closed
        await asyncio.sleep(random.uniform(*BACK_OFF_S))
        with suppress(OSError, AssertionError, TimeoutError):
            await listener.open(url)


async def _publish(url: str, count: int) -> None:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=LIMIT_S) as http:
        for number in range(count):
            (await http.post(f"/bench/publish?author={number % AUTHORS}")).raise_for_status()


async def _paced(url: str, ended: asyncio.Event) -> None:
    """EVENTS_PER_S, as near as one can; while the relay is away none."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=LIMIT_S) as http:
        while not ended.is_set():
            pause = asyncio.create_task(asyncio.sleep(8 / EVENTS_PER_S))
            asks = (http.post(f"/bench/publish?author={author}") for author in range(8))
            await asyncio.gather(*asks, return_exceptions=True)
            await pause


async def _quiet(crowd: list[Listener]) -> None:
    before = -1
    while (now := sum(sum(each.applied.values()) for each in crowd)) != before:
        before = now
        await asyncio.sleep(1.0)


@contextmanager
def _relay(folder: Path, port: int) -> Iterator[Server]:
    command = python(
        "benchmarks.peers.relay", "--data", str(folder / "data"), "--port", str(port), "--dev", "--json-log"
    )
    with serving(*command) as server:
        yield server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


if __name__ == "__main__":
    for what, figure, limit, beside in rows():
        print(f"{what:<95} {figure:>8.3g}  {limit:>6}  {beside}", flush=True)
