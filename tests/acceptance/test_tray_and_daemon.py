"""The tray as a person uses it: a real panel host on a real session bus, the real tray, daemon, relay and native host."""

import asyncio

import httpx

import bridge.control as c
from bridge.async_client import AsyncControlClient
from daemon.cli.stage import RunningDaemon, Stage, until
from tests.acceptance.test_whole_path import global_feed, play, settled
from tests.support.claims import FormBrowser
from tests.support.dbus import session_bus, tray_host
from tests.support.deadlines import HANG_S
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, short_folder
from tray.app import Tray
from tray.deeds import Effects
from tray.sni import SniBackend


async def ready(daemon: RunningDaemon) -> c.TakeInfo:
    """The newest take, once its pipeline has ended."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while True:
        shown = await daemon.client.request(c.ShowTake(take_id="last"))
        assert isinstance(shown, c.OneTake)
        if shown.take.state == "ready":
            return shown.take
        await until(events, c.TakeChanged)


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
            await panel.click(menu["Pause posting"]["Until I resume it"])
            await panel.menu_when(lambda menu: "Posting is paused until it is resumed" in menu)
            await panel.click(line["Post"])
            menu = await panel.menu_when(lambda menu: "1 take to post" in menu)
            assert (await ready(daemon)).entry_state == "queued"
            assert await asyncio.to_thread(global_feed, relay_url) == []
            await panel.click(menu["Resume posting"])
            listed = await daemon.client.request(c.ListTakes(limit=1))
            assert isinstance(listed, c.TakeList)
            assert listed.takes[0].frames == 8 * BAR_FRAMES
            take = await settled(daemon, listed.takes[0].take_id)
            assert take.entry_state == "accepted"
            assert len(await asyncio.to_thread(global_feed, relay_url)) == 1


async def test_a_device_is_claimed_from_the_tray_menu() -> None:
    opened: asyncio.Queue[str] = asyncio.Queue()

    async def open_url(url: str) -> None:
        opened.put_nowait(url)

    def say_yes(relay_url: str, address: str) -> None:
        with FormBrowser(relay_url) as browser:
            browser.sign_in("nightowl")
            answer = browser.press(browser.http.get(address))
            assert httpx.get(answer.headers["location"], trust_env=False, timeout=HANG_S).status_code == 302

    with short_folder() as folder:
        async with Stage(folder) as stage, session_bus(folder) as bus, tray_host(bus) as panel:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            tray = Tray(SniBackend(bus), lambda: AsyncControlClient(daemon.run), Effects(open_url=open_url))
            running = asyncio.create_task(tray.run())
            menu = await panel.menu_when(lambda menu: "Join this device" in menu)
            await panel.click(menu["Join this device"])
            await asyncio.to_thread(say_yes, relay_url, await asyncio.wait_for(opened.get(), 20))
            await panel.menu_when(lambda menu: "Posting as nightowl" in menu)
            tray.quit()
            await running
