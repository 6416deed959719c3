"""The plugin's window in hosts of every format: it opens at both scales, the pointer reaches it, the host hears what it
changes; and one click that starts Sidechain."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, end
from tests.support.clap import ClapHost, binary, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.following import following_mira
from tests.support.hosts import (
    host_environment,
    noise,
    place_in_noise,
    plugin_bundles,
    python_host,
    take_samples,
    until_heard,
)
from tests.support.native import ROOT
from tests.support.plugin_window import BAR_FRAMES, WindowOf, boxes
from tests.support.screen import GREEN, PANEL, WARM, Pixels, Screen, count, keep_png, x_server
from tests.support.whole import short_folder

LV2_BARS_PORT = 6


async def test_one_click_starts_sidechain(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it ran last: here with a run directory that only its own words name."""
    with short_folder() as folder:
        for name in ("DATA", "CONFIG"):
            monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
        for name in ("SIDECHAIN_DATA_DIR", "SIDECHAIN_RUN_DIR", "PYTHONPATH"):
            monkeypatch.delenv(name, raising=False)
        run, data = folder / "run", folder / "data" / "sidechain"
        words = ("--run-dir", str(run), "--credential-store", "file", "--log-level", "warning")
        await sidechain("up", "--detach", *words)
        await sidechain("down", run_dir=run)
        assert (data / "start").read_text().splitlines()[-8:-6] == ["up", "--detach"]
        async with x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            command = [str(made_for_tests("vst3_window_host")), str(binary(plugin_bundles(), "vst3"))]
            async with line_host(command, run, folder) as host:
                window = WindowOf(host.do, "vst3", screen)
                await window.open()
                await window.until(
                    lambda p: count(window.part(p, "start"), WARM) > 1_000, "that it can be started"
                )
                await window.picture("start")
                await window.press("start")
                try:
                    await window.until(
                        lambda p: count(window.part(p, "start"), WARM) < 100, "that it runs: no relay is set"
                    )
                    await window.picture("started")
                    await until_it_answers(run)
                finally:
                    await sidechain("down", run_dir=run)


async def until_it_answers(run_dir: Path) -> None:
    """The window says that it starts before it has."""
    async with asyncio.timeout(HANG_S):
        while True:
            with contextlib.suppress(AssertionError):
                assert json.loads(await sidechain("status", "--json", run_dir=run_dir))["pid"]
                return


async def sidechain(*arguments: str, run_dir: Path | None = None) -> str:
    """What a person types. Raises AssertionError with its words when it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | ({"SIDECHAIN_RUN_DIR": str(run_dir)} if run_dir else {}),
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, out.decode()
    return out.decode()


@pytest.fixture
async def claimed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[RunningDaemon, Screen, Path]]:
    """A daemon whose account follows mira, who has posted once."""
    async with following_mira(monkeypatch, 5, "Night bus") as there:
        yield there.daemon, there.screen, there.folder


async def test_the_same_window_stands_in_an_lv2_host(claimed: tuple[RunningDaemon, Screen, Path]) -> None:
    daemon, screen, folder = claimed
    bundle = plugin_bundles() / ".lv2" / "sidechain.lv2"
    command = [str(made_for_tests("lv2_window_host")), str(bundle / "sidechain.so"), f"{bundle}/"]
    async with line_host(command, daemon.run, folder) as host:
        window = WindowOf(host.do, "lv2", screen)
        for scale in (1, 2):
            await window.open(scale=scale)
            await window.until(
                lambda p: count(window.part(p, "row"), PANEL) > 20_000 * window.scale**2, "a row"
            )
            await window.until(lambda p: count(window.part(p, "head"), GREEN) > 30, "the green link")
            await window.picture("feed" if scale == 1 else "feed-twice")
            bars = float((await host.do(f"port {LV2_BARS_PORT}")).split()[1])
            await window.click("more")
            assert await host.do(f"port {LV2_BARS_PORT}") == f"port {bars + 1:g}", "the host hears of it"
            for tab in ("tab_takes", "tab_history", "tab_feed"):
                await window.click(tab)
            assert await host.do("close") == "ok"
        assert await host.do("calls") == "calls 0", (
            "process() waited for nothing, whatever was asked and told"
        )


async def test_in_a_vst3_host_the_pointer_keeps_and_posts(
    claimed: tuple[RunningDaemon, Screen, Path],
) -> None:
    daemon, screen, folder = claimed
    command = [str(made_for_tests("vst3_window_host")), str(binary(plugin_bundles(), "vst3"))]
    async with line_host(command, daemon.run, folder) as host:
        frames = 9 * BAR_FRAMES + 30_000
        played = folder / "played.f32"
        await asyncio.to_thread(played.write_bytes, noise(frames).tobytes())
        assert await host.do(f"play {played} {frames}") == "exact 1"
        await until_heard(daemon, frames)
        window = WindowOf(host.do, "vst3", screen)
        for scale in (2, 1):
            await window.open(scale=scale)
            await window.until(
                lambda p: count(window.part(p, "row"), PANEL) > 20_000 * window.scale**2, "a row"
            )
            await window.until(lambda p: count(window.part(p, "head"), GREEN) > 30, "the green link")
            await window.picture("feed" if scale == 1 else "feed-twice")
            if scale == 2:
                assert await host.do("close") == "ok"
        await window.press("fewer")
        assert (await host.do("edited")).startswith("edited "), "the host hears of it"
        await window.press("keep")
        takes = await until_kept(daemon, window)
        assert [(t.bars, t.frames) for t in takes] == [(7, 7 * BAR_FRAMES)]
        assert place_in_noise(take_samples(daemon, takes[0])) == 2 * BAR_FRAMES, (
            "the bars before the last line"
        )
        await window.until(lambda p: count(window.part(p, "post"), WARM) > 2_000, "that it can be posted")
        await window.press("post")
        await window.until(lambda p: count(window.part(p, "progress"), GREEN) > 1_000, "that it is posted")
        await window.picture("posted")
        assert await host.do("close") == "ok"


async def test_a_host_with_a_window_catches_a_faulty_plugin(tmp_path: Path) -> None:
    """Or its count of nothing would show nothing."""
    plugin_bundles()
    command = [str(made_for_tests("vst3_window_host")), str(made_for_tests("sidechain_faulty.vst3"))]
    async with line_host(command, tmp_path / "run", tmp_path) as host:
        assert await host.do("look 100") == "ok"
        assert int((await host.do("calls")).split()[1]) > 0


async def until_kept(daemon: RunningDaemon, window: WindowOf) -> list[c.TakeInfo]:
    """The takes, once there is one."""
    async with asyncio.timeout(HANG_S):
        while True:
            await window.look()
            listed = await daemon.client.request(c.ListTakes())
            assert isinstance(listed, c.TakeList)
            if listed.takes:
                return listed.takes


async def test_in_a_vst3_host_of_others_the_pointer_reaches_the_window(
    claimed: tuple[RunningDaemon, Screen, Path],
) -> None:
    daemon, screen, folder = claimed
    python_host("pedalboard")
    plugin = plugin_bundles() / ".vst3" / "sidechain.vst3"
    command = [sys.executable, "-m", "tests.plugin.drive_editor", str(plugin)]
    async with line_host(command, daemon.run, folder) as host:
        async with asyncio.timeout(HANG_S):
            while not is_feed(seen := await asyncio.to_thread(screen.pixels, 1600, 1300)):
                await asyncio.sleep(0.1)
        keep_png(seen, "plugin-vst3-feed-pedalboard")
        corner = await asyncio.to_thread(screen.find, 760, 600)
        more = boxes(760, 600)["more"]
        before = float(await host.do("bars"))
        await asyncio.to_thread(screen.click, corner[0] + round(more.x + 9), corner[1] + round(more.y + 9))
        async with asyncio.timeout(HANG_S):
            while float(await host.do("bars")) != before + 1:
                await asyncio.sleep(0.05)


def is_feed(screen: Pixels) -> bool:
    """A keep button, a row, and the green light of the link, wherever the host has put its window."""
    return count(screen, WARM) > 4_000 and count(screen, PANEL) > 60_000 and count(screen, GREEN) > 30


@contextlib.asynccontextmanager
async def line_host(command: list[str], run: Path, folder: Path) -> AsyncIterator[ClapHost]:
    """A host that takes a command a line."""
    log = folder / "host.log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=host_environment(run),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    try:
        yield ClapHost(process, log, folder)
    finally:
        await end(process)
