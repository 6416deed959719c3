"""The relay alone: a feed page out of 100,000 posts, and one event to many sockets, per second of the relay's CPU.

A real relay process; the load comes from this one. Peers (other frameworks doing the same work) are not measured here.
"""

import asyncio
import os
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from relay.engine.clock import new_id
from relay.engine.database import Database, Tx
from relay.services.accounts import ensure_account
from relay.services.posts import Figures, NewPost, publish
from relay.wire import events
from tests.support.relay import RelayClient, RelayProcess, running_relay

POSTS = 100_000
AUTHORS = 50
REQUESTS = 600
SOCKETS = 200
DEVICES_PER_ACCOUNT = 10
STARS = 8
EVENTS = 320
EVENTS_PER_S = 60
CHUNK = 2_000
Row = tuple[str, float, str, str]
FIGURES = Figures(
    frames=720_000, sample_rate_hz=48_000, duration_ms=15_000, duration_bars=8, lufs=-14.0, dbtp=-1.2,
    loudness_reason="target", mp3_frames=720_000, mp3_rate_hz=48_000, bar_fractions=[n / 8 for n in range(8)],
    peak_min=[-90] * 400, peak_max=[90] * 400,
)  # fmt: skip


def rows() -> list[Row]:
    """One line per figure. About 30 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        data = Path(name) / "data"
        data.mkdir()
        asyncio.run(_fill(data))
        began = time.perf_counter()
        with running_relay(data) as relay:
            started_s = time.perf_counter() - began
            return [
                ("start to listening, ms", started_s * 1000, "<= 2000", ""),
                ("resident after start, MB", _resident_bytes(relay) / 2**20, "<= 80", ""),
                *_feed(relay),
                *asyncio.run(_fan_out(relay)),
            ]


async def _fill(data: Path) -> None:
    """POSTS posts of AUTHORS people, straight into the database, as the upload path would write them."""
    db = Database(data / "relay.db", lambda _: None)
    people = [await db.write(lambda tx, n=n: ensure_account(tx, f"author{n:03}", 0)) for n in range(AUTHORS)]

    def publish_some(tx: Tx, first: int) -> None:
        for number in range(first, first + CHUNK):
            publish(tx, _post(people[number % AUTHORS], number))
        tx.effects.clear()  # nobody listens yet

    for first in range(0, POSTS, CHUNK):
        await db.write(lambda tx, first=first: publish_some(tx, first))
    await db.close()


def _post(owner_id: str, number: int) -> NewPost:
    return NewPost(
        id=new_id(), version_id=new_id(), owner_id=owner_id, title=f"Loop {number}", bpm=128.0, key="A minor",
        genre=["house", "dub"], daw="Ardour", figures=FIGURES, assets=[], at_us=1_790_000_000_000_000 + number,
    )  # fmt: skip


def _feed(relay: RelayProcess) -> list[Row]:
    """Pages all over the feed, one after another."""
    times_ms: list[float] = []
    cursor = ""
    with httpx.Client(base_url=f"{relay.url}/api/v1", trust_env=False) as http:
        cpu_s = _cpu_s(relay)
        for _ in range(REQUESTS):
            began = time.perf_counter()
            answer = http.get(f"/feed/global?limit=20{cursor}")
            times_ms.append((time.perf_counter() - began) * 1000)
            cursor = f"&cursor={answer.json()['next']}"
        cpu_s = _cpu_s(relay) - cpu_s
    times_ms.sort()
    return [
        ("feed of 20 from 100k posts, p50 ms", statistics.median(times_ms), "", ""),
        ("feed of 20 from 100k posts, p95 ms", times_ms[int(0.95 * REQUESTS)], "< 50", ""),
        ("feed of 20, requests per CPU second", REQUESTS / cpu_s, "", ""),
    ]


async def _fan_out(relay: RelayProcess) -> list[Row]:
    """SOCKETS connections of SOCKETS / 10 followers; STARS people change presence, EVENTS times in all."""
    stars, fans = await asyncio.to_thread(_people, relay)
    before = _resident_bytes(relay)
    async with AsyncExitStack() as stack:
        listening = [await _open(stack, relay, fan) for fan in fans for _ in range(DEVICES_PER_ACCOUNT)]
        each_bytes = (_resident_bytes(relay) - before) / SOCKETS
        speaking = [await _open(stack, relay, star) for star in stars]
        counting = [asyncio.create_task(_count(socket, EVENTS)) for socket in listening]
        cpu_s, began = _cpu_s(relay), time.perf_counter()
        for number in range(EVENTS):
            speaker = speaking[number % STARS]
            await speaker.send(_encode(events.Presence(status="producing", bpm=100.0 + number // STARS % 2)))
            await asyncio.sleep(max(0.0, began + number / EVENTS_PER_S - time.perf_counter()))
        frames = sum(await asyncio.gather(*counting))
        wall_s, cpu_s = time.perf_counter() - began, _cpu_s(relay) - cpu_s
    deliveries = SOCKETS * EVENTS
    beside = f"{deliveries / wall_s:.0f}/s offered, {deliveries / frames:.1f} events per frame"
    return [
        (f"fan-out to {SOCKETS} sockets, deliveries per CPU second", deliveries / cpu_s, "", beside),
        ("memory per idle socket, KB", each_bytes / 1024, "<= 15", ""),
    ]


def _people(relay: RelayProcess) -> tuple[list[str], list[str]]:
    """Access tokens of those who speak and of those who follow them all."""
    with ExitStack() as stack:

        def sign_in(name: str) -> RelayClient:
            client = RelayClient(relay.url)
            stack.callback(client.close)
            client.sign_in(name)
            return client

        stars = [sign_in(f"star{number:03}") for number in range(STARS)]
        fans = [sign_in(f"fan{number:03}") for number in range(SOCKETS // DEVICES_PER_ACCOUNT)]
        for fan in fans:
            for star in stars:
                fan.follow(star.username)
        return [_token(each) for each in stars], [_token(each) for each in fans]


def _token(client: RelayClient) -> str:
    assert client.pair is not None
    return client.pair.access_token


async def _open(stack: AsyncExitStack, relay: RelayProcess, token: str) -> ClientConnection:
    """A connection that has been answered Connected."""
    socket = await stack.enter_async_context(
        connect(
            relay.url.replace("http", "ws", 1) + "/api/v1/ws",
            additional_headers={"Authorization": f"Bearer {token}"},
            subprotocols=[Subprotocol(events.SUBPROTOCOL_MSGPACK)],
            compression=None,
            proxy=None,
        )
    )
    await socket.recv()
    await socket.send(_encode(events.Connect()))
    await socket.recv()
    return socket


async def _count(socket: ClientConnection, wanted: int) -> int:
    """Read until so many events came; the number of frames they came in."""
    got = frames = 0
    while got < wanted:
        got += len(msgspec.msgpack.decode(await socket.recv()))
        frames += 1
    return frames


def _encode(message: events.FromClient) -> bytes:
    return msgspec.msgpack.encode([message])


def _cpu_s(relay: RelayProcess) -> float:
    """User and system time of the relay so far (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{relay.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(relay: RelayProcess) -> int:
    status = Path(f"/proc/{relay.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def main() -> None:
    for what, figure, limit, beside in rows():
        print(f"{what:<60} {figure:>8.3g}  {limit:>8}  {beside}", flush=True)


if __name__ == "__main__":
    main()
