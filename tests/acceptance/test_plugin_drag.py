"""Dragged out of the plugin's window by the X server's own pointer: onto windows of GTK's and Qt's, and onto rude ones."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import soundfile
from Xlib import XK

from daemon.cli.stage import RunningDaemon
from relay.wire.rest import AudioPost
from tests.acceptance.test_plugin_window_hosts import line_host
from tests.support.clap import binary, made_for_tests
from tests.support.drop_targets import DropTarget, gtk_target, path_of, qt_target, rude_target
from tests.support.following import following_mira
from tests.support.hosts import plugin_bundles
from tests.support.plugin_window import WindowOf
from tests.support.screen import PANEL, WARM, Pixels, Screen, count

NOWHERE = (1400, 1100)


class Scene(NamedTuple):
    daemon: RunningDaemon
    window: WindowOf
    screen: Screen
    post: AudioPost


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A VST3 host's window with a post of mira's in its feed."""
    async with following_mira(monkeypatch, 5, "Night büs: 1") as there:
        command = [str(made_for_tests("vst3_window_host")), str(binary(plugin_bundles(), "vst3"))]
        async with line_host(command, there.daemon.run, there.folder) as host:
            window = WindowOf(host.do, "drag", there.screen)
            await window.open()
            await window.until(lambda p: count(window.part(p, "row"), PANEL) > 20_000, "a row")
            yield Scene(there.daemon, window, there.screen, there.post)
            assert await host.do("close") == "ok", "the host lives"


async def test_a_post_is_dropped_on_others_windows(scene: Scene) -> None:
    await a_click_is_no_drag(scene)
    await gtk_takes_it(scene)
    await qt_takes_it(scene)
    await over_nobody_and_escape(scene)
    await rude_targets_cost_nothing(scene)
    await the_window_can_be_closed_in_the_middle(scene)


def said(window: WindowOf, seen: Pixels) -> int:
    """How much of the frame of a line at the window's foot is there."""
    return count(seen[window.height - 60 :, :], WARM)


async def a_click_is_no_drag(scene: Scene) -> None:
    await scene.window.press("row_wave")
    assert said(scene.window, await scene.window.seen()) == 0


async def gtk_takes_it(scene: Scene) -> None:
    window = scene.window
    async with gtk_target() as target:
        await window.drag("row_wave", target.middle)
        await window.until(lambda p: said(window, p) > 200, "that it is dragged")
        await until_said(window, target, "over")
        await window.picture("over-gtk")
        await window.let_go()
        (uri,) = await until_said(window, target, "uris")
        await window.picture("dropped")
    path = path_of(uri)
    facts = soundfile.info(path)
    assert path.name == "Night büs. 1.wav"
    assert (facts.frames, facts.samplerate) == (scene.post.frames, scene.post.sample_rate_hz)


async def until_said(
    window: WindowOf, target: DropTarget, key: str
) -> Any:  # what its JSON holds under that key
    """The host's loop has to go on meanwhile, as it does in a host."""
    waiting = asyncio.ensure_future(target.said(key))
    while not waiting.done():
        await window.look(20)
    return waiting.result()


async def qt_takes_it(scene: Scene) -> None:
    """Qt waits for what was dropped in a loop of its own: the file has to come meanwhile."""
    window = scene.window
    async with qt_target() as target:
        await window.drag("row_wave", target.middle)
        await until_said(window, target, "over")
        await window.let_go()
        (uri,) = await until_said(window, target, "uris")
    facts = soundfile.info(path_of(uri))
    assert (path_of(uri).name, facts.frames) == ("Night büs. 1.wav", scene.post.frames)


async def over_nobody_and_escape(scene: Scene) -> None:
    window, screen = scene.window, scene.screen
    await window.drag("row_wave", NOWHERE)
    await window.until(lambda p: said(window, p) > 200, "that it is dragged")
    await window.picture("over-nobody")
    await asyncio.to_thread(screen.key, XK.XK_Escape)
    await window.until(lambda p: said(window, p) == 0, "that it is let go")
    await window.let_go()
    await window.drag("row_wave", NOWHERE)
    await window.let_go()
    await window.until(lambda p: said(window, p) == 0, "that nobody was there")


async def rude_targets_cost_nothing(scene: Scene) -> None:
    """After each the next drag goes as it should."""
    window = scene.window
    for manner in ("refuses", "silent", "vanishes", "drops"):
        async with rude_target(manner) as target:
            await window.drag("row_wave", target.middle)
            if manner == "refuses":
                await window.look(300)
                await window.picture("refused")
            await window.let_go()
            await window.until(lambda p: said(window, p) == 0, f"the end of a drag onto one that {manner}")
    for manner in ("early", "late", "forgets"):
        async with rude_target(manner) as target:
            await window.drag("row_wave", target.middle)
            await window.let_go()
            uri = await until_said(window, target, "uris")
            assert isinstance(uri, str) and path_of(uri).exists(), manner


async def the_window_can_be_closed_in_the_middle(scene: Scene) -> None:
    window = scene.window
    await window.drag("row_wave", NOWHERE)
    await window.reopen()
    await window.let_go()
    await window.until(lambda p: count(window.part(p, "row"), PANEL) > 20_000, "a row again")
