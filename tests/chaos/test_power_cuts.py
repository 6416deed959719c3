"""The power goes at random moments: what was answered is there, from a disk that kept only what was fsynced."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.library.store import Store
from tests.chaos.daemons import ROOT, Died
from tests.chaos.disks import LosingDisk, no_fuse
from tests.chaos.scene import Moments, scene, zero
from tests.support.native import build
from tests.support.whole import short_folder

pytestmark = pytest.mark.skipif(no_fuse() is not None, reason=str(no_fuse()))
CUTS = int(os.environ.get("SIDECHAIN_CUTS", "200" if "SIDECHAIN_SOAK" in os.environ else "12"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
USUAL_S = 0.5


@pytest.mark.timeout(900 + 60 * CUTS)
async def test_power_cuts_lose_nothing_that_was_answered() -> None:
    build()
    chance = random.Random(SEED)
    async with scene(LosingDisk) as here:
        moments = Moments(chance, USUAL_S)
        for number in range(CUTS):
            await here.attached()
            asking = asyncio.create_task(here.keep(f"cut {number}"))
            await asyncio.sleep(moments.next_s())
            await here.kill()
            with contextlib.suppress(Died):
                await asking
            moments.answered(here.asked["cut " + str(number)] is not None)
            await here.disk.cut()
            await here.disk.mount()
            await here.start()
        figures = await here.judge()
    print(f"\ncuts={CUTS}", *(f"{k}={v}" for k, v in figures.items()), f"seed={SEED}")
    assert zero(figures), (figures, here.trouble)
    assert figures["acked"] > CUTS // 4, here.trouble


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


async def test_what_only_the_library_says_outlives_a_cut_too() -> None:
    """The files beside the sound would bring back Takes and Entries; how often was tried, and where, they do not say."""
    with short_folder() as folder:
        disk = LosingDisk(folder / "data")
        await disk.mount()
        try:
            await asyncio.to_thread(_count_and_leave, folder / "data" / "library.sqlite3")
        finally:
            await disk.cut()
        await disk.mount()
        try:
            assert await asyncio.to_thread(_counted, folder / "data" / "library.sqlite3") == (3, 1)
        finally:
            await disk.cut()


def _count_and_leave(path: Path) -> None:
    """In a process of its own, which ends without closing anything."""
    code = f"""
import os
from pathlib import Path
from daemon.core import outbox
from daemon.library.rebuild import open_library
from daemon.library.entries import new_entry
from tests.support.takes import take
path = Path({str(path)!r})
(path.parent / "takes").mkdir()
store, _ = open_library(path, path.parent / "takes")
row = take(1, flac_sha256="a" * 64)
store.add_take(row, new_entry(row, "", None))
for _ in range(3):
    store.count_attempt(row.take_id)
entry = outbox.apply(store.entry_of(row.take_id), outbox.Picked(account="owl"), now_us=1, jitter=0.0)
store.save_entry(entry)
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def _counted(path: Path) -> tuple[int, int]:
    """Attempts at the Take, and at its Entry."""
    store = Store(path)
    try:
        (row,) = store.takes(1)
        entry = store.entry_of(row.take_id)
        assert entry
        return row.attempts, entry.attempts
    finally:
        store.close()
