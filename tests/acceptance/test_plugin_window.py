"""The plugin's window on an X server without a screen: what it shows, and what clicks do. Pictures are left behind."""

import asyncio
import contextlib
import os
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import bridge.control as c
from daemon.cli.stage import Stage, end
from tests.support.clap import BARS, KEPT, LINK, ClapBeside, ClapHost, begin_clap, made_for_tests
from tests.support.hosts import BUILD, Stretch, program, until_heard
from tests.support.whole import short_folder

PICTURES = BUILD.with_name("screenshots")
WIDTH, HEIGHT = 720, 284  # in points: DistrhoPluginInfo.h
KEEP_AT, MORE_AT, WAVE_AT = (600, 226), (488, 226), (slice(50, 190), slice(20, 700))
ACCENT = (0x57, 0xD6, 0xA6)
BAR_FRAMES = 96_000  # 4/4 at 120 BPM and 48 kHz


@contextlib.asynccontextmanager
async def x_server() -> AsyncIterator[str]:
    """An X server of its own; its name for DISPLAY."""
    xvfb = program("Xvfb", "xvfb")
    read, write = os.pipe()
    process = await asyncio.create_subprocess_exec(
        xvfb, "-displayfd", str(write), "-screen", "0", f"{2 * WIDTH}x{2 * HEIGHT}x24", "-nolisten", "tcp",
        pass_fds=(write,), stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    try:
        with os.fdopen(read) as number:
            yield f":{(await asyncio.to_thread(number.readline)).strip()}"
    finally:
        await end(process)


@pytest.fixture
async def beside(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClapBeside]:
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server() as display:
            monkeypatch.setenv("DISPLAY", display)
            async with begin_clap(stage, host=made_for_tests("clap_host_window")) as clap_beside:
                await clap_beside.host.open()
                yield clap_beside


async def picture(host: ClapHost, name: str) -> NDArray[np.uint8]:
    """What is shown after the window has had its time, (height, width, 3); also written as a PNG."""
    await host.do("look 200")
    return await asyncio.to_thread(_read_and_save, await _shot(host), name)


async def _shot(host: ClapHost) -> Path:
    path = PICTURES / "shot.ppm"
    await asyncio.to_thread(PICTURES.mkdir, parents=True, exist_ok=True)
    await host.do(f"shot {path}")
    return path


def _read_and_save(path: Path, name: str) -> NDArray[np.uint8]:
    head, _, body = path.read_bytes().partition(b"\n")
    width, height = map(int, head.split()[1:3])
    pixels = np.frombuffer(body, np.uint8).reshape(height, width, 3)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(lines)), (b"IEND", b""),
    ]  # fmt: skip
    coded = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    (PICTURES / f"plugin-{name}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(coded))
    return pixels


def accents(pixels: NDArray[np.uint8]) -> int:
    """Pixels in the accent colour."""
    return int((np.abs(pixels.astype(int) - ACCENT).max(axis=-1) < 8).sum())


async def test_the_window_shows_the_last_bars_and_its_button_keeps_them(beside: ClapBeside) -> None:
    host = beside.host
    assert await host.do(f"window {WIDTH} {HEIGHT} 1.0") == "ok"
    empty = await picture(host, "empty")
    assert accents(empty[KEEP_AT[1] - 14 : KEEP_AT[1] + 14, KEEP_AT[0] - 80 : KEEP_AT[0] + 80]) > 2_000
    assert accents(empty[WAVE_AT]) == 0

    await host.play(Stretch(frames=9 * BAR_FRAMES + 30_000))
    await until_heard(beside.daemon, 9 * BAR_FRAMES)
    played = await picture(host, "played")
    assert accents(played[WAVE_AT]) > 10_000, "the bars that Keep would keep stand out"

    await host.until_text(LINK, "Ready")
    await host.do(f"click {KEEP_AT[0]} {KEEP_AT[1]}")
    await host.do("look 100")
    await host.until_text(KEPT, "1")
    kept = await picture(host, "kept")
    assert not np.array_equal(kept[HEIGHT - 30 :], played[HEIGHT - 30 :]), "it says so"
    listed = await beside.daemon.client.request(c.ListTakes())
    assert isinstance(listed, c.TakeList)
    assert [(t.bars, t.frames) for t in listed.takes] == [(8, 8 * BAR_FRAMES)]

    await host.do(f"click {MORE_AT[0]} {MORE_AT[1]}")
    await host.do("look 100")
    await host.until_text(BARS, "9")


async def test_it_says_what_to_do_without_a_daemon_and_is_drawn_at_twice_the_size(beside: ClapBeside) -> None:
    beside.daemon.process.kill()
    await beside.daemon.process.wait()
    await beside.host.until_text(LINK, "No daemon")
    assert await beside.host.do(f"window {2 * WIDTH} {2 * HEIGHT} 2.0") == "ok"
    twice = await picture(beside.host, "no-daemon-twice")
    assert twice.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    x, y = 2 * KEEP_AT[0], 2 * KEEP_AT[1]
    assert accents(twice[y - 28 : y + 28, x - 160 : x + 160]) > 8_000
    assert twice[2 * HEIGHT - 50 : 2 * HEIGHT - 30, 40:1_000].max() > 100, "a sentence at the bottom"
    assert await beside.host.do("close") == "ok"
