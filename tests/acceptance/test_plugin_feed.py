"""A feed longer than one page, in the plugin's window: older posts come as one scrolls, each page once."""

import asyncio
import contextlib
import re

import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from tests.support.clap import begin_clap, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.plugin_window import WindowOf
from tests.support.relay import RelayClient
from tests.support.screen import PANEL, Pixels, count, x_server
from tests.support.whole import short_folder
from tests.support.wire_tap import WireTap, wire_tap

PAGE = 20  # MAX_FEED_PAGE
POSTS = PAGE + 6
LINE = (0x2A, 0x2F, 0x37)  # the bar beside the list
MOST_WHEELS = 40


async def test_the_wheel_reaches_the_oldest_post_and_each_page_is_fetched_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with short_folder() as folder, wire_tap() as tap, contextlib.ExitStack() as behind:
        async with Stage(folder) as stage, x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            _, url = await stage.relay("--public-url", tap.url)
            tap.carry_to(int(url.rsplit(":", 1)[1]))
            mira = behind.enter_context(contextlib.closing(RelayClient(url)))
            oldest = await asyncio.to_thread(publish_all, mira)
            daemon = await stage.daemon("a", tap.url)
            await follow_online(daemon)
            async with begin_clap(stage, host=made_for_tests("clap_host_window"), daemon=daemon) as beside:
                await beside.host.open()
                window = WindowOf(beside.host.do, "clap-long", screen)
                await window.open()
                await scrolled_to_the_end(window, tap)
                await window.click("last_like")
                await until_liked(mira, oldest, window)
                await window.picture("end")
                await window.key("Home")
                await window.key("End")
                assert len(set(pages(tap))) == len(pages(tap)) == 2, pages(tap)
                await beside.host.do("close")


def publish_all(mira: RelayClient) -> str:
    """The oldest one's id."""
    mira.sign_in("mira.k")
    sound = short_flac()
    ids = [mira.post(sound, title=f"Sketch {n}").id for n in range(1, POSTS + 1)]
    return ids[0]


async def follow_online(daemon: RunningDaemon) -> None:
    """The window begins its feed anew when the link comes to stand; here it has stood before."""
    await daemon.client.request(c.ClaimDevice(username="nightowl"))
    await daemon.client.request(c.FollowUser(username="mira.k"))
    async with asyncio.timeout(HANG_S):
        while True:
            status = await daemon.client.request(c.GetStatus())
            assert isinstance(status, c.Status)
            if status.state == "connected":
                return
            await asyncio.sleep(0.05)


async def scrolled_to_the_end(window: WindowOf, tap: WireTap) -> None:
    """The bar beside the list is the shorter the more rows there are."""
    await window.until(lambda p: count(window.part(p, "row"), PANEL) > 20_000, "a row")
    first_page = bar_length(
        window, await window.until(lambda p: 0 < bar_length(window, p) < 60, "a whole page of rows")
    )
    assert len(pages(tap)) == 1, "older ones are left until they are scrolled to"
    async with asyncio.timeout(HANG_S):
        while len(pages(tap)) < 2:
            await window.scroll("list", -2)
    await window.until(lambda p: bar_length(window, p) < first_page - 8, "the rows of the second page")
    for _ in range(MOST_WHEELS):
        before = bar_end(window, await window.seen())
        await window.scroll("list", -4)
        if bar_end(window, await window.seen()) == before:
            return
    raise AssertionError("the list has no end")


def pages(tap: WireTap) -> list[bytes]:
    """What the daemon has asked of the relay for a window's pages."""
    return re.findall(rb"GET /api/v1/feed/timeline\?(?:cursor=[^\s&]+&)?limit=%d" % PAGE, tap.said)


def bar_length(window: WindowOf, seen: Pixels) -> int:
    """In pixels of the bar's middle; 0 where there is none."""
    return count(window.part(seen, "bar")[:, 1:2], LINE, 4)


def bar_end(window: WindowOf, seen: Pixels) -> int:
    rows = (abs(window.part(seen, "bar")[:, 1].astype(int) - LINE).max(axis=-1) < 4).nonzero()[0]
    return int(rows[-1])


async def until_liked(mira: RelayClient, post_id: str, window: WindowOf) -> None:
    """What was under the pointer is the oldest post's row."""
    async with asyncio.timeout(HANG_S):
        while (await asyncio.to_thread(mira.http.get, f"/audio/{post_id}")).json()["like_count"] != 1:
            await window.look()
