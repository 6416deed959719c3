"""Dragged out of the plugin's window by OLE, under Wine: into another program, into the host itself, and to nobody."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import soundfile
from Xlib import XK

import bridge.control as c
from tests.support.clap import ClapHost
from tests.support.deadlines import HANG_S
from tests.support.hosts import Stretch, place_in_noise
from tests.support.plugin_window import Box, boxes
from tests.support.screen import Screen
from tests.windows.test_whole_path import BAR_FRAMES, HEIGHT, WIDTH, host_of
from tests.windows.wine import HOSTS, Desktop, desktop, started

OTHERS, OWN = Box(900, 100, 200, 200), Box(900, 500, 200, 200)
STEPS, STEP_MS = 8, 30
TITLE = "Night büs"


class Scene(NamedTuple):
    """A host's window with a take in its list, to be dragged by its waveform."""

    host: ClapHost
    pointer: Screen  # of the X server: OLE looks where it is
    exports: Path

    async def look(self, ms: int = 100) -> None:
        assert await self.host.do(f"look {ms}") == "ok"

    async def draw(self, to: Box) -> None:
        """Press on the take and draw it there, step by step; the button stays down."""
        x, y = middle(boxes(WIDTH, HEIGHT)["take_wave"])
        there = middle(to)
        await self.point(x, y)
        await asyncio.to_thread(self.pointer.button, True)
        await self.look(STEP_MS)
        for step in range(1, STEPS + 1):
            share = step / STEPS
            place = round(x + share * (there[0] - x)), round(y + share * (there[1] - y))
            await self.point(*place)

    async def shake(self, over: Box) -> None:
        """As a hand does: Wine looks who is under the pointer when it moves."""
        x, y = middle(over)
        for aside in (1, 0):
            await self.point(x + aside, y)

    async def point(self, x: int, y: int) -> None:
        await asyncio.to_thread(self.pointer.point, x, y)
        await self.look(STEP_MS)

    async def let_go(self) -> None:
        await asyncio.to_thread(self.pointer.button, False)
        await self.look(STEP_MS)

    async def dropped_here(self) -> str:
        """The path that the host's own window was given; "" before."""
        return (await self.host.do("dropped")).removeprefix("dropped").strip()


def middle(box: Box) -> tuple[int, int]:
    return round(box.x + box.w / 2), round(box.y + box.h / 2)


@contextlib.asynccontextmanager
async def scene(made: Desktop, display: str) -> AsyncIterator[Scene]:
    pointer = Screen(display, made.home)
    async with host_of(made, "clap_host_window.exe") as host:
        await host.open()
        await host.play(Stretch(frames=5 * BAR_FRAMES))
        await made.until_heard(5 * BAR_FRAMES)
        await made.ask(c.OneTake, "keep", "--bars", "2", "--title", TITLE)
        assert await host.do(f"window {WIDTH} {HEIGHT} 1.0") == "ok"
        shown = Scene(host, pointer, made.data / "exports")
        await shown.look(200)
        assert await host.do("click {} {}".format(*middle(boxes(WIDTH, HEIGHT)["tab_takes"]))) == "ok"
        await shown.look(200)
        try:
            yield shown
        finally:
            pointer.close()
        assert await host.do("close") == "ok", "the host lives"


async def heard(target: asyncio.subprocess.Process, word: str, shown: Scene) -> str:
    """What the other program says after a word; the host's loop and the hand go on meanwhile."""
    assert target.stdout
    line = asyncio.ensure_future(target.stdout.readline())
    async with asyncio.timeout(HANG_S):
        while True:
            while not line.done():
                await shown.shake(OTHERS)
            said = line.result().decode().strip()
            assert said, "the other program is gone"
            if said.startswith(word):
                return said.removeprefix(word).strip()
            line = asyncio.ensure_future(target.stdout.readline())


@contextlib.asynccontextmanager
async def other_program(made: Desktop, *manner: str) -> AsyncIterator[asyncio.subprocess.Process]:
    place = [str(round(each)) for each in OTHERS]
    target = await started(
        HOSTS / "drop_target.exe", *place, *manner, log=made.home / "target.log", env=made.env
    )
    try:
        assert target.stdout and (await target.stdout.readline()).strip() == b"open"
        yield target
    finally:
        with contextlib.suppress(ProcessLookupError):
            target.kill()
        await target.wait()


def linux(path: str) -> Path:
    assert path.startswith("Z:\\"), path
    return Path(path.removeprefix("Z:").replace("\\", "/"))


async def test_a_take_is_dropped_where_it_is_let_go(display: str, tmp_path: Path) -> None:
    async with desktop(tmp_path) as made, scene(made, display) as shown:
        await another_program_takes_it(made, shown)
        await the_host_itself_takes_it(shown)
        await who_refuses_gets_nothing(made, shown)
        await escape_lets_go(shown)
        await the_window_is_closed_in_the_middle(shown)


async def another_program_takes_it(made: Desktop, shown: Scene) -> None:
    async with other_program(made) as target:
        await shown.draw(OTHERS)
        await heard(target, "over", shown)
        await shown.let_go()
        path = linux(await heard(target, "dropped", shown))
    assert (path.name, path.parent.parent) == (f"{TITLE}.wav", shown.exports)
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    place_in_noise(samples)


async def the_host_itself_takes_it(shown: Scene) -> None:
    """Its own window asks on the thread of the plugin's."""
    x, y, width, height = map(round, OWN)
    assert await shown.host.do(f"target {x} {y} {width} {height}") == "ok"
    await drop_here(shown)


async def drop_here(shown: Scene) -> None:
    await shown.draw(OWN)
    await shown.shake(OWN)
    await shown.let_go()
    async with asyncio.timeout(HANG_S):
        while not (path := await shown.dropped_here()):
            await shown.look(20)
    assert linux(path).parent.parent == shown.exports


async def who_refuses_gets_nothing(made: Desktop, shown: Scene) -> None:
    async with other_program(made, "refuses") as target:
        await shown.draw(OTHERS)
        await heard(target, "over", shown)
        await shown.let_go()
    await drop_here(shown)


async def escape_lets_go(shown: Scene) -> None:
    await shown.draw(OWN)
    await shown.look(200)
    await asyncio.to_thread(shown.pointer.key, XK.XK_Escape)
    await shown.look(200)
    await shown.let_go()
    await shown.look(200)
    assert await shown.dropped_here() == ""
    await drop_here(shown)


async def the_window_is_closed_in_the_middle(shown: Scene) -> None:
    await shown.draw(OWN)
    assert await shown.host.do("close-window") == "ok"
    await shown.let_go()
    await shown.look(200)
    assert await shown.dropped_here() == ""
    assert await shown.host.do(f"window {WIDTH} {HEIGHT} 1.0") == "ok"
    await shown.look(200)
    await drop_here(shown)
