"""Real plugin hosts for the tests: the plugin built and installed, hosts as processes, and what they play.

Everything played is one long seeded noise, so that any stretch of it says by itself where it is from.
"""

import asyncio
import contextlib
import fcntl
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from math import floor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

import bridge.control as c
from bridge.shm import RingFile
from daemon.cli.stage import RunningDaemon, Stage, end
from plugin_protocol.layout import Record
from tests.support.deadlines import COMPILE_HANG_S, HANG_S
from tests.support.native import ROOT

BUILD = ROOT / ".build" / "plugin"
LOOK_EVERY_S = 0.02
MAX_NOISE_FRAMES = 40 * 48_000


def make(folder: str, *arguments: str) -> None:
    """Run make in a folder of the checkout, one at a time. Raises AssertionError with the compiler's words."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "-s", "-j2", "-C", ROOT / folder, *arguments],
            capture_output=True,
            text=True,
            timeout=COMPILE_HANG_S,
            check=False,
        )
    assert made.returncode == 0, f"make in {folder} failed:\n{made.stdout}{made.stderr}"


@functools.cache
def plugin_bundles() -> Path:
    """All formats, built; the folder that holds .vst3, .clap and .lv2."""
    make("plugin", f"BUILD={BUILD}", "all")
    return BUILD / "bundles"


def program(name: str, package: str) -> str:
    """The path of a program that a test cannot do without. Raises AssertionError that says what to install."""
    found = shutil.which(name)
    assert found, f"This test needs {name}: apt-get install {package}"
    return found


def python_host(name: str) -> None:
    """Raises AssertionError that says what to install when a host that comes as a Python package is missing."""
    assert importlib.util.find_spec(name), f"This test needs {name}: pip install {name}"


@functools.cache
def noise(frames: int) -> NDArray[np.float32]:
    """The first frames of the one noise, (frames, 2), full scale ±0.5."""
    assert frames <= MAX_NOISE_FRAMES
    return _all_noise()[:frames]


@functools.cache
def _all_noise() -> NDArray[np.float32]:
    return np.random.default_rng(20260711).random((MAX_NOISE_FRAMES, 2), dtype=np.float32) - np.float32(0.5)


def place_in_noise(take: NDArray[np.float32]) -> int:
    """The frame at which the take was played. Raises AssertionError unless all of it is that noise, to the bit."""
    whole = _all_noise()[:, : take.shape[1]]
    (starts,) = np.nonzero((whole[: len(whole) - len(take) + 1] == take[0]).all(axis=1))
    assert len(starts) == 1, "the take does not start with anything that was played"
    start = int(starts[0])
    assert np.array_equal(take.view(np.uint32), whole[start : start + len(take)].view(np.uint32)), (
        f"the take is not what was played from frame {start} on"
    )
    return start


class Place(NamedTuple):
    project_frame: int
    ppq: float
    bar_start_ppq: float


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A stretch of playing under one tempo and meter. With loop_ppq the transport turns at its end, and the host
    splits its block there, as REAPER does."""

    frames: int
    bpm: float = 120.0
    meter: tuple[int, int] = (4, 4)
    start_ppq: float = 0.0
    loop_ppq: tuple[float, float] | None = None
    playing: bool = True
    recording: bool = False
    speed: float = 16.0  # times real time; faster than this a ring is lapped before a daemon looks at it

    def frame_of(self, ppq: float, rate_hz: int) -> int:
        return round(ppq * 60.0 * rate_hz / self.bpm)

    def blocks(self, rate_hz: int, block_frames: int) -> Iterator[tuple[int, int, Place]]:
        """(first frame, frames, the transport's place at the first frame)."""
        quarter_frames = 60.0 * rate_hz / self.bpm
        at, frame = 0, self.frame_of(self.start_ppq, rate_hz)
        while at < self.frames:
            frames = min(block_frames, self.frames - at)
            if self.loop_ppq and self.playing:
                end = self.frame_of(self.loop_ppq[1], rate_hz)
                if frame >= end:
                    frame -= end - self.frame_of(self.loop_ppq[0], rate_hz)
                frames = min(frames, end - frame)
            ppq, bar_quarters = frame / quarter_frames, self.meter[0] * 4 / self.meter[1]
            yield at, frames, Place(frame, ppq, floor(ppq / bar_quarters) * bar_quarters)
            at += frames
            frame += frames if self.playing else 0


class PluginHost:
    """A host process that takes one JSON command a line and answers each."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self._log = log

    async def do(self, command: str, /, **fields: Any) -> dict[str, Any]:
        """Send a command; its answer. Raises AssertionError when the host is gone."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": command, **fields}).encode() + b"\n")
        await self.process.stdin.drain()
        line = await self.process.stdout.readline()
        assert line, f"the host ended:\n{self._log.read_text(errors='replace')[-2000:]}"
        return dict(json.loads(line))

    async def play(self, stretch: Stretch) -> None:
        """Play it. Raises AssertionError unless the output was the input to the bit."""
        answer = await self.do("play", **asdict(stretch))
        assert answer["exact"], "what came out of the plugin is not what went in"

    async def text(self, control: str) -> str:
        """What the host shows at a control."""
        return str((await self.do("get", name=control))["text"])

    async def until_text(self, control: str, wanted: str) -> None:
        """Play silence until the host shows it: outputs change while the host processes."""
        async with asyncio.timeout(HANG_S):
            while await self.text(control) != wanted:
                await self.do("idle")


class HostBeside(NamedTuple):
    host: PluginHost
    daemon: RunningDaemon


def host_environment(run_dir: Path) -> dict[str, str]:
    return os.environ | {"SIDECHAIN_RUN_DIR": str(run_dir)}


@contextlib.asynccontextmanager
async def begin(
    stage: Stage,
    plugin: Path,
    rate_hz: int = 48_000,
    block_frames: int = 512,
    *,
    channels: int = 2,
    daemon: RunningDaemon | None = None,
) -> AsyncIterator[HostBeside]:
    """A daemon (it ends with the stage) and a minihost with the plugin open."""
    python_host("minihost")
    daemon = daemon or await stage.daemon("a")
    command = [sys.executable, "-m", "tests.plugin.drive_minihost", str(plugin), str(channels)]
    log = stage.folder / "host.log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=host_environment(daemon.run),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    try:
        host = PluginHost(process, log)
        assert (await host.do("open", rate_hz=rate_hz, block_frames=block_frames))["latency"] == 0
        yield HostBeside(host, daemon)
    finally:
        await end(process)


def thread_names(pid: int) -> list[str]:
    """The names of a process's threads."""
    return [comm.read_text().strip() for comm in Path(f"/proc/{pid}/task").glob("*/comm")]


# What the daemon makes of it -----------------------------------------------------------------------------------------


async def instances(daemon: RunningDaemon) -> list[c.InstanceInfo]:
    listed = await daemon.client.request(c.ListInstances())
    assert isinstance(listed, c.InstanceList)
    return listed.instances


async def until_track(daemon: RunningDaemon, *names: str) -> None:
    """Until the daemon knows the instances' tracks by these names, in any order."""
    async with asyncio.timeout(HANG_S):
        while sorted(i.track_name for i in await instances(daemon)) != sorted(names):
            await asyncio.sleep(LOOK_EVERY_S)


async def until_heard(daemon: RunningDaemon, frames: int, count: int = 1) -> None:
    """Until the daemon reads `count` rings that hold this many frames each. Nobody announces frames: it is looked at."""
    async with asyncio.timeout(HANG_S):
        while sum(i.heard_frames >= frames for i in await instances(daemon)) < count:
            await asyncio.sleep(LOOK_EVERY_S)


async def keep(daemon: RunningDaemon, bars: int) -> tuple[c.TakeInfo, NDArray[np.float32]]:
    """Keep the last bars; the take, and its samples (frames, channels)."""
    kept = await daemon.client.request(c.KeepTake(bars=bars))
    assert isinstance(kept, c.OneTake)
    return kept.take, await asyncio.to_thread(take_samples, daemon, kept.take)


def take_samples(daemon: RunningDaemon, take: c.TakeInfo) -> NDArray[np.float32]:
    """What a take holds, (frames, channels)."""
    wav = daemon.data / "takes" / take.take_id / "take.wav"
    samples, rate_hz = soundfile.read(wav, dtype="float32", always_2d=True)
    assert rate_hz == take.sample_rate_hz
    return np.asarray(samples, dtype=np.float32)


def newest_ring(daemon: RunningDaemon) -> RingFile:
    """The Ring made last, open; the caller closes it."""
    newest = max(daemon.run.glob("sdc.*"), key=lambda path: path.stat().st_ctime_ns)
    return RingFile.open(daemon.run, newest.name)


def records(daemon: RunningDaemon) -> list[Record]:
    """The timeline of the Ring made last."""
    ring = newest_ring(daemon)
    try:
        return ring.records()
    finally:
        ring.close()
