"""Ardour 7 with its own window, on an X server without a screen: its editor shows a session of one track, on which the counter of
tests/support/ardour.py sounds and the plugin stands.

Ardour asks at its start which backend it is to use; the pointer says so, at the places of its dialogue in the middle of the screen.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np

from daemon.cli.stage import RunningDaemon, Stage, end
from tests.support.ardour import SCRIPTS, make_home, scan_vst3
from tests.support.deadlines import HANG_S
from tests.support.hosts import host_environment, program
from tests.support.screen import Pixels, Screen, keep_png

WIDTH, HEIGHT = 1600, 1300
MIDDLE = (WIDTH // 2, HEIGHT // 2)
BACKENDS, DUMMY, START = (8, -142), (-11, -97), (220, 160)  # in the dialogue, from its middle
EDITOR = (1300, 20)  # a place of its window that the plugin's does not cover
LIMIT_S = HANG_S
CONFIG = """<Ardour><Config><Option name="hide-dummy-backend" value="0"/>
<Option name="check-announcements" value="0"/></Config></Ardour>
"""


async def shows(screen: Screen, at: tuple[int, int]) -> None:
    """Until something is drawn there: without a window the screen is black."""
    async with asyncio.timeout(LIMIT_S):
        while not (await asyncio.to_thread(screen.pixels, WIDTH, HEIGHT))[at[1], at[0]].any():
            await asyncio.sleep(0.2)


async def answer(screen: Screen, place: tuple[int, int]) -> None:
    """Click there in the dialogue."""
    x, y = MIDDLE[0] - 270, MIDDLE[1] - 180
    await pressed(screen, (MIDDLE[0] + place[0], MIDDLE[1] + place[1]), (x, y, 540, 360))


async def pressed(screen: Screen, place: tuple[int, int], sign: tuple[int, int, int, int]) -> None:
    """Click there, again until something has changed in `sign` (x, y, width, height): things are drawn before they take clicks."""
    x, y, width, height = sign

    def look() -> Pixels:
        return screen.pixels(WIDTH, HEIGHT)[y : y + height, x : x + width]

    await asyncio.to_thread(screen.point, *place)  # what is under the pointer is lit, and that is no answer
    before = await settled(look)
    async with asyncio.timeout(LIMIT_S):
        while np.abs((await settled(look)).astype(int) - before).sum() < 100_000:
            await asyncio.to_thread(screen.click, *place)


async def settled(look: Callable[[], Pixels]) -> Pixels:
    """What is seen twice, half a second apart."""
    seen = await asyncio.to_thread(look)
    while True:
        await asyncio.sleep(0.5)
        if np.array_equal(again := await asyncio.to_thread(look), seen):
            return again
        seen = again


@contextlib.asynccontextmanager
async def editor(stage: Stage, daemon: RunningDaemon, screen: Screen, bpm: float) -> AsyncIterator[Path]:
    """Ardour's editor with that session, stopped at its start; the session's folder."""
    home, session = stage.folder / "home", stage.folder / "session"
    env = host_environment(daemon.run) | await asyncio.to_thread(make_home, home)
    plugin = await asyncio.to_thread(scan_vst3, home, env)
    settings = home / ".config" / "ardour7"
    (settings / "config").write_text(CONFIG)
    (settings / ".a7").touch()  # it was here before: no questions
    env |= {"DISPLAY": screen.display, "T_SESSION": str(session), "T_PLUGIN": plugin, "T_BPM": repr(bpm)}
    nowhere = asyncio.subprocess.DEVNULL
    lua = program("ardour7-lua", "ardour")
    made = await asyncio.create_subprocess_exec(
        lua, str(SCRIPTS / "window.lua"), env=env, stdout=nowhere, stderr=nowhere
    )
    await asyncio.wait_for(made.wait(), LIMIT_S)
    file = session / "session.ardour"
    file.write_text(re.sub("<EngineHints[^>]*>", "", file.read_text()))
    plain = ("--no-splash", "--no-announcements")
    process = await asyncio.create_subprocess_exec(
        program("ardour", "ardour"), *plain, str(session), env=env, stdout=nowhere, stderr=nowhere
    )
    try:
        await shows(screen, (MIDDLE[0] - 240, MIDDLE[1]))
        for place in (BACKENDS, DUMMY, START):
            await answer(screen, place)
        await shows(screen, EDITOR)
        yield session
    except BaseException:
        keep_png(screen.pixels(WIDTH, HEIGHT), "plugin-ardour-at-last")
        raise
    finally:
        await end(process)
