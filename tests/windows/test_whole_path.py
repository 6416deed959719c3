"""The whole path under Wine: a daemon of Windows' Python, the plugin built for Windows in a host, and what is kept of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import bridge.control as c
from tests.support.clap import ClapHost
from tests.support.deadlines import HANG_S
from tests.support.hosts import Stretch, place_in_noise
from tests.support.plugin_window import boxes
from tests.windows.wine import BUNDLES, HOSTS, Desktop, desktop, of_windows, started

PLUGIN = BUNDLES / ".clap" / "sidechain.clap"
WIDTH, HEIGHT = 760, 600
KILLS = 20
BAR_FRAMES = 96_000  # 4/4 at 120 BPM and 48 kHz
KEPT_BARS = 3


@contextlib.asynccontextmanager
async def host_of(
    made: Desktop, program: str = "clap_host.exe", *, plugin: Path = PLUGIN
) -> AsyncIterator[ClapHost]:
    """A host with the stereo plugin loaded, not yet open."""
    log = made.home / "host.log"
    process = await started(HOSTS / program, of_windows(plugin), log=log, env=made.env, cwd=made.home)
    try:
        yield ClapHost(process, log, made.home)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def samples_of(made: Desktop, take: c.TakeInfo) -> NDArray[np.float32]:
    samples, rate_hz = soundfile.read(
        made.data / "takes" / take.take_id / "take.wav", dtype="float32", always_2d=True
    )
    assert rate_hz == take.sample_rate_hz
    return np.asarray(samples, dtype=np.float32)


async def test_a_take_is_what_was_played_to_the_bit(tmp_path: Path) -> None:
    """Five bars are played; the last three of them are kept, to the bit and on the bar line, and rendered."""
    async with desktop(tmp_path) as made, host_of(made) as host:
        await host.open()
        stretch = Stretch(frames=5 * BAR_FRAMES)
        await host.play(stretch)
        await made.until_heard(stretch.frames)
        kept = await made.ask(c.OneTake, "keep", "--bars", str(KEPT_BARS), "--title", "night", "--wait")
        assert await host.do("close") == "ok"
    assert (kept.take.bars, kept.take.bpm, kept.take.meter) == (KEPT_BARS, 120.0, "4/4")
    take = samples_of(made, kept.take)
    assert place_in_noise(take) % BAR_FRAMES == 0 and len(take) == KEPT_BARS * BAR_FRAMES
    rendered = {path.suffix for path in made.data.rglob("*") if kept.take.take_id in str(path)}
    assert {".flac", ".mp3"} <= rendered


async def test_a_host_that_is_killed_leaves_what_it_played_and_nothing_else(tmp_path: Path) -> None:
    """Twenty times: what it had played can be kept, and no Ring is left in the end."""
    async with desktop(tmp_path) as made:
        for number in range(KILLS):
            async with host_of(made) as host:
                await host.open()
                await host.play(Stretch(frames=2 * BAR_FRAMES), speed=64.0)
                if number == 0 or number == KILLS - 1:
                    await made.until_heard(2 * BAR_FRAMES)
            if number == 0 or number == KILLS - 1:
                kept = await made.ask(c.OneTake, "keep", "--bars", "1", "--title", f"after {number}")
                place_in_noise(samples_of(made, kept.take))
    async with desktop(tmp_path) as made, asyncio.timeout(HANG_S):  # of those that went in its last seconds
        while list(made.run_dir.glob("sdc.*")):
            await asyncio.sleep(0.1)


async def test_a_click_on_keep_in_the_window_keeps(tmp_path: Path) -> None:
    keep = boxes(WIDTH, HEIGHT)["keep"]
    async with desktop(tmp_path) as made, host_of(made, "clap_host_window.exe") as host:
        await host.open()
        assert await host.do(f"window {WIDTH} {HEIGHT} 1.0") == "ok"
        await host.play(Stretch(frames=10 * BAR_FRAMES))
        await made.until_heard(10 * BAR_FRAMES)
        assert await host.do("look 1000") == "ok"
        assert await host.do(f"click {round(keep.x + keep.w / 2)} {round(keep.y + keep.h / 2)}") == "ok"
        async with asyncio.timeout(HANG_S):
            while not (await made.ask(c.TakeList, "takes")).takes:
                assert await host.do("look 200") == "ok"
        assert await host.do("close") == "ok"
