"""The plugin's window inside Ardour 7, by the X server's own pointer: the session plays, and in the window one scrolls back, chooses
bars, listens to them, keeps them, and drags them out, into another program and onto Ardour's own canvas.

What plays is a counter: a frame of a take says by itself where in the session it was.
"""

import asyncio
import contextlib
import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from tests.support.ardour import FRAME_UNIT
from tests.support.ardour_window import HEIGHT, LIMIT_S, WIDTH, editor, pressed
from tests.support.drop_targets import gtk_target, path_of
from tests.support.hosts import instances, take_samples
from tests.support.plugin_window import WindowOf
from tests.support.screen import WARM, Screen, count, keep_png, x_server
from tests.support.whole import short_folder

BPM, BAR_FRAMES = 240.0, 48_000
BARS = 18  # so many are played before anything is pressed
PLAY, MIXER, EDITOR, PROCESSOR = (156, 43), (1327, 72), (1326, 43), (325, 228)  # of Ardour's, on the screen
LEFT = (0, 100, 260, 560)  # where the mixer has its lists, and the editor its tracks' names
LOOKS = 20  # before it is clicked on again
CANVAS = (1000, 600)  # beneath its tracks, and beside the plugin's window
MAX_LENGTH_ERROR_FRAMES = (
    1  # test_plugin_ardour.py says why there is one, and where the session says that a line is
)


async def test_bars_are_chosen_heard_kept_and_dragged_onto_a_track_by_the_pointer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder, WIDTH, HEIGHT) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            daemon = await stage.daemon("a")
            async with editor(stage, daemon, screen, BPM) as session:
                await asyncio.to_thread(screen.point, *PLAY)
                await asyncio.to_thread(screen.click, *PLAY)
                await until_played(daemon)
                window = await opened(screen)
                await bars_are_chosen_and_heard(window)
                take = await chosen_bars_are_kept(window, daemon)
                await they_go_into_another_program(window, take)
                await asyncio.to_thread(screen.click, *EDITOR)
                await they_become_a_track(window, session, take)
                keep_png(screen.pixels(WIDTH, HEIGHT), "plugin-ardour-dropped")


async def until_played(daemon: RunningDaemon) -> None:
    """So many bars, under a transport that runs."""
    begun = None
    async with asyncio.timeout(LIMIT_S):
        while True:
            (there,) = [each for each in await instances(daemon) if each.state == "recording"]
            if there.playing and begun is None:
                begun = there.heard_frames
            if begun is not None and there.heard_frames >= begun + BARS * BAR_FRAMES:
                return
            await asyncio.sleep(0.2)


async def opened(screen: Screen) -> WindowOf:
    """The plugin's window, by two clicks on the plugin in Ardour's mixer; with its History shown."""
    await pressed(screen, MIXER, LEFT)
    await asyncio.to_thread(screen.point, *PROCESSOR)
    corner = None
    async with asyncio.timeout(LIMIT_S):
        for attempt in itertools.count():
            if attempt % LOOKS == 0:
                for _ in range(2):
                    await asyncio.to_thread(screen.click, *PROCESSOR)
            await asyncio.sleep(0.5)
            with contextlib.suppress(AssertionError):
                corner = await asyncio.to_thread(screen.find, 760, 600)
                break
    assert corner

    async def goes_on_by_itself(line: str) -> str:
        word, ms = line.split()
        assert word == "look", "Ardour takes no such command"
        await asyncio.sleep(int(ms) / 1000)
        return "ok"

    window = WindowOf(goes_on_by_itself, "ardour", screen)
    window.stands_at(corner, 760, 600)
    await window.until(lambda p: count(window.part(p, "keep"), WARM) > 1_000, "itself")
    await window.press("tab_history")
    return window


async def bars_are_chosen_and_heard(window: WindowOf) -> None:
    await window.until(lambda p: count(window.part(p, "past"), WARM, 10) > 300, "the last bars")
    await window.wheel("past", 1)
    await window.look(500)
    await window.sweep("past", 0.62, 0.78)
    await window.until(lambda p: count(window.part(p, "past"), WARM, 10) > 100, "what is chosen")
    await window.picture("selection")
    await window.press("listen")
    await window.until(lambda p: count(window.part(p, "listen"), WARM) > 1_000, "that it can be stopped")
    await window.picture("listening")
    await window.press("listen")
    await window.until(lambda p: count(window.part(p, "listen"), WARM) < 100, "that it is silent")


async def chosen_bars_are_kept(window: WindowOf, daemon: RunningDaemon) -> NDArray[np.float32]:
    """Samples of the take: whole bars of the session, frame by frame."""
    await window.press("keep_chosen")
    async with asyncio.timeout(LIMIT_S):
        while True:
            listed = await daemon.client.request(c.ListTakes())
            assert isinstance(listed, c.TakeList)
            if listed.takes:
                break
            await window.look()
    (info,) = listed.takes
    samples = await asyncio.to_thread(take_samples, daemon, info)
    frames = np.rint(samples[:, 0].astype(np.float64) / FRAME_UNIT)
    assert info.bars and info.track_name == "Lead" and info.bpm == pytest.approx(BPM, abs=1e-3)
    assert np.array_equal(np.diff(frames), np.ones(len(frames) - 1)), "the session's frames, each once"
    assert abs(len(frames) - info.bars * BAR_FRAMES) <= MAX_LENGTH_ERROR_FRAMES, "from bar line to bar line"
    return samples


async def they_go_into_another_program(window: WindowOf, take: NDArray[np.float32]) -> None:
    async with gtk_target() as target:
        await window.drag("chosen", target.middle)
        await window.let_go()
        (uri,) = await target.said("uris")
    assert np.array_equal(soundfile.read(path_of(uri), dtype="float32")[0], take), "the same bits"


async def they_become_a_track(window: WindowOf, session: Path, take: NDArray[np.float32]) -> None:
    """What Ardour has copied into its session, once it is whole."""
    await window.drag("chosen", CANVAS)
    await window.let_go()
    folder = session / "interchange" / "session" / "audiofiles"
    async with asyncio.timeout(LIMIT_S):
        while True:
            await window.look(100)
            with contextlib.suppress(soundfile.LibsndfileError):
                sides = [
                    soundfile.read(file, dtype="float32")[0] for file in sorted(folder.glob("*%[LR].wav"))
                ]
                if len(sides) == 2 and len(sides[0]) == len(sides[1]) == len(take):
                    assert np.array_equal(np.stack(sides, axis=1), take), "the same bits"
                    return
