"""The power goes at random moments: what was answered is there, from a disk that kept only what was fsynced."""

import asyncio
import contextlib
import os
import random
import sys
import time
from pathlib import Path

import pytest

from tests.chaos.scene import Died, scene, zero
from tests.support.native import build

CUTS = int(os.environ.get("SIDECHAIN_CUTS", "200" if "SIDECHAIN_SOAK" in os.environ else "12"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
LATEST_S = 0.5
MOUNT_LIMIT_S = 10.0


class Disk:
    """tests/chaos/losing_disk.py, mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._image = folder.with_name("image")
        self._process: asyncio.subprocess.Process | None = None

    async def mount(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        program = Path(__file__).with_name("losing_disk.py")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), str(self._folder), str(self._image), stdin=asyncio.subprocess.PIPE
        )
        deadline = time.monotonic() + MOUNT_LIMIT_S
        while not os.path.ismount(self._folder):
            assert time.monotonic() < deadline and self._process.returncode is None, (
                "the disk was not mounted"
            )
            await asyncio.sleep(0.01)

    async def cut(self) -> None:
        """The power goes: what was not synced is gone."""
        assert self._process and self._process.stdin
        self._process.stdin.write(b"cut\n")
        await self._process.wait()
        unmount = await asyncio.create_subprocess_exec("fusermount3", "-u", "-z", str(self._folder))
        await unmount.wait()


@pytest.mark.timeout(120 + 3 * CUTS)
async def test_power_cuts_lose_nothing_that_was_answered() -> None:
    build()
    chance = random.Random(SEED)
    async with scene(Disk) as here:
        for number in range(CUTS):
            await here.attached()
            asking = asyncio.create_task(here.keep(f"cut {number}"))
            await asyncio.sleep(chance.random() * LATEST_S)
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


@pytest.mark.timeout(60)
async def test_a_daemon_that_does_not_sync_is_found_out() -> None:
    """The judge and the disk have teeth: without fsync the same cuts do lose what was answered."""
    build()
    async with scene(Disk) as here:
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
