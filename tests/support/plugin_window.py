"""The plugin's window in a host without a screen: where things stand in it, what it looks like, clicks and keys; and what a
scene for it needs."""

import asyncio
import functools
import json
import subprocess
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from relay.wire.rest import AudioPost
from tests.support.clap import made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.loops import loop_flac
from tests.support.relay import RelayClient
from tests.support.screen import Pixels, Screen, keep_png

LOOK_MS = 120
DRAG_STEPS, DRAG_STEP_MS = 8, 30
BAR_FRAMES = 96_000  # 4/4 at 120 BPM and 48 kHz


class Box(NamedTuple):
    """In points."""

    x: float
    y: float
    w: float
    h: float


@functools.cache
def boxes(width: int, height: int) -> dict[str, Box]:
    """Where the window puts things at a size in points, by its own layout."""
    said = subprocess.run(
        [made_for_tests("test_ui"), "layout", str(width), str(height)],
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_S,
    )
    return {name: Box(*values) for name, values in json.loads(said.stdout).items()}


class WindowOf:
    """`do` gives one line to the host and takes its answer; the host knows frame.h and `look`."""

    def __init__(self, do: Callable[[str], Awaitable[str]], name: str, screen: Screen) -> None:
        self._do, self._name, self._screen = do, name, screen
        self.width, self.height, self.scale = 0, 0, 1
        self.corner = 0, 0  # where it stands on the screen, in pixels

    def stands_at(self, corner: tuple[int, int], width: int, height: int) -> None:
        """It was opened by somebody else, there."""
        self.corner, self.width, self.height = corner, width, height

    async def open(self, width: int = 760, height: int = 600, scale: int = 1) -> None:
        """Open the window, its size in points."""
        self.width, self.height, self.scale = width, height, scale
        assert await self._do(f"window {width * scale} {height * scale} {scale}.0") == "ok"
        await self.look()

    async def reopen(self) -> None:
        """Close the window, and open it as it was."""
        assert await self._do("close") == "ok"
        await self.open(self.width, self.height, self.scale)

    async def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        await self._do(f"resize {width * self.scale} {height * self.scale}")
        await self.look()

    async def look(self, ms: int = LOOK_MS) -> None:
        """Let the window have its time."""
        await self._do(f"look {ms}")

    def box(self, name: str) -> Box:
        return boxes(self.width, self.height)[name]

    async def click(self, name: str) -> None:
        await self._do("click {} {}".format(*self._within(name)))
        await self.look()

    async def press(self, name: str) -> None:
        """A click by the X server's pointer, which no host has to pass on."""
        await asyncio.to_thread(self._screen.click, *self._place(name))
        await self.look()

    async def drag(self, name: str, to: tuple[int, int]) -> None:
        """Press there and draw the X server's pointer to a place of the screen; the button stays down."""
        x, y = self._place(name)
        await asyncio.to_thread(self._screen.point, x, y)
        await asyncio.to_thread(self._screen.button, True)
        for step in range(1, DRAG_STEPS + 1):
            share = step / DRAG_STEPS
            there = round(x + share * (to[0] - x)), round(y + share * (to[1] - y))
            await asyncio.to_thread(self._screen.point, *there)
            await self.look(DRAG_STEP_MS)

    async def let_go(self) -> None:
        """Of the button."""
        await asyncio.to_thread(self._screen.button, False)
        await self.look()

    async def sweep(self, name: str, *shares: float, up: float = 0.5, holding: str = "") -> None:
        """By the X server's pointer, from one share of a box's width to the next."""
        places = [self._place(name, share, up) for share in shares]
        await asyncio.to_thread(self._screen.drag, *places, holding=holding)
        await self.look()

    async def wheel(self, name: str, steps: int, share: float = 0.5, holding: str = "") -> None:
        """By the X server's pointer."""
        await asyncio.to_thread(self._screen.wheel, *self._place(name, share), steps, holding)
        await self.look()

    async def point(self, name: str) -> None:
        await self._do("move {} {}".format(*self._within(name)))
        await self.look()

    async def scroll(self, name: str, steps: int) -> None:
        await self._do("scroll {} {} {}".format(*self._within(name), steps))
        await self.look()

    async def key(self, name: str) -> None:
        await self._do(f"key {name}")
        await self.look()

    async def type(self, text: str) -> None:
        await self._do(f"type {text}")
        await self.look()

    def _within(self, name: str, across: float = 0.5, down: float = 0.5) -> tuple[int, int]:
        """A place of a box, in the window's pixels; as shares of its width and height."""
        box = self.box(name)
        return round((box.x + box.w * across) * self.scale), round((box.y + box.h * down) * self.scale)

    def _place(self, name: str, across: float = 0.5, down: float = 0.5) -> tuple[int, int]:
        """The same on the screen."""
        x, y = self._within(name, across, down)
        return self.corner[0] + x, self.corner[1] + y

    async def seen(self) -> Pixels:
        """What the display shows, (height, width, 3)."""
        await self.look()
        left, top = self.corner
        width, height = self.width * self.scale, self.height * self.scale
        return (await asyncio.to_thread(self._screen.pixels, left + width, top + height))[top:, left:]

    async def picture(self, state: str) -> Pixels:
        """The same, kept among the pictures to be looked at."""
        pixels = await self.seen()
        await asyncio.to_thread(keep_png, pixels, f"plugin-{self._name}-{state}")
        return pixels

    def part(self, pixels: Pixels, name: str) -> Pixels:
        """The pixels of a box."""
        x, y, w, h = (round(value * self.scale) for value in self.box(name))
        return pixels[y : y + h, x : x + w]

    async def until(self, shows: Callable[[Pixels], bool], what: str) -> Pixels:
        """Look until the picture is so. Raises AssertionError, and leaves the last picture."""
        try:
            async with asyncio.timeout(HANG_S):
                while not shows(pixels := await self.seen()):
                    pass
                return pixels
        except TimeoutError:
            await self.picture("not-seen")
            raise AssertionError(f"the window never showed {what}") from None


def publish(who: RelayClient, seed: int, title: str) -> AudioPost:
    """A loop on the feed, under that title."""
    return who.post(
        loop_flac(seed)[0], title=title, bpm=128.0, key="F#m" if seed % 2 else None, duration_bars=4
    )
