"""Manners when somebody dies: the host, or the daemon again and again under a playing host; and company in one process."""

import asyncio
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from bridge.shm import REAP_AFTER_NS
from daemon.cli.stage import RunningDaemon, Stage
from daemon.rings.instances import REAP_INTERVAL_S
from tests.chaos.daemons import ForkedDaemon, fork_server
from tests.support.clap import ClapHost, Played, begin_clap
from tests.support.deadlines import HANG_S
from tests.support.hosts import (
    Stretch,
    host_environment,
    instances,
    keep,
    noise,
    plugin_bundles,
    python_host,
    until_heard,
)
from tests.support.native import ROOT
from tests.support.whole import short_folder

BAR_FRAMES = 96_000  # 4/4 at 120 BPM and 48 kHz
RESTARTS = 1_000 if "SIDECHAIN_SOAK" in os.environ else 100
ATTACHED_EVERY = 20  # restarts; the others are killed again as soon as they answer
MOST_BARS = 20  # that the ring holds, with a bar to spare
BLOCK_FRAMES = 2_048


def segments(daemon: RunningDaemon) -> list[Path]:
    return list(daemon.run.glob("sdc.*"))


async def test_a_killed_host_leaves_its_last_bars_and_then_nothing() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage) as beside:
            await beside.host.open()
            await beside.host.play(Stretch(frames=3 * BAR_FRAMES))
            await until_heard(beside.daemon, 3 * BAR_FRAMES)
            assert len(segments(beside.daemon)) == 1
            beside.host.process.kill()
            await beside.host.process.wait()
            _, take = await keep(beside.daemon, 2)
            assert np.array_equal(take, noise(3 * BAR_FRAMES)[BAR_FRAMES:])
            assert REAP_AFTER_NS / 1e9 + REAP_INTERVAL_S <= 5.0
            async with asyncio.timeout(HANG_S):
                while segments(beside.daemon):
                    await asyncio.sleep(0.05)


async def play_until(host: ClapHost, enough: asyncio.Event) -> tuple[int, list[Played]]:
    """Bar after bar, at a quarter of real time so that even many restarts fit into the ring; the bars, and how each went."""
    went: list[Played] = []
    while len(went) < 3 or (not enough.is_set() and len(went) < MOST_BARS):
        bar = Stretch(frames=BAR_FRAMES, start_ppq=4.0 * len(went))
        went.append(await host.play(bar, next_block=lambda: BLOCK_FRAMES, speed=0.25))
    return len(went), went


@pytest.mark.timeout(3_600)
async def test_a_daemon_killed_again_and_again_costs_the_playing_host_nothing() -> None:
    """kill -9 and start again under a playing host: no call waits, and no frame of the history is lost."""
    enough = asyncio.Event()
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage) as beside, fork_server(folder) as server:
            await beside.host.open(longest=BLOCK_FRAMES)
            playing = asyncio.create_task(play_until(beside.host, enough))
            beside.daemon.process.kill()
            await beside.daemon.process.wait()
            again = ForkedDaemon(server, folder / "a", "")
            for number in range(RESTARTS):
                await again.start()
                if number % ATTACHED_EVERY == 0:
                    seen = RunningDaemon(server.process, again.home)
                    await until_heard(seen, 1)
                    await seen.client.close()
                await again.kill()
            enough.set()
            bars, went = await playing
            assert sum(played.calls for played in went) == 0
            assert max(played.longest_s for played in went) < BLOCK_FRAMES / 48_000, "held up for a block"
            daemon = await stage.daemon("a")
            await until_heard(daemon, bars * BAR_FRAMES)
            _, take = await keep(daemon, bars)
            assert np.array_equal(take, noise(bars * BAR_FRAMES))


async def test_the_plugin_and_pyzmq_keep_out_of_each_others_way() -> None:
    """pedalboard, which renders offline: bits pass, pyzmq in the same process works, the daemon sees a frozen ring."""
    python_host("pedalboard")
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            env = host_environment(daemon.run)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.plugin.drive_pedalboard",
                str(plugin_bundles() / ".vst3" / "sidechain.vst3"),
                "10",
                env=env,
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                assert process.stdout and process.stdin
                async with asyncio.timeout(HANG_S):
                    said = json.loads(await process.stdout.readline())
                assert (said["exact"], said["echoed"]) == (True, said["sent"])
                assert [(i.state, i.heard_frames) for i in await instances(daemon)] == [("frozen", 0)]
                process.stdin.close()
                async with asyncio.timeout(HANG_S):
                    assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()
