"""SIGKILL, and SIGTERM, at random moments between the question and the end: `SIDECHAIN_SOAK=1` for a thousand, and 200."""

import asyncio
import contextlib
import os
import random
import signal
import time

import pytest

from tests.chaos.daemons import Died
from tests.chaos.scene import Moments, scene, zero
from tests.support.native import build

KILLS = int(os.environ.get("SIDECHAIN_KILLS", "1000" if "SIDECHAIN_SOAK" in os.environ else "200"))
ENDS = int(os.environ.get("SIDECHAIN_ENDS", "200" if "SIDECHAIN_SOAK" in os.environ else "8"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
USUAL_S = 0.35  # a bar is kept, rendered and posted in about that


@pytest.mark.timeout(900 + 60 * KILLS)
async def test_kills_lose_nothing_and_double_nothing() -> None:
    build()
    chance = random.Random(SEED)
    async with scene() as here:
        moments = Moments(chance, USUAL_S)
        for number in range(KILLS):
            await here.attached()
            asking = asyncio.create_task(here.keep(f"kill {number}"))
            await asyncio.sleep(moments.next_s())
            await here.kill()
            with contextlib.suppress(Died):
                await asking
            moments.answered(here.asked["kill " + str(number)] is not None)
            await here.start()
        figures = await here.judge()
        ready = sorted(here.ready_s)
        p95_ms = ready[int(len(ready) * 0.95)] * 1000
    print(
        f"\nkills={KILLS}",
        *(f"{k}={v}" for k, v in figures.items()),
        f"ready_p95_ms={p95_ms:.0f} seed={SEED}",
    )
    assert zero(figures), (figures, here.trouble)
    assert figures["acked"] > KILLS // 4, here.trouble


@pytest.mark.timeout(900 + 60 * ENDS)
async def test_a_daemon_that_is_told_to_end_does_so_at_once_and_loses_nothing() -> None:
    """As at a logout, in the middle of whatever it does: exit code 0, and what was answered is there."""
    build()
    chance = random.Random(SEED)
    took_s: list[float] = []
    async with scene() as here:
        moments = Moments(chance, USUAL_S)
        for number in range(ENDS):
            await here.attached()
            asking = asyncio.create_task(here.keep(f"end {number}"))
            await asyncio.sleep(moments.next_s())
            began_s = time.perf_counter()
            await here.kill(signal.SIGTERM)
            took_s.append(time.perf_counter() - began_s)
            assert await here.ended == 0, here.last_words()
            with contextlib.suppress(Died):
                await asking
            moments.answered(here.asked["end " + str(number)] is not None)
            await here.start()
        figures = await here.judge()
    p95_ms = sorted(took_s)[int(ENDS * 0.95)] * 1000
    print(f"\nends={ENDS}", *(f"{k}={v}" for k, v in figures.items()), f"end_p95_ms={p95_ms:.0f} seed={SEED}")
    assert zero(figures), (figures, here.trouble)
