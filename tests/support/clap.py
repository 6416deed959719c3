"""The C host for CLAP (tests/plugin/clap_host.c) from Python: what it shall play, and what came out."""

import asyncio
import contextlib
import functools
import platform
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daemon.cli.stage import RunningDaemon, Stage, end
from tests.support.deadlines import HANG_S
from tests.support.hosts import BUILD, Place, Stretch, host_environment, make, noise, plugin_bundles, program

HAS_TEMPO, HAS_BEATS, HAS_METER, IS_PLAYING, IS_RECORDING, IS_LOOPING = 1, 2, 8, 16, 32, 64
RTSAN_BUILD = BUILD.with_name("plugin-rtsan")
KEEP, BARS, POST, LINK, KEPT, PREVIEW_GAIN, PREVIEW_SYNC, PREVIEW = range(8)  # parameter numbers


@functools.cache
def made_for_tests(name: str, *settings: str, folder: Path = BUILD / "tests") -> Path:
    """A target of tests/plugin/Makefile, built. Raises AssertionError with the compiler's words."""
    make("tests/plugin", f"BUILD={folder}", *settings, str(folder / name))
    return folder / name


def binary(bundles: Path, plugin_format: str, name: str = "sidechain") -> Path:
    """The shared object of a format's plugin: the stereo one, or "sidechain-mono"."""
    return {
        "clap": bundles / ".clap" / f"{name}.clap",
        "lv2": bundles / ".lv2" / f"{name}.lv2" / f"{name}.so",
        "vst3": bundles / ".vst3" / f"{name}.vst3/Contents/{platform.machine()}-linux/{name}.so",
    }[plugin_format]


@functools.cache
def rtsan_build(plugin_format: str = "clap") -> tuple[Path, tuple[str, ...]]:
    """(plugin, compilers) under clang's RealtimeSanitizer: it ends the host at a call that could wait."""
    compilers = (
        f"CC={program('clang-22', 'clang-22 libclang-rt-22-dev')}",
        f"CXX={program('clang++-22', 'clang-22')}",
    )
    plugin = binary(RTSAN_BUILD / "bundles", plugin_format)
    target = plugin.with_name("manifest.ttl") if plugin_format == "lv2" else plugin
    # LV2's Turtle is made by loading the plugin into a program, which has no sanitizer: it lends it the runtime.
    # No window: it is the audio thread that is looked at.
    settings = (
        f"BUILD={RTSAN_BUILD}",
        *compilers,
        "WINDOW=0",
        "OPTIMIZE=-O1 -g -fsanitize=realtime",
        "UNDEFINED=",
    )
    make("plugin", *settings, "GENERATOR_FLAGS=-fsanitize=realtime -rdynamic", str(target))
    return plugin, compilers


def rtsan_program(name: str) -> Path:
    """A program of tests/plugin/Makefile under RealtimeSanitizer, built."""
    return made_for_tests(name, *rtsan_build()[1], folder=RTSAN_BUILD / "tests")


class Played(NamedTuple):
    calls: int  # of what a real-time thread must not call
    longest_s: float  # of all process() calls


def at_line(at: int, stretch: Stretch, place: Place) -> str:
    """The line of clap_host.c that tells the transport at a block's frame `at`."""
    flags = HAS_TEMPO | HAS_BEATS | HAS_METER
    flags |= IS_PLAYING * stretch.playing | IS_RECORDING * stretch.recording
    flags |= IS_LOOPING * (stretch.loop_ppq is not None)
    low, high = stretch.loop_ppq or (0.0, 0.0)
    return (
        f"at {at} {flags} {stretch.bpm!r} {stretch.meter[0]} {stretch.meter[1]} {place.ppq!r}"
        f" {place.bar_start_ppq!r} {low!r} {high!r}"
    )


def schedule(stretches: Sequence[Stretch], rate_hz: int, next_block: Callable[[], int]) -> list[str]:
    """Blocks of `next_block()` frames over all stretches; a stretch that begins within a block is told by an event."""
    places: list[
        tuple[int, Stretch, Place]
    ] = []  # wherever the transport is told: first frame of a stretch or turn
    begin = 0
    for stretch in stretches:
        for at, _, place in stretch.blocks(rate_hz, stretch.frames):
            places.append((begin + at, stretch, place))
        begin += stretch.frames
    lines: list[str] = []
    done = 0
    while done < begin:
        frames = min(next_block(), begin - done)
        first = max((p for p in places if p[0] <= done), key=lambda p: p[0])
        _, stretch, place = first
        ahead = (done - first[0]) if stretch.playing else 0
        ppq = place.ppq + ahead * stretch.bpm / 60 / rate_hz
        bar = stretch.meter[0] * 4 / stretch.meter[1]
        lines.append(at_line(0, stretch, Place(0, ppq, ppq // bar * bar)))
        lines += [at_line(at - done, s, p) for at, s, p in places if done < at < done + frames]
        lines.append(f"block {frames}")
        done += frames
    return lines


class ClapHost:
    """A host process that takes one command a line and answers each with one."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, folder: Path) -> None:
        self.process = process
        self._log, self._folder = log, folder
        self._heard = 0  # frames of the noise played so far
        self.rate_hz, self.channels = 48_000, 2

    async def do(self, command: str) -> str:
        """Send a command; its answer. Raises AssertionError when the host is gone."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(command.encode() + b"\n")
        await self.process.stdin.drain()
        line = await self.process.stdout.readline()
        assert line, f"the host ended:\n{self._log.read_text(errors='replace')[-3000:]}"
        return line.decode().strip()

    async def open(self, rate_hz: int = 48_000, longest: int = 512) -> None:
        self.rate_hz = rate_hz
        assert await self.do(f"open {rate_hz} {longest}") == "latency 0"

    async def play(
        self,
        *stretches: Stretch,
        next_block: Callable[[], int] = lambda: 512,
        speed: float = 16.0,
        previewing: bool = False,
        sound: NDArray[np.float32] | None = None,
    ) -> Played:
        """Play them without a break; `sound`: this, else the noise. Raises AssertionError unless the output was the input to
        the bit, or, while previewing, something else."""
        frames = sum(s.frames for s in stretches)
        audio = noise(self._heard + frames)[self._heard :, : self.channels] if sound is None else sound
        given, came, blocks = (self._folder / name for name in ("in.raw", "out.raw", "blocks.txt"))
        await asyncio.to_thread(given.write_bytes, audio.tobytes())
        await asyncio.to_thread(
            blocks.write_text, "\n".join(schedule(stretches, self.rate_hz, next_block)) + "\n"
        )
        answer = (await self.do(f"play {given} {came} {speed} {blocks}")).split()
        assert answer[:2] == ["played", str(frames)], answer
        out = np.frombuffer(await asyncio.to_thread(came.read_bytes), np.uint32).reshape(audio.shape)
        same = np.array_equal(out, audio.view(np.uint32))
        assert same != previewing, (
            "what came out of the plugin is not what went in" if not same else "no preview"
        )
        self._heard += frames if sound is None else 0
        return Played(int(answer[3]), int(answer[5]) / 1e6)

    async def came_out(self) -> NDArray[np.float32]:
        """Of the last play, (frames, channels)."""
        data = await asyncio.to_thread((self._folder / "out.raw").read_bytes)
        return np.frombuffer(data, np.float32).reshape(-1, self.channels)

    async def until_text(self, parameter: int, wanted: str) -> None:
        """Play silence until the parameter shows it."""
        async with asyncio.timeout(HANG_S):
            while await self.do(f"get {parameter}") != f"text {wanted}":
                await self.do("idle")


class ClapBeside(NamedTuple):
    host: ClapHost
    daemon: RunningDaemon


@contextlib.asynccontextmanager
async def begin_clap(
    stage: Stage,
    *wrapper: str,
    plugin: Path | None = None,
    host: Path | None = None,
    daemon: RunningDaemon | None = None,
) -> AsyncIterator[ClapBeside]:
    """A daemon (it ends with the stage) and the C host with the stereo plugin loaded, not yet open.

    wrapper: a program to run the host under, with its arguments.
    """
    daemon = daemon or await stage.daemon("a")
    command = [
        *wrapper,
        str(host or made_for_tests("clap_host_trap")),
        str(plugin or plugin_bundles() / ".clap" / "sidechain.clap"),
    ]
    log = stage.folder / "clap_host.log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=host_environment(daemon.run),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    try:
        yield ClapBeside(ClapHost(process, log, stage.folder), daemon)
    finally:
        await end(process)
