"""The History in the plugin's window, by the X server's own pointer: scroll back through minutes of playing, choose a part that
snaps to bars, listen to it, keep it. Pictures of every state are left beside the build."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from tests.acceptance.test_recovery import until_on_disk
from tests.support.clap import LINK, PREVIEW, ClapHost, begin_clap, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.drop_targets import dropped_on_gtk
from tests.support.hosts import Stretch, take_samples, until_heard
from tests.support.plugin_window import WindowOf
from tests.support.screen import WARM, Pixels, count, x_server
from tests.support.transport import nearest
from tests.support.whole import short_folder

RATE_HZ, BPM = 48_000, 104.0
BAR = round(4 * 60 * RATE_HZ / BPM)
BARS = 44
PART = 5 * BAR
WAVE, RAISED = (0x9A, 0xA3, 0xB1), (0x20, 0x24, 0x2B)


class Scene(NamedTuple):
    daemon: RunningDaemon
    host: ClapHost
    window: WindowOf
    played: NDArray[np.float32]


def song(bars: int) -> NDArray[np.float32]:
    """Hits and a bass line: eight loud bars, eight soft ones 30 dB down, four of silence, and so on; every frame its own."""
    frames = bars * BAR
    at = np.arange(frames)
    beat = BAR / 4
    since = at % beat
    rng = np.random.default_rng(7)
    body = np.exp(-since / (0.11 * RATE_HZ)) * np.sin(2 * np.pi * 58 * since / RATE_HZ)
    hats = np.exp(-(at % (beat / 2)) / (0.03 * RATE_HZ)) * rng.uniform(-0.4, 0.4, frames)
    bass = (
        0.3
        * np.sin(2 * np.pi * np.where(at // BAR % 2, 87.3, 65.4) * at / RATE_HZ)
        * np.exp(-(at % (3 * beat)) / RATE_HZ)
    )
    mix = 0.75 * (body + hats + bass)
    part = at // BAR % 20
    level = np.where(part < 8, 1.0, np.where(part < 16, 0.03, 0.0))
    return np.stack([mix * level, 0.9 * mix * level], axis=1).astype(np.float32)


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A daemon without a relay, and a host that has played 44 bars, which its Ring does not hold; its plugin's window shows the
    History."""
    async with opened(monkeypatch, BARS, 1) as there:
        yield there


@pytest.fixture
async def short(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """The same with ten bars, at twice the size."""
    async with opened(monkeypatch, 10, 2) as there:
        yield there


@contextlib.asynccontextmanager
async def opened(monkeypatch: pytest.MonkeyPatch, bars: int, scale: int) -> AsyncIterator[Scene]:
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            daemon = await stage.daemon("a")
            async with begin_clap(stage, host=made_for_tests("clap_host_window"), daemon=daemon) as beside:
                host = beside.host
                await host.open()
                window = WindowOf(host.do, "history", screen)
                await window.open(scale=scale)
                await window.press("tab_history")
                await window.picture("empty")
                played = song(bars)
                await play_to_the_disk(daemon, host, played)
                await host.until_text(LINK, "Ready")
                yield Scene(daemon, host, window, played)
                await host.do("close")


async def play_to_the_disk(daemon: RunningDaemon, host: ClapHost, played: NDArray[np.float32]) -> None:
    """A part at a time, a quarter of what the Ring holds: the daemon of a busy machine would be lapped by more, and what is
    then a hole never comes into the window, however long one waits."""
    for first in range(0, len(played), PART):
        part = played[first : first + PART]
        start_ppq = first * BPM / 60 / RATE_HZ
        await host.play(Stretch(frames=len(part), bpm=BPM, start_ppq=start_ppq), sound=part)
        await until_on_disk(daemon, first + int(np.flatnonzero(part.any(axis=1))[-1]) + 1)


async def test_scrolled_back_chosen_listened_to_and_kept(scene: Scene) -> None:
    await all_of_it_comes_from_the_daemon(scene)
    await it_scrolls_and_zooms(scene)
    await a_part_snaps_to_bars_and_is_kept_to_the_frame(scene)
    await its_handles_are_drawn_by_hand(scene)
    await all_tracks_are_kept_with_it(scene)
    await it_is_drawn_out_of_the_window(scene)
    await it_is_heard_through_the_host_before_it_is_kept(scene)
    await keys_move_it_and_keep_it(scene)
    await it_holds_at_every_size(scene)


async def test_without_a_daemon_the_last_moments_are_seen_and_it_is_said_why(short: Scene) -> None:
    window = short.window
    await window.until(lambda p: count(window.part(p, "past"), WARM, 10) > 1_000, "the last bars")
    await window.picture("twice")
    await short.host.do("close-window")
    await window.open(scale=2)
    await window.until(
        lambda p: count(window.part(p, "past"), WARM, 10) > 1_000, "the tab that was shown before"
    )
    short.daemon.process.kill()
    await short.daemon.process.wait()
    await window.until(lambda p: count(window.part(p, "notice"), RAISED, 4) > 8_000, "that it does not run")
    await window.picture("absent")


async def test_the_history_of_a_plugin_that_was_closed_is_chosen_from_a_menu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its bars are kept by another plugin's window, as those of the one that played them."""
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            daemon = await stage.daemon("a")
            played = song(10)
            program = made_for_tests("clap_host_window")
            async with begin_clap(stage, host=program, daemon=daemon) as before:
                await before.host.open()
                await before.host.play(Stretch(frames=len(played), bpm=BPM), sound=played, speed=24.0)
                await until_heard(daemon, len(played))
            async with begin_clap(stage, host=program, daemon=daemon) as beside:
                host = beside.host
                await host.open()
                window = WindowOf(host.do, "earlier", screen)
                await window.open()
                await window.press("tab_history")
                await host.until_text(LINK, "Ready")
                await choose_earlier(window)
                await window.sweep("past", 0.45, 0.75)
                await window.picture("chosen")
                await window.press("keep_chosen")
                scene = Scene(daemon, host, window, played)
                take = await newest_take(scene, 1)
                assert take.bars and place(scene, take) == line(place_in_bars(scene, take))
                await host.do("close")


async def choose_earlier(window: WindowOf) -> None:
    """The second line of the menu, beneath its button."""
    empty = count(window.part(await window.seen(), "past"), WAVE, 40)
    await window.press("whose")
    await window.look(500)
    await window.picture("menu")
    await window.sweep("whose", 0.5, up=3.3)
    await window.until(lambda p: count(window.part(p, "past"), WAVE, 40) > empty + 1_000, "what was played")


async def all_of_it_comes_from_the_daemon(scene: Scene) -> None:
    """The window itself has seen no more than 22 s."""
    window = scene.window

    def reaches_back(seen: Pixels) -> bool:
        return count(window.part(seen, "past")[:, :40], WAVE, 40) > 30

    await window.until(reaches_back, "what was played before")
    await window.picture("short")


async def it_scrolls_and_zooms(scene: Scene) -> None:
    window = scene.window
    await window.wheel("past", 4)
    await window.until(lambda p: count(window.part(p, "newest"), RAISED, 4) > 600, "the way back to now")
    await window.picture("scrolled")
    await window.wheel("past", -5, holding="Control_L")
    await window.picture("long")
    await window.wheel("past", 8, share=0.3, holding="Control_L")
    await window.picture("zoomed")
    await window.sweep("overview", 0.1, 0.2)
    before = await window.seen()
    await window.sweep("ruler", 0.6, 0.4, up=0.4)
    assert not np.array_equal(window.part(await window.seen(), "past"), window.part(before, "past"))
    await window.key("End")
    await window.until(lambda p: count(window.part(p, "newest"), RAISED, 4) < 600, "what is played now")


async def a_part_snaps_to_bars_and_is_kept_to_the_frame(scene: Scene) -> None:
    """Of more than a minute ago: only the daemon's disk has them."""
    window = scene.window
    for key in ("minus", "minus", "minus", "Home"):
        await window.key(key)
    await window.sweep("past", 0.30, 0.45)
    await window.point("head")
    await window.until(lambda p: count(window.part(p, "past"), WARM, 10) > 300, "the part that is chosen")
    await window.picture("selection")
    await window.press("keep_chosen")
    take = await newest_take(scene, 1)
    assert take.bars, "from bar line to bar line"
    assert place(scene, take) == line(place_in_bars(scene, take))


def grips(window: WindowOf, seen: Pixels) -> list[float]:
    """Where the handles of what is chosen stand in the ruler, as shares of its width."""
    ruler = window.part(seen, "ruler")
    lit = np.flatnonzero((np.abs(ruler.astype(int) - WARM).max(axis=-1) < 8).sum(axis=0) > 5)
    return [
        float(np.mean(each)) / ruler.shape[1] for each in np.split(lit, np.flatnonzero(np.diff(lit) > 3) + 1)
    ]


async def its_handles_are_drawn_by_hand(scene: Scene) -> None:
    """Each to another bar line; the other one stays."""
    window = scene.window
    before = await newest_take(scene, 1)
    first, end = grips(window, await window.seen())
    await window.sweep("ruler", end, end + 0.1, up=0.7)
    await window.sweep("ruler", first, first - 0.1, up=0.7)
    await window.point("head")
    await window.until(
        lambda p: grips(window, p)[0] < first - 0.02 and grips(window, p)[1] > end + 0.02, "both moved"
    )
    await window.picture("handles")
    await window.press("keep_chosen")
    take = await newest_take(scene, 2)
    assert take.bars and before.bars and take.bars > before.bars + 1
    assert place(scene, take) == line(place_in_bars(scene, take)) < place(scene, before)


async def all_tracks_are_kept_with_it(scene: Scene) -> None:
    window = scene.window
    one = await newest_take(scene, 2)
    await window.press("keep_all")
    take = await newest_take(scene, 3)
    await window.picture("kept-all")
    assert (take.bars, place(scene, take)) == (one.bars, place(scene, one)), "the same bars"
    kept = await scene.daemon.client.request(c.ShowSet(set_id="last"))
    assert isinstance(kept, c.OneSet) and len(kept.takes) == 1


async def it_is_drawn_out_of_the_window(scene: Scene) -> None:
    """By what is said of it, onto GTK: the very frames."""
    window = scene.window
    take = await newest_take(scene, 3)
    path = await dropped_on_gtk(window, "chosen")
    await window.picture("dropped")
    sound = soundfile.read(path, dtype="float32")[0]
    at = place(scene, take)
    assert np.array_equal(sound, scene.played[at : at + take.frames])


async def it_is_heard_through_the_host_before_it_is_kept(scene: Scene) -> None:
    window = scene.window
    await window.press("listen")
    await scene.host.until_text(PREVIEW, "Playing")
    await window.until(lambda p: count(window.part(p, "listen"), WARM) > 1_000, "that it can be stopped")
    await window.picture("listening")
    await window.press("listen")
    await scene.host.until_text(PREVIEW, "None")


async def keys_move_it_and_keep_it(scene: Scene) -> None:
    window = scene.window
    first = (await newest_take(scene, 3)).bars
    assert first
    await window.press("more_chosen")
    await window.key("Right")
    await window.key("Shift+Right")
    await window.key("Return")
    take = await newest_take(scene, 4)
    assert take.bars == first + 2
    await window.sweep("past", 0.205, 0.52, holding="Alt_L")
    await window.picture("free")
    await window.key("Return")
    take = await newest_take(scene, 5)
    assert take.bars is None and place(scene, take) > 0, "to the frame, and on no bar line"
    await window.key("Escape")


async def it_holds_at_every_size(scene: Scene) -> None:
    window = scene.window
    await window.key("End")
    for width, height in ((480, 400), (1200, 700)):
        await window.resize(width, height)
        seen = await window.picture(f"{width}x{height}")
        assert count(window.part(seen, "past"), WARM, 10) > 300


def line(bar: int) -> int:
    """The frame at which a bar begins; the first is 0."""
    return nearest(bar * 4 * 60 * RATE_HZ / BPM)


def place(scene: Scene, take: c.TakeInfo) -> int:
    """Where in what was played the take begins. Raises AssertionError unless it is that to the bit."""
    samples = take_samples(scene.daemon, take)
    loud = int(np.argmax(np.abs(samples[:, 0])))
    for at in np.flatnonzero(scene.played[:, 0] == samples[loud, 0]) - loud:
        if at >= 0 and np.array_equal(scene.played[at : at + len(samples)], samples):
            return int(at)
    raise AssertionError("the take is not what was played")


def place_in_bars(scene: Scene, take: c.TakeInfo) -> int:
    return round(place(scene, take) / BAR)


async def newest_take(scene: Scene, number: int) -> c.TakeInfo:
    """Once there are so many."""
    async with asyncio.timeout(HANG_S):
        while True:
            await scene.window.look()
            listed = await scene.daemon.client.request(c.ListTakes())
            assert isinstance(listed, c.TakeList)
            if len(listed.takes) >= number:
                return listed.takes[0]
