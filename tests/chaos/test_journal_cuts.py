"""The power goes while plugins play: the journal holds all of every round that was synced, and nothing that is wrong.

A round syncs before the next one writes (daemon/features/history/journal.py), so what stood in the files when the next round's first
bytes came is on the disk, from one that forgets all that was not synced.
"""

import asyncio
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from daemon.cli.stage import RunningDaemon, RunningHost, Stage
from daemon.rings.journal_files import Segment, read_frames, read_ring
from tests.chaos.disks import LosingDisk, no_fuse
from tests.support.deadlines import HANG_S
from tests.support.journals import spans
from tests.support.native import build
from tests.support.whole import marked_groove, short_folder, write_wav

pytestmark = pytest.mark.skipif(no_fuse() is not None, reason=str(no_fuse()))
CUTS = int(os.environ.get("SIDECHAIN_CUTS", "100" if "SIDECHAIN_SOAK" in os.environ else "3"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
BARS = 2


def on_disk(data: Path) -> list[Segment]:
    """The segments of the one Ring, checked byte by byte; files that come and go meanwhile are left out."""
    try:
        return [s for folder in (data / "journal").glob("*-*") for s in read_ring(folder, verify=True)]
    except OSError:
        return []


def end_frame(data: Path) -> int:
    found = spans(on_disk(data))
    return found[-1][1] if found else 0


async def until_more_than(data: Path, frames: int) -> int:
    async with asyncio.timeout(HANG_S):
        while (end := await asyncio.to_thread(end_frame, data)) <= frames:
            await asyncio.sleep(0.02)
    return end


async def play_for_ever(stage: Stage, daemon: RunningDaemon) -> RunningHost:
    wav = stage.folder / "loop.wav"
    if not wav.exists():
        await asyncio.to_thread(write_wav, wav, marked_groove(BARS))
    return await stage.host(daemon.run, "--tempo", "128", "--speed", "4", "--repeat", "0", str(wav))


def wrong_frames(data: Path) -> int:
    """Frames on the disk that are not what was played there."""
    loop = marked_groove(BARS).view(np.uint32)
    wrong = 0
    for first, end in spans(segments := on_disk(data)):
        sound = np.frombuffer(b"".join(read_frames(segments, first, end)), np.uint32).reshape(-1, 2)
        played = loop[(first + np.arange(end - first)) % len(loop)]
        wrong += int((sound != played).any(axis=1).sum())
    return wrong


@pytest.mark.timeout(900 + 60 * CUTS)
async def test_a_power_cut_costs_no_sound_that_was_synced() -> None:
    build()
    chance = random.Random(SEED)
    held = lost = wrong = 0
    with short_folder() as folder:
        async with Stage(folder) as stage:
            (folder / "a").mkdir()
            disk = LosingDisk(folder / "a" / "data")
            await disk.mount()
            try:
                for _ in range(CUTS):
                    daemon = await stage.daemon("a")
                    host = await play_for_ever(stage, daemon)
                    synced = await until_more_than(daemon.data, 0)
                    now = await until_more_than(daemon.data, synced)
                    for _ in range(chance.randrange(3)):
                        synced, now = now, await until_more_than(daemon.data, now)
                    await asyncio.sleep(chance.random())
                    for one in (daemon, host):
                        one.process.kill()
                        await one.process.wait()
                    await daemon.client.close()
                    await disk.cut()
                    await disk.mount()
                    there = await asyncio.to_thread(end_frame, daemon.data)
                    held += there
                    lost += max(0, synced - there)
                    wrong += await asyncio.to_thread(wrong_frames, daemon.data)
                    await asyncio.to_thread(shutil.rmtree, daemon.data / "journal")
                    for ring in daemon.run.glob("sdc.*"):  # memory, which the power takes along
                        ring.unlink()
            finally:
                await disk.cut()
    print(f"\ncuts={CUTS} frames_held={held} synced_and_lost={lost} wrong={wrong} seed={SEED}")
    assert held and not lost and not wrong
