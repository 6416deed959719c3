"""The power goes while plugins play, or while what they played is packed: the journal holds all of every round that was
synced, and nothing that is wrong.

A round syncs before the next one writes (daemon/features/history/journal.py), so what stood in the files when the next round's first
bytes came is on the disk, from one that forgets all that was not synced.
"""

import asyncio
import contextlib
import os
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.shm import RingFile
from bridge.system import sync_folder
from daemon.cli.stage import RunningDaemon, RunningHost, Stage
from daemon.rings.journal_files import Segment, read_frames, read_ring
from tests.chaos.disks import LosingDisk, no_fuse
from tests.support.deadlines import HANG_S
from tests.support.journals import follower, no_limit, spans
from tests.support.native import build
from tests.support.ringfile import RingWriter
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


PACKING = """
import asyncio, sys
from daemon.config import Config
from daemon.events import Bus
from daemon.features.history.compressing import Compressing
from daemon.features.history.journal import Journal

async def main():
    journal = Journal(Config(data_dir=sys.argv[1], run_dir=sys.argv[2], min_free_bytes=0), Bus())
    await journal.do(journal.judge)
    packing = Compressing(journal)
    print("begins", flush=True)
    await packing.round(batch=1)
    print("done", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
FILES = 12
FRAMES = 30_000
BLOCK = 5_000


def ramp(first: int, count: int) -> NDArray[np.float32]:
    """Frames (count, 2) that tell their number and can be packed."""
    return np.repeat(np.arange(first, first + count, dtype=np.float32) * np.float32(2.0**-23), 2).reshape(
        -1, 2
    )


def journal_of_many_files(folder: Path, run: Path) -> None:
    """What a plugin that was closed has left: a ramp in FILES files, all synced."""
    run.mkdir(mode=0o700, exist_ok=True)
    writer = RingWriter(run, capacity_frames=1 << 19, instance_id=b"sixteen bytes id", generation=7)
    ring = RingFile.open(run, writer.segment)
    name = f"{writer.header.instance_id.hex()}-{writer.header.generation:016x}"
    (folder / "journal").mkdir(parents=True)
    following = follower(folder / "journal" / name, ring)
    for parent in (folder / "journal", folder):
        sync_folder(parent)
    for _ in range(FILES):
        for _ in range(FRAMES // BLOCK):
            writer.write(ramp(writer.commit, BLOCK))
        following.advance(no_limit, 1)
        following.sync()
    following.close()
    ring.close()
    writer.close()


async def begin_packing(folder: Path) -> asyncio.subprocess.Process:
    """A process that is packing what lies in `folder`, and says "done" when it has tried all files."""
    await asyncio.to_thread(journal_of_many_files, folder / "data", folder / "run")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PACKING,
        str(folder / "data"),
        str(folder / "run"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begins\n"
    return process


async def until_packed(folder: Path, count: int, done: asyncio.Task[bytes]) -> None:
    """Until so many files are, however slow the machine is; or it is done with all of them."""
    (ring,) = (folder / "data" / "journal").glob("*-*")
    async with asyncio.timeout(HANG_S):
        while not done.done():
            with contextlib.suppress(OSError):  # one takes another's place meanwhile
                found = await asyncio.to_thread(read_ring, ring, verify=False)
                if sum(segment.origin.packed for segment in found) >= count:
                    return
            await asyncio.sleep(0.01)


async def how_many_are_packed(folder: Path) -> int:
    """After a power cut; raises AssertionError unless all that was played is there to the bit. Then it is removed."""
    segments = await asyncio.to_thread(on_disk, folder / "data")
    assert spans(segments) == [(0, FILES * FRAMES)]
    sound = b"".join(read_frames(segments, 0, FILES * FRAMES))
    assert sound == ramp(0, FILES * FRAMES).tobytes()
    await asyncio.to_thread(shutil.rmtree, folder / "data" / "journal")
    return sum(segment.origin.packed for segment in segments)


@pytest.mark.timeout(900 + 60 * CUTS)
@pytest.mark.parametrize("state", ["well", "full", "sick"])
async def test_a_power_cut_while_it_is_packed_costs_nothing(state: str) -> None:
    """Killed, and the power gone, at any moment of the work, on a disk that is well, or has been full or sick from another
    moment of it until the work was given up: under each name is the file of before or the packed one."""
    chance = random.Random(SEED)
    packed = 0
    with short_folder() as folder:
        disk = LosingDisk(folder / "data")
        await disk.mount()
        try:
            for _ in range(3 * CUTS):
                process = await begin_packing(folder)
                assert process.stdout is not None
                done = asyncio.create_task(process.stdout.readline())
                await until_packed(folder, chance.randrange(FILES), done)
                await asyncio.wait({done}, timeout=chance.random() * 0.2)
                if state != "well":
                    disk.be(state)
                    await asyncio.wait_for(done, HANG_S)
                process.kill()
                await done
                await process.communicate()
                await disk.cut()
                await disk.mount()
                packed += await how_many_are_packed(folder)
        finally:
            await disk.cut()
    print(f"\ncuts={3 * CUTS} packed={packed} of {3 * CUTS * FILES} disk={state} seed={SEED}")
    assert packed
