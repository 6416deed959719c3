"""The power goes at random moments: what was answered is there, from a disk that kept only what was fsynced."""

import asyncio
import contextlib
import os
import random

import pytest

from tests.chaos.daemons import Died
from tests.chaos.disks import LosingDisk, no_fuse
from tests.chaos.scene import scene, zero
from tests.support.native import build

pytestmark = pytest.mark.skipif(no_fuse() is not None, reason=str(no_fuse()))
CUTS = int(os.environ.get("SIDECHAIN_CUTS", "200" if "SIDECHAIN_SOAK" in os.environ else "12"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
USUAL_S = 0.5


@pytest.mark.timeout(180 + 5 * CUTS)
async def test_power_cuts_lose_nothing_that_was_answered() -> None:
    build()
    chance = random.Random(SEED)
    async with scene(LosingDisk) as here:
        spread_s = await here.spread_s(USUAL_S)
        for number in range(CUTS):
            await here.attached()
            asking = asyncio.create_task(here.keep(f"cut {number}"))
            await asyncio.sleep(chance.random() * spread_s)
            await here.kill()
            with contextlib.suppress(Died):
                await asking
            await here.disk.cut()
            await here.disk.mount()
            await here.start()
        figures = await here.judge()
    print(f"\ncuts={CUTS}", *(f"{k}={v}" for k, v in figures.items()), f"seed={SEED}")
    assert zero(figures), (figures, here.trouble)
    assert figures["acked"] > CUTS // 4, here.trouble


@pytest.mark.timeout(180)
async def test_a_daemon_that_does_not_sync_is_found_out() -> None:
    """The judge and the disk have teeth: without fsync the same cuts do lose what was answered."""
    build()
    async with scene(LosingDisk) as here:
        here.env["CHAOS_NO_FSYNC"] = "1"
        await here.kill()
        await here.start()
        await here.attached()
        assert await here.keep("not synced")
        await here.kill()
        await here.disk.cut()
        await here.disk.mount()
        await here.start()
        figures = await here.judge()
    assert figures["lost"] or figures["corrupt"], figures
