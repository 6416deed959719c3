"""A fault at every system call that writes, on the way of one take from the question to the relay's yes.

strace stops the daemon's threads at the nth call of a kind and kills it there, or lets the call fail with ENOSPC or
EIO. What a thread does is nearly the same each time, so walking n from 1 to what a first, unharmed take needed visits
every point. CI walks a sample whose seed it prints; `SIDECHAIN_WALK=all` walks all.
"""

import asyncio
import collections
import contextlib
import itertools
import os
import random
import re
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos.daemons import Died
from tests.chaos.scene import Scene, scene, zero
from tests.support.deadlines import HANG_S
from tests.support.native import build

SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
ALL = os.environ.get("SIDECHAIN_WALK") == "all"
STEPS = 40  # of the sample: as many on a slow machine as on a quick one
WRITING = (
    "openat,mkdir,write,writev,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate,"
    "fallocate,sendto,sendmsg"
)
FILES = {"openat", "mkdir", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "write"}
FAULTS = ("signal=KILL", "error=ENOSPC", "error=EIO")
THREADS = ("sdc-pool", "sdc-store", "sdc-worker", "sdc-loop")
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")

Point = tuple[str, str, int]  # thread, system call, its number there


@contextlib.asynccontextmanager
async def traced(here: Scene, thread: str, *arguments: str) -> AsyncIterator[None]:
    """strace on one thread, from before the block until after it."""
    async with asyncio.timeout(HANG_S):
        while (process := await _attached(await here.thread(thread), *arguments)) is None:
            pass  # a worker that was ending when it was found: its successor comes
    assert process.stderr
    draining = asyncio.create_task(process.stderr.read())
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()
        await draining


async def _attached(tid: int, *arguments: str) -> asyncio.subprocess.Process | None:
    """strace that has stopped at this thread; None when the thread ended before."""
    strace = shutil.which("strace")
    assert strace, "strace is missing: apt-get install strace"
    process = await asyncio.create_subprocess_exec(
        strace, "-p", str(tid), *arguments, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    line = await process.stderr.readline()
    if b"attached" in line:
        return process
    await process.communicate()
    # An ending thread may not be traced (ptrace(2): EPERM), an ended one is not found.
    assert re.search(rb"not permitted|No such process", line), line
    return None


async def points(here: Scene) -> list[Point]:
    """Every call of one unharmed take, by thread."""
    found: list[Point] = []
    for thread in THREADS:
        log = here.stage.folder / f"{thread}.trace"
        async with traced(here, thread, "-o", str(log), "-e", f"trace={WRITING}"):
            take_id = await here.keep(f"unharmed {thread}")
            assert take_id
            await here.settle(take_id)
        calls = collections.Counter(m[1] for line in log.read_text().splitlines() if (m := CALL.match(line)))
        found += [(thread, call, n + 1) for call, count in sorted(calls.items()) for n in range(count)]
    return found


def plan(found: list[Point]) -> list[tuple[Point, str]]:
    """All points with all faults that make sense there, in a seeded order, the threads by turns.

    The loop's writes go to sockets and to ZeroMQ's own descriptors: there a kill is what can happen.
    """
    walk = [
        (point, fault)
        for point in found
        for fault in FAULTS
        if fault == FAULTS[0] or (point[0] != "sdc-loop" and point[1] in FILES)
    ]
    random.Random(SEED).shuffle(walk)
    turns = [[step for step in walk if step[0][0] == thread] for thread in THREADS]
    return [step for turn in itertools.zip_longest(*turns) for step in turn if step]


async def harmed(here: Scene, number: int, point: Point, fault: str) -> bool:
    """One take with a fault at one point; whether the daemon lived."""
    thread, call, n = point
    inject = (
        "-qq",
        "-o",
        str(Path(os.devnull)),
        "-e",
        f"trace={call}",
        "-e",
        f"inject={call}:{fault}:when={n}",
    )
    try:
        async with traced(here, thread, *inject[1:]):
            take_id = await here.keep(f"{number} {thread} {call} {n} {fault}")
            if take_id:
                await here.settle(take_id)
        await here.answers()  # the call may have come after the end
    except Died:
        await here.after_death()
        return False
    return True


@pytest.mark.timeout(3600)
async def test_a_fault_at_any_system_call_loses_nothing_and_doubles_nothing() -> None:
    build()
    walked: collections.Counter[str] = collections.Counter()
    deaths = 0
    async with scene() as here:
        take_id = await here.keep("warm")
        assert take_id
        await here.settle(take_id)
        found = await points(here)
        walk = plan(found) if ALL else plan(found)[:STEPS]
        for number, (point, fault) in enumerate(walk):
            await here.attached()
            alive = await harmed(here, number, point, fault)
            walked[fault] += 1
            if not alive:
                deaths += 1
                await here.start()
        figures = await here.judge()
    print(
        f"\npoints={len(found)} steps={walked.total()}/{len(walk)}",
        *(f"{fault.partition('=')[2]}={count}" for fault, count in sorted(walked.items())),
        f"deaths={deaths}",
        *(f"{k}={v}" for k, v in figures.items()),
        f"seed={SEED}",
        *(f"\n  refused {count} × {why}" for why, count in here.refused.most_common()),
    )
    assert zero(figures), (figures, here.trouble)
    assert deaths <= walked["signal=KILL"], "a fault of the disk ended the daemon"
    assert walked.total() == len(walk) >= STEPS
