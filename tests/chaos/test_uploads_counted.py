"""Counts that the outbox must keep on any line: `SIDECHAIN_SOAK=1` for the whole ones, at a relay that does not encode.

One device, its real library and uploader, a proxy that breaks the line, a real relay. Each test prints one line.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from daemon.core.outbox import State
from tests.support.fault_proxy import FaultProxy
from tests.support.loops import noise_flac, short_flac
from tests.support.posting import Desk, SimulatedClock, desk, titles
from tests.support.relay import RelayProcess, running_relay

SOAK = "SIDECHAIN_SOAK" in os.environ
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
LOST, FLAPS, UPLOADS, UPLOAD_BYTES, TAKES = (
    (1000, 1000, 20, 5_000_000, 500) if SOAK else (5, 24, 4, 1_000_000, 5)
)
GAP_BYTES = 150_000  # between two flaps, at most
DAY_US = 86_400_000_000
LIMIT_S = 3600.0
pytestmark = pytest.mark.timeout(LIMIT_S + 20)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    module = "tests.support.quick_relay" if SOAK else "relay"
    with running_relay(tmp_path / "relay", module=module) as process:
        yield process


def clock_of(here: Desk) -> SimulatedClock:
    clock = here.uploader._clock
    assert isinstance(clock, SimulatedClock)
    return clock


@asynccontextmanager
async def broken_line(folder: Path, relay: RelayProcess) -> AsyncIterator[tuple[FaultProxy, Desk]]:
    async with FaultProxy(relay.url) as proxy, desk(folder / "desk", proxy.url, SimulatedClock()) as here:
        yield proxy, here


async def judge(here: Desk, relay: RelayProcess) -> dict[str, int]:
    """What is on the relay against what is in the library; both all told."""
    posts = await titles(relay.url)
    entries = await here.stored()
    wanted = [f"take {int(entry.take_id, 16)}" for entry in entries]
    return {
        "lost": len(set(wanted) - set(posts)) + sum(entry.state is not State.ACCEPTED for entry in entries),
        "doubled": len(posts) - len(set(posts)),
        "unasked": len(set(posts) - set(wanted)),
        "out_of_order": sum(a != b for a, b in zip(posts, wanted, strict=False)),
    }


def say(**figures: object) -> None:
    print("\n" + " ".join(f"{name}={value}" for name, value in figures.items()), f"seed={SEED}")


async def test_lost_replies_make_exactly_as_many_posts_as_takes(tmp_path: Path, relay: RelayProcess) -> None:
    """Of each take one reply at least is lost, and of some each that could be: the relay did it, we never heard."""
    chance, audio = random.Random(SEED), short_flac()
    async with broken_line(tmp_path, relay) as (proxy, here):
        doomed: set[bytes] = set()

        def lose(head: bytes) -> bool:
            kind = head.split(b" HTTP/")[0].split(b"?")[0]
            kind = kind[: kind.rfind(b"/")] if kind.startswith((b"HEAD", b"PATCH")) else kind
            hit = kind in doomed
            doomed.discard(kind)
            return hit

        proxy.lose_reply = lose
        kinds = [b"POST /api/v1/uploads", b"POST /api/v1/audio/process", b"HEAD /api/v1/uploads"]
        async with here.running():
            for number in range(LOST):
                doomed |= {kinds[number % 2]} | set(chance.sample(kinds, chance.randrange(4)))
                await here.queue(number, audio)
                await here.until(State.ACCEPTED, limit_s=LIMIT_S)
        figures = await judge(here, relay)
        posts = len(await titles(relay.url))
        say(takes=LOST, lost_replies=proxy.lost_replies, posts=posts, **figures)
        assert not any(figures.values()), figures
        assert posts == LOST and proxy.lost_replies >= LOST


async def test_flaps_lose_nothing_double_nothing_and_waste_little(
    tmp_path: Path, relay: RelayProcess
) -> None:
    chance = random.Random(SEED)
    async with broken_line(tmp_path, relay) as (proxy, here):
        size_bytes, before_bytes = 0, proxy.up_bytes
        proxy.cut_after = lambda: chance.randrange(GAP_BYTES) if proxy.cuts < FLAPS else None
        proxy.cut_all()
        for number in range(UPLOADS):
            flac = noise_flac(number, UPLOAD_BYTES)
            size_bytes += len(flac)
            await here.queue(number, flac)
        async with here.running():
            await here.until(State.ACCEPTED, limit_s=LIMIT_S)
        figures = await judge(here, relay)
        handed = here.uploader.tus.sent_bytes / size_bytes
        seen = (proxy.up_bytes - before_bytes) / size_bytes
        say(
            flaps=proxy.cuts,
            uploads=UPLOADS,
            size_bytes=size_bytes,
            **figures,
            sent_over_size=f"{handed:.3f}",
            on_the_line_over_size=f"{seen:.3f}",
        )
        assert not any(figures.values()), figures
        assert proxy.cuts == FLAPS
        assert handed <= 1.3 and seen <= 1.3


async def test_a_day_without_the_relay_and_then_everything_in_order(
    tmp_path: Path, relay: RelayProcess
) -> None:
    """Takes are kept all through the day; nobody tells the outbox that the relay is back."""
    audio = short_flac()
    async with broken_line(tmp_path, relay) as (proxy, here):
        clock = clock_of(here)
        proxy.down = True
        proxy.cut_all()
        began_us, tries = clock.us, -proxy.connections
        async with here.running():
            for number in range(TAKES):
                clock.stopped.clear()
                clock.stop_at_us = began_us + DAY_US * (number + 1) // TAKES
                await here.queue(number, audio)
                async with asyncio.timeout(LIMIT_S):
                    await clock.stopped.wait()
            tries += proxy.connections
            begun_us = here.begun_us()
            proxy.down, clock.stop_at_us = False, None
            here.uploader.wake()
            await here.until(State.ACCEPTED, limit_s=LIMIT_S)
        figures = await judge(here, relay)
        say(
            takes=TAKES,
            simulated_h=f"{(clock.us - began_us) / 3.6e9:.1f}",
            tries_while_down=tries,
            **figures,
        )
        assert not any(figures.values()), figures
        assert min(b - a for a, b in pairwise(begun_us)) >= 1_000_000, "at most one request a second"
        assert len(begun_us) <= tries <= 2 * len(begun_us)
