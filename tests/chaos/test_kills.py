"""SIGKILL at random moments between the question and the end: `SIDECHAIN_SOAK=1` for a thousand."""

import asyncio
import contextlib
import os
import random

import pytest

from tests.chaos.daemons import Died
from tests.chaos.scene import scene, zero
from tests.support.native import build

KILLS = int(os.environ.get("SIDECHAIN_KILLS", "1000" if "SIDECHAIN_SOAK" in os.environ else "200"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
USUAL_S = 0.35  # a bar is kept, rendered and posted in about that


@pytest.mark.timeout(120 + 5 * KILLS)
async def test_kills_lose_nothing_and_double_nothing() -> None:
    build()
    chance = random.Random(SEED)
    async with scene() as here:
        spread_s = await here.spread_s(USUAL_S)
        for number in range(KILLS):
            await here.attached()
            asking = asyncio.create_task(here.keep(f"kill {number}"))
            await asyncio.sleep(chance.random() * spread_s)
            await here.kill()
            with contextlib.suppress(Died):
                await asking
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
