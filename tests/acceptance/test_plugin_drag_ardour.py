"""A take dragged from the plugin's window onto the canvas of Ardour's editor: a track of its own with the same bits.

Ardour 7 asks at its start which backend it is to use; the pointer says so, at the places of its dialogue in the middle of the screen.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import bridge.control as c
from daemon.cli.stage import Stage, end
from tests.acceptance.test_plugin_window_hosts import line_host
from tests.support.ardour import SCRIPTS
from tests.support.clap import binary, made_for_tests
from tests.support.hosts import noise, plugin_bundles, program, until_heard
from tests.support.plugin_window import BAR_FRAMES, WindowOf
from tests.support.screen import PANEL, Pixels, Screen, count, keep_png, x_server
from tests.support.whole import short_folder

FRAMES = 9 * BAR_FRAMES + 30_000
WIDTH, HEIGHT = 1600, 1300
MIDDLE = (WIDTH // 2, HEIGHT // 2)
BACKENDS, DUMMY, START = (8, -142), (-11, -97), (220, 160)  # in the dialogue, from its middle
EDITOR = (1300, 20)  # a place of its window that the plugin's does not cover
CANVAS = (1000, 500)
LIMIT_S = 120.0
CONFIG = """<Ardour><Config><Option name="hide-dummy-backend" value="0"/>
<Option name="check-announcements" value="0"/></Config></Ardour>
"""


async def shows(screen: Screen, at: tuple[int, int]) -> None:
    """Until something is drawn there: without a window the screen is black."""
    async with asyncio.timeout(LIMIT_S):
        while not (await asyncio.to_thread(screen.pixels, WIDTH, HEIGHT))[at[1], at[0]].any():
            await asyncio.sleep(0.2)


async def answer(screen: Screen, place: tuple[int, int]) -> None:
    """Click there in the dialogue, again until something in it has changed: it is drawn before it takes clicks."""

    def dialogue() -> Pixels:
        x, y = MIDDLE[0] - 270, MIDDLE[1] - 180
        return screen.pixels(WIDTH, HEIGHT)[y : y + 360, x : x + 540]

    x, y = MIDDLE[0] + place[0], MIDDLE[1] + place[1]
    await asyncio.to_thread(screen.point, x, y)  # what is under the pointer is lit, and that is no answer
    before = await settled(dialogue)
    async with asyncio.timeout(LIMIT_S):
        while np.abs((await settled(dialogue)).astype(int) - before).sum() < 100_000:
            await asyncio.to_thread(screen.click, x, y)


async def settled(look: Callable[[], Pixels]) -> Pixels:
    """What is seen twice, half a second apart."""
    seen = await asyncio.to_thread(look)
    while True:
        await asyncio.sleep(0.5)
        if np.array_equal(again := await asyncio.to_thread(look), seen):
            return again
        seen = again


@contextlib.asynccontextmanager
async def ardour(folder: Path, screen: Screen) -> AsyncIterator[Path]:
    """Ardour's editor with an empty session, on the screen; the session's folder."""
    home, session = folder / "home", folder / "session"
    settings = home / ".config" / "ardour7"
    settings.mkdir(parents=True)
    (settings / "config").write_text(CONFIG)
    (settings / ".a7").touch()  # it was here before: no questions
    env = os.environ | {"HOME": str(home), "DISPLAY": screen.display, "T_SESSION": str(session)}
    env |= {f"XDG_{name}_HOME": str(home / f".{name.lower()}") for name in ("CONFIG", "CACHE")}
    lua = program("ardour7-lua", "ardour")
    quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
    made = await asyncio.create_subprocess_exec(lua, str(SCRIPTS / "empty.lua"), env=env, **quiet)
    await asyncio.wait_for(made.wait(), LIMIT_S)
    file = session / "session.ardour"
    file.write_text(re.sub("<EngineHints[^>]*>", "", file.read_text()))
    plain = ("--no-splash", "--no-announcements")
    process = await asyncio.create_subprocess_exec(
        program("ardour", "ardour"), *plain, str(session), env=env, **quiet
    )
    try:
        await shows(screen, (MIDDLE[0] - 240, MIDDLE[1]))
        for place in (BACKENDS, DUMMY, START):
            await answer(screen, place)
        await shows(screen, EDITOR)
        yield session
    finally:
        await end(process)


async def test_a_take_dropped_on_ardours_canvas_is_a_track_of_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder, WIDTH, HEIGHT) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            daemon = await stage.daemon("a")
            command = [str(made_for_tests("vst3_window_host")), str(binary(plugin_bundles(), "vst3"))]
            async with ardour(folder, screen) as session, line_host(command, daemon.run, folder) as host:
                played = folder / "played.f32"
                await asyncio.to_thread(played.write_bytes, noise(FRAMES).tobytes())
                assert await host.do(f"play {played} {FRAMES}") == "exact 1"
                await until_heard(daemon, FRAMES)
                await daemon.client.request(c.KeepTake(bars=2, title="Night lead"))
                window = WindowOf(host.do, "ardour", screen)
                await window.open()
                await window.press("tab_takes")
                await window.until(lambda p: count(window.part(p, "take"), PANEL) > 10_000, "the take")
                await window.drag("take_wave", CANVAS)
                await window.let_go()
                sides = await imported(session, window)
                keep_png(screen.pixels(WIDTH, HEIGHT), "plugin-ardour-dropped")
                wanted = noise(FRAMES)[7 * BAR_FRAMES : 9 * BAR_FRAMES]
                assert np.array_equal(sides, wanted), "the same bits, from bar line to bar line"
                assert await host.do("close") == "ok"


async def imported(session: Path, window: WindowOf) -> np.ndarray:
    """What Ardour has copied into its session, (frames, 2), once it is whole."""
    files = [session / "interchange" / "session" / "audiofiles" / f"Night lead%{side}.wav" for side in "LR"]
    async with asyncio.timeout(LIMIT_S):
        while True:
            await window.look(100)
            with contextlib.suppress(soundfile.LibsndfileError):
                sides = [soundfile.read(file, dtype="float32")[0] for file in files]
                if len(sides[0]) == len(sides[1]) == 2 * BAR_FRAMES:
                    return np.stack(sides, axis=1)
