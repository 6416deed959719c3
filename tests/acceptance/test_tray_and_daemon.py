"""The tray as a person uses it: a real panel host on a real session bus, the real tray, daemon, relay and native host."""

import asyncio

import pytest

import bridge.control as c
from daemon.cli.stage import Stage
from tests.acceptance.test_whole_path import global_feed, play, settled
from tests.support.dbus import session_bus, tray_host
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, short_folder


@pytest.mark.timeout(120)
async def test_keep_and_post_from_the_tray_menu() -> None:
    build()
    with short_folder() as folder:
        async with Stage(folder) as stage, session_bus(folder) as bus, tray_host(bus) as panel:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await stage.tray(daemon.run, bus)
            await play(stage, daemon)
            menu = await panel.menu_when(lambda menu: "Keep last 8 bars" in menu)
            await panel.click(menu["Keep last 8 bars"])
            menu = await panel.menu_when(
                lambda menu: "Recent takes" in menu and bool(menu["Recent takes"].below)
            )
            (line,) = menu["Recent takes"].below
            assert "8 bars" in line.label and "128 BPM" in line.label
            await panel.click(line["Post"])
            listed = await daemon.client.request(c.ListTakes(limit=1))
            assert isinstance(listed, c.TakeList)
            assert listed.takes[0].frames == 8 * BAR_FRAMES
            take = await settled(daemon, listed.takes[0].take_id)
            assert take.entry_state == "accepted"
            assert len(await asyncio.to_thread(global_feed, relay_url)) == 1
