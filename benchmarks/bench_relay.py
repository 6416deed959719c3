"""The relay alone: its start, and one event to a thousand sockets, beside node ws, socket.io and Litestar's channels.

Every server runs as one process, checks a token at the handshake and sends to a socket only what the authors it follows
have said. The peers send the body they are given; the relay also commits the post it tells of, keeps it for who comes
back, and gives it a place. Deliveries per second of the server's own CPU; the load comes from this process.
"""

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec

from benchmarks.relay_server import Server, python, serving
from benchmarks.sockets import Counting, connect
from relay.wire.events import SUBPROTOCOL_MSGPACK, Connect
from tests.support.node import NODE, installed
from tests.support.relay import RelayClient

SOCKETS = 1_000
DEVICES_PER_ACCOUNT = 10
AUTHORS = 8
EVENTS = 400
AT_ONCE = 4
UNDERWAY = 8
"""Events that have not reached every socket yet: more would measure how quick this process reads."""
PACED_EVENTS, EVENTS_PER_S = 150, 10
STALLED = 1
QUIET_LIMIT_S = 60
BODY = msgspec.json.encode(
    {"t": "event", "post": {"id": "a" * 32, "title": "Loop", "outline": "A" * 216, "more": "x" * 600}}
)
Row = tuple[str, float | str, str, str]


@dataclass
class Crowd:
    """Sockets that listen to one server, and how to make an event there. counted: deliveries, not frames."""

    server: Server
    publish: Callable[[int], str]
    sockets: list[Counting] = field(default_factory=list)
    deliveries: int = 0
    arrivals_s: list[float] = field(default_factory=list)
    wanted: int = 0
    here: asyncio.Event = field(default_factory=asyncio.Event)

    def arrived(self, now_s: float, count: int = 1) -> None:
        self.deliveries += count
        self.arrivals_s.extend([now_s] * count)
        if self.deliveries >= self.wanted:
            self.here.set()

    async def all_arrived(self, wanted: int) -> None:
        """Raises TimeoutError when nothing arrives for QUIET_LIMIT_S."""
        self.wanted = wanted
        while self.deliveries < wanted:
            self.here.clear()
            before = self.deliveries
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(QUIET_LIMIT_S):
                    await self.here.wait()
            if self.deliveries == before:
                raise TimeoutError(f"{wanted - before:,} deliveries are missing")


def rows() -> list[Row]:
    """One line per figure. About 90 s."""
    found: list[Row] = []
    rates: dict[str, float] = {}
    for name, peer in (
        ("relay", relay),
        ("node ws", node_ws),
        ("socket.io", socket_io),
        ("litestar channels", channels),
    ):
        with peer(found) as (server, opening, publish):
            rates[name] = asyncio.run(_fan_out(name, server, opening, publish, found))
    for name, least in (("node ws", 1.2), ("socket.io", 1.2), ("litestar channels", 2.5)):
        found.append(
            (
                f"fan-out to {SOCKETS:,}, per CPU second",
                rates["relay"] / rates[name],
                f">= {least}",
                f"× {name}",
            )
        )
    return found


# servers ------------------------------------------------------------------------------------------------------

Opening = Callable[[int, Crowd], "asyncio.Future[Counting]"]
Peer = Iterator[tuple[Server, Opening, Callable[[int], str]]]


@contextmanager
def relay(found: list[Row]) -> Peer:
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name, ExitStack() as stack:
        began = time.perf_counter()
        command = python(
            "benchmarks.peers.relay", "--data", str(Path(name) / "data"), "--port", "0", "--dev", "--json-log"
        )
        server = stack.enter_context(serving(*command))
        found += [
            ("relay: start to listening, ms", (time.perf_counter() - began) * 1000, "<= 1000", ""),
            ("relay: resident after start, MB", server.resident_bytes() / 2**20, "<= 80", ""),
        ]
        clients = [RelayClient(server.url) for _ in range(AUTHORS + SOCKETS // DEVICES_PER_ACCOUNT)]
        for client in clients:
            stack.callback(client.close)
        stars, fans = clients[:AUTHORS], clients[AUTHORS:]
        for n, star in enumerate(stars):
            star.sign_in(f"star{n}")
        for n, fan in enumerate(fans):
            fan.sign_in(f"listener-{n:03}-x")
            for star in stars:
                fan.follow(star.username)
        hello = msgspec.msgpack.encode([Connect()])

        async def opening(number: int, crowd: Crowd) -> Counting:
            pair = fans[number // DEVICES_PER_ACCOUNT].pair
            assert pair is not None

            def on_frame(socket: Counting, data: bytes, now_s: float) -> None:
                if socket.frames > 2:  # Hello and Connected come first
                    crowd.arrived(now_s, len(msgspec.msgpack.decode(data)) - 1)

            socket = await connect(
                server.url,
                "/api/v1/ws",
                on_frame,
                Authorization=f"Bearer {pair.access_token}",
                Sec_WebSocket_Protocol=SUBPROTOCOL_MSGPACK,
            )
            socket.say(hello)
            return socket

        yield server, opening, lambda author: f"/bench/publish?author={author}"  # type: ignore[misc]


@contextmanager
def node_ws(_: list[Row]) -> Peer:
    with serving(str(NODE), "ws.js", cwd=installed("peers")) as server:
        yield server, _plain("/ws", server), lambda author: f"/publish?author={author}"


@contextmanager
def socket_io(_: list[Row]) -> Peer:
    with serving(str(NODE), "socketio.js", cwd=installed("peers")) as server:

        async def opening(number: int, crowd: Crowd) -> Counting:
            def on_frame(socket: Counting, data: bytes, now_s: float) -> None:
                if data.startswith(b"0"):  # engine.io is open: ask for the namespace
                    socket.say(b"40", text=True)
                elif data.startswith(b"42"):
                    crowd.arrived(now_s)
                elif data == b"2":  # engine.io's own ping
                    socket.say(b"3", text=True)

            return await connect(
                server.url, f"/socket.io/?EIO=4&transport=websocket&token=token{number}", on_frame
            )

        yield server, opening, lambda author: f"/publish?author={author}"  # type: ignore[misc]


@contextmanager
def channels(_: list[Row]) -> Peer:
    with serving(*python("benchmarks.peers.channels")) as server:
        yield server, _plain("/ws", server), lambda author: f"/publish?author={author}"


def _plain(path: str, server: Server) -> Opening:
    async def opening(number: int, crowd: Crowd) -> Counting:
        return await connect(
            server.url, f"{path}?token=token{number}", lambda _, __, now_s: crowd.arrived(now_s)
        )

    return opening  # type: ignore[return-value]


# measuring ----------------------------------------------------------------------------------------------------


async def _fan_out(
    name: str, server: Server, opening: Opening, publish: Callable[[int], str], found: list[Row]
) -> float:
    """Deliveries per second of the server's CPU; memory and latency go to found."""
    crowd, before = Crowd(server, publish), server.resident_bytes()
    for number in range(SOCKETS):
        crowd.sockets.append(await opening(number, crowd))
    await asyncio.sleep(2.0)
    found.append(
        (
            f"{name}: memory per idle socket, KB",
            (server.resident_bytes() - before) / SOCKETS / 1024,
            "<= 12" if name == "relay" else "",
            "",
        )
    )
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=QUIET_LIMIT_S) as http:
        await _publish(http, crowd, AUTHORS)  # warm
        cpu_s = server.cpu_s()
        await _publish(http, crowd, EVENTS)
        rate = EVENTS * SOCKETS / (server.cpu_s() - cpu_s)
        found.append(
            (
                f"{name}: deliveries per CPU second",
                rate,
                "",
                f"{EVENTS} events, {SOCKETS:,} sockets, {AT_ONCE} at once",
            )
        )
        calm = await _paced(http, crowd)
        found.append(
            (
                f"{name}: {EVENTS_PER_S} events/s, latency p50, ms",
                statistics.median(calm) * 1000,
                "",
                f"p99 {_p99(calm) * 1000:.0f} ms",
            )
        )
        if name == "relay":
            for socket in crowd.sockets[:STALLED]:
                socket.transport.pause_reading()
            stalled = await _paced(http, crowd, but=STALLED)
            found.append(
                ("relay: p99 with one of them stalled", _p99(stalled) / _p99(calm), "<= 1.1", "× without")
            )
    for socket in crowd.sockets:
        socket.transport.abort()
    return rate


async def _publish(http: httpx.AsyncClient, crowd: Crowd, events: int) -> None:
    """AT_ONCE publishers, never more than UNDERWAY ahead of the sockets, until every socket has every event."""
    before = crowd.deliveries
    for first in range(0, events, AT_ONCE):
        await crowd.all_arrived(before + (first + AT_ONCE - UNDERWAY) * SOCKETS)
        numbers = range(first, min(first + AT_ONCE, events))
        asked = (http.post(crowd.publish(number % AUTHORS), content=BODY) for number in numbers)
        for answer in await asyncio.gather(*asked):
            answer.raise_for_status()
    await crowd.all_arrived(before + events * SOCKETS)


async def _paced(http: httpx.AsyncClient, crowd: Crowd, but: int = 0) -> list[float]:
    """Seconds from asking to publish to each arrival. but: sockets that do not read."""
    latencies: list[float] = []
    for number in range(PACED_EVENTS):
        began, before = time.perf_counter(), crowd.deliveries
        crowd.arrivals_s.clear()
        await http.post(crowd.publish(number % AUTHORS), content=BODY)
        await crowd.all_arrived(before + SOCKETS - but)
        latencies += [each - began for each in crowd.arrivals_s]
        await asyncio.sleep(max(0.0, 1 / EVENTS_PER_S - (time.perf_counter() - began)))
    return latencies


def _p99(values: list[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))]


if __name__ == "__main__":
    for what, figure, limit, beside in rows():
        shown = f"{figure:.3g}" if isinstance(figure, float) else figure
        print(f"{what:<60} {shown:>10}  {limit:>8}  {beside}", flush=True)
