"""The tab of takes in the plugin's window, by the X server's pointer: listed, searched, renamed, tagged, discarded and had
back, mended, posted and taken back, listened to, dragged out, its path copied."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from tests.acceptance.test_plugin_window_hosts import line_host
from tests.support.clap import ClapHost, binary, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.drop_targets import dropped_on_gtk, pasted
from tests.support.hosts import noise, plugin_bundles, until_heard
from tests.support.plugin_window import BAR_FRAMES, WindowOf
from tests.support.screen import INK, PANEL, WARM, Pixels, count, x_server
from tests.support.whole import short_folder

FRAMES = 9 * BAR_FRAMES + 30_000


class Scene(NamedTuple):
    daemon: RunningDaemon
    host: ClapHost
    window: WindowOf
    takes: list[c.TakeInfo]  # newest first


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A VST3 host that has played nine bars, of which two takes were kept; its window shows them."""
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            _, url = await stage.relay()
            daemon = await stage.daemon("a", url, undo_seconds="600")
            await daemon.client.request(c.ClaimDevice(username="nightowl"))
            command = [str(made_for_tests("vst3_window_host")), str(binary(plugin_bundles(), "vst3"))]
            async with line_host(command, daemon.run, folder) as host:
                played = folder / "played.f32"
                await asyncio.to_thread(played.write_bytes, noise(FRAMES).tobytes())
                assert await host.do(f"play {played} {FRAMES}") == "exact 1"
                await until_heard(daemon, FRAMES)
                await daemon.client.request(c.KeepTake(bars=4, title="Bass"))
                await daemon.client.request(c.KeepTake(bars=2))
                window = WindowOf(host.do, "takes", screen)
                await window.open()
                await window.press("tab_takes")
                yield Scene(daemon, host, window, await listed(daemon))
                assert await host.do("calls") == "calls 0", (
                    "process() waited for nothing, whatever was asked and told"
                )
                assert await host.do("close") == "ok", "the host lives"


async def listed(daemon: RunningDaemon) -> list[c.TakeInfo]:
    answer = await daemon.client.request(c.ListTakes())
    assert isinstance(answer, c.TakeList)
    return answer.takes


async def until_take(scene: Scene, wanted: Callable[[c.TakeInfo], bool]) -> None:
    """Until the newest take is so. The host's loop has to go on meanwhile."""
    async with asyncio.timeout(HANG_S):
        while not (takes := await listed(scene.daemon)) or not wanted(takes[0]):
            await scene.window.look(20)


def rows(window: WindowOf, seen: Pixels) -> int:
    return sum(count(window.part(seen, name), PANEL) > 10_000 for name in ("take", "second_take"))


async def test_takes_are_kept_in_order_by_hand(scene: Scene) -> None:
    await both_are_there(scene)
    await renamed_where_it_stands(scene)
    await tagged_and_found(scene)
    await discarded_and_had_back(scene)
    await mended(scene)
    await listened_to(scene)
    await dragged_out(scene)
    await its_path_is_copied(scene)
    await posted_and_taken_back(scene)


async def both_are_there(scene: Scene) -> None:
    window = scene.window
    seen = await window.until(lambda p: rows(window, p) == 2, "two takes")
    assert count(window.part(seen, "take_name"), INK, 40) > 60, "the name can be read"
    wave = window.part(seen, "take_wave")
    await window.until(lambda p: (window.part(p, "take_wave") != PANEL).any(), "its waveform")
    assert wave.size
    await window.picture("list")


async def choose(scene: Scene, deed: str) -> None:
    await scene.window.press("take_more")
    await scene.window.press(deed)


async def renamed_where_it_stands(scene: Scene) -> None:
    window = scene.window
    await window.press("take_more")
    await window.picture("menu")
    await window.press("menu_rename")
    await window.type("Lead idea")
    await window.picture("renaming")
    await window.key("Return")
    await until_take(scene, lambda take: take.title == "Lead idea")
    await choose(scene, "menu_rename")
    await window.type("no")
    await window.key("Escape")
    assert (await listed(scene.daemon))[0].title == "Lead idea"


async def tagged_and_found(scene: Scene) -> None:
    window = scene.window
    await choose(scene, "menu_tag")
    await window.type("verse")
    await window.key("Return")
    await until_take(scene, lambda take: list(take.tags) == ["verse"])
    await window.press("search")
    await window.type("verse idea")
    await window.until(lambda p: rows(window, p) == 1, "the one that is found")
    await window.picture("found")
    await window.type(" nothing")
    await window.until(lambda p: rows(window, p) == 0, "that nothing is found")
    await window.picture("nothing-found")
    await window.key("Escape")
    await window.until(lambda p: rows(window, p) == 2, "all again")


async def discarded_and_had_back(scene: Scene) -> None:
    window = scene.window
    await choose(scene, "menu_discard")
    await window.until(lambda p: rows(window, p) == 1, "that one is gone")
    assert [take.title for take in await listed(scene.daemon)] == ["Bass"]
    await window.picture("discarded")
    await window.press("undo")
    await window.until(lambda p: rows(window, p) == 2, "that it is back")
    assert (await listed(scene.daemon))[0].title == "Lead idea"
    await several_are_had_back_in_turn(scene)


async def several_are_had_back_in_turn(scene: Scene) -> None:
    """By keys, one behind the other; the last one first."""
    window = scene.window
    await window.press("take_name")
    for left in (1, 0):
        await window.key("Delete")
        await window.until(lambda p, left=left: rows(window, p) == left, f"that {left} are left")  # type: ignore[misc]
    await window.picture("all-discarded")
    await window.press("undo")
    await window.until(lambda p: rows(window, p) == 1, "that the last is back")
    assert [take.title for take in await listed(scene.daemon)] == ["Bass"]
    await window.key("Control+z")
    await window.until(lambda p: rows(window, p) == 2, "that both are back")


async def mended(scene: Scene) -> None:
    await until_take(scene, lambda take: take.state == "ready")
    await choose(scene, "menu_mend")
    await until_take(scene, lambda take: take.repair is not None and take.state == "ready")
    await choose(scene, "menu_mend")  # where "Undo seam repair" stands now
    await until_take(scene, lambda take: take.repair is None and take.state == "ready")


async def listened_to(scene: Scene) -> None:
    window = scene.window
    await window.press("take_play")
    await window.until(lambda p: count(window.part(p, "take_play"), WARM) > 500, "that it plays")
    await window.picture("playing")
    await window.press("take_play")


async def dragged_out(scene: Scene) -> None:
    window = scene.window
    path = await dropped_on_gtk(window, "take_wave")
    await window.picture("dropped")
    sound = soundfile.read(path, dtype="float32")[0]
    assert path.name == "Lead idea.wav"
    assert np.array_equal(sound, noise(FRAMES)[7 * BAR_FRAMES : 9 * BAR_FRAMES]), "cut to the bar, to the bit"


async def its_path_is_copied(scene: Scene) -> None:
    await choose(scene, "menu_path")
    async with asyncio.timeout(HANG_S):
        while not (text := await pasted(scene.window.look)):
            pass
    assert Path(text).name == "Lead idea.wav" and Path(text).exists()


async def posted_and_taken_back(scene: Scene) -> None:
    window = scene.window
    await window.press("take_post")
    await until_take(scene, lambda take: take.entry_state == "held")
    await window.picture("held")
    await window.press("take_post")
    await until_take(scene, lambda take: take.entry_state == "discarded")
