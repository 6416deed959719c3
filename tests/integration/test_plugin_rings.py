"""Rings that are removed under a playing host, or cannot be made, as the built plugin, a host and the daemon meet them; a host
that has no more files to open; and as many of them as one host may have."""

import asyncio
import os
import resource

import numpy as np
import pytest

import bridge.control as c
from bridge.errors import RequestFailed
from bridge.plugin_endpoint import MAX_INSTANCES_PER_PROCESS
from daemon.cli.stage import RunningDaemon, Stage, end
from daemon.core.checks import Outcome
from daemon.features.doctor.checks import check_instances
from tests.support.clap import LINK, begin_clap, binary, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.hosts import (
    Stretch,
    host_environment,
    instances,
    keep,
    noise,
    plugin_bundles,
    until_heard,
)
from tests.support.native import play_path
from tests.support.whole import short_folder, write_wav

BAR_FRAMES = 96_000  # 4/4 at 120 BPM and 48 kHz
LOOK_EVERY_S = 0.05
SMALL_BYTES = 1 << 16  # no Ring fits
# Under a limit that ends the program, unless it ignores the signal and takes the error.
WITHOUT_ROOM = ("sh", "-c", f'trap "" XFSZ; exec prlimit --fsize={SMALL_BYTES}: "$@"', "sh")


async def until_listed(daemon: RunningDaemon, frames: int) -> None:
    """The History holds what was played, and no part of it twice."""
    async with asyncio.timeout(HANG_S):
        while True:
            history = await daemon.client.request(c.GetHistory())
            assert isinstance(history, c.HistoryIs)
            listed = sum(one.end_frame - one.first_frame for one in history.heard)
            assert listed <= frames, [(one.first_frame, one.end_frame, one.state) for one in history.heard]
            if listed == frames:
                return
            await asyncio.sleep(LOOK_EVERY_S)


async def test_a_ring_removed_under_a_playing_host_is_kept_from_by_the_next_daemon() -> None:
    """No call on the audio thread, no frame lost; a daemon that starts afterwards reads all that was played before."""
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage) as beside:
            await beside.host.open()
            await beside.host.play(Stretch(frames=2 * BAR_FRAMES))
            await until_heard(beside.daemon, 2 * BAR_FRAMES)
            (removed,) = beside.daemon.run.glob("sdc.*")
            removed.unlink()
            bars = 2
            while not (found := list(beside.daemon.run.glob("sdc.*"))):  # the worker looks every 2 s
                played = await beside.host.play(Stretch(frames=BAR_FRAMES, start_ppq=4.0 * bars), speed=1.0)
                assert played.calls == 0
                bars += 1
            assert [path.name for path in found] != [removed.name]
            await until_listed(beside.daemon, bars * BAR_FRAMES)
            beside.daemon.process.kill()
            await beside.daemon.process.wait()
            daemon = await stage.daemon("a")
            await until_heard(daemon, bars * BAR_FRAMES)
            await until_listed(daemon, bars * BAR_FRAMES)
            _, take = await keep(daemon, bars)
            assert np.array_equal(take, noise(bars * BAR_FRAMES))


async def test_a_plugin_without_room_says_why_everywhere_and_comes_back_by_itself() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage, *WITHOUT_ROOM) as beside:
            await beside.host.open()
            await beside.host.until_text(LINK, "Not recording")
            async with asyncio.timeout(HANG_S):
                while not (known := await instances(beside.daemon)) or not known[0].reason:
                    await asyncio.sleep(LOOK_EVERY_S)
            assert known[0].state == "attaching"
            assert "space cannot be reserved" in known[0].reason and "Make room" in known[0].reason
            (found,) = check_instances(known)
            assert found.outcome is Outcome.PROBLEM and known[0].reason in found.sentence
            with pytest.raises(RequestFailed, match="space cannot be reserved"):
                await keep(beside.daemon, 1)
            resource.prlimit(beside.host.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            await beside.host.until_text(LINK, "Ready")
            await beside.host.play(Stretch(frames=2 * BAR_FRAMES))
            _, take = await keep(beside.daemon, 1)
            assert np.array_equal(take, noise(2 * BAR_FRAMES)[BAR_FRAMES:])
            assert [one.reason for one in await instances(beside.daemon)] == [""]


@pytest.mark.parametrize("left", [0, 1, 3, 7])
async def test_a_host_without_descriptors_lives_and_its_plugin_records_when_there_are_some(left: int) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage) as beside:
            await beside.host.do("track Keys")  # it has loaded the plugin when it answers
            pid = beside.host.process.pid
            limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            free = 1 + max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free + left, limits[1]))
            await beside.host.open()
            if left == 0:
                await beside.host.until_text(LINK, "Not recording")
                assert await instances(beside.daemon) == []
            for _ in range(50):
                await beside.host.do("idle")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            await beside.host.until_text(LINK, "Ready")
            await beside.host.play(Stretch(frames=2 * BAR_FRAMES))
            _, take = await keep(beside.daemon, 1)
            assert np.array_equal(take, noise(2 * BAR_FRAMES)[BAR_FRAMES:])


@pytest.mark.parametrize("count", [65, MAX_INSTANCES_PER_PROCESS])
async def test_all_instances_of_one_host_record(count: int) -> None:
    """Small Rings: of the usual length, 256 hold 4.3 GB."""
    with short_folder() as folder:
        wav = folder / "played.wav"
        write_wav(wav, noise(BAR_FRAMES))
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            process = await asyncio.create_subprocess_exec(
                play_path(),
                "--instances",
                str(count),
                "--history",
                "16384",
                "--run-dir",
                str(daemon.run),
                "--hold",
                "--wait-attached",
                str(HANG_S),
                str(wav),
                env=host_environment(daemon.run),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
            )
            try:
                await until_heard(daemon, 4096, count=count)
                known = await instances(daemon)
                assert len({one.instance for one in known}) == count
                assert not [one.reason for one in known if one.reason]
            finally:
                await end(process)


async def test_65_plugins_of_a_real_host_record() -> None:
    bundles = plugin_bundles()
    command = (
        made_for_tests("check_formats"),
        "clap",
        binary(bundles, "clap"),
        bundles / ".lv2" / "sidechain.lv2",
        "hold",
        "65",
    )
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            process = await asyncio.create_subprocess_exec(
                *command,
                env=host_environment(daemon.run),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                await until_heard(daemon, 512, count=65)
            finally:
                await end(process)
