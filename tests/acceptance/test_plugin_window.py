"""The plugin's window on an X server without a screen: what it shows in each state, and what clicks and keys do, with a
relay and a daemon behind it. Pictures of every state are left beside the build, at once and at twice the size."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import numpy as np
import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from relay.wire.events import Presence
from relay.wire.rest import AudioPost
from tests.support.clap import BARS, KEPT, LINK, PREVIEW, PREVIEW_SYNC, ClapHost, begin_clap, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.drop_targets import pasted
from tests.support.hosts import Stretch, until_heard
from tests.support.plugin_window import BAR_FRAMES, WindowOf, publish
from tests.support.relay import RelayClient
from tests.support.screen import GREEN, INK, PANEL, WARM, Pixels, count, x_server
from tests.support.whole import short_folder

BAND = (0x9A, 0xA3, 0xB1)  # of the spectrum
TITLES = ("Last train", "Copper", "Half past four", "Kellerlicht ♪", "Rain on tin (take 3)", "Night bus")


class Scene(NamedTuple):
    relay: asyncio.subprocess.Process
    daemon: RunningDaemon
    mira: RelayClient
    posts: list[AudioPost]
    host: ClapHost
    window: WindowOf


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Mira has posted; a daemon that is nobody's yet; a CLAP host whose plugin's window is open."""
    with short_folder() as folder:
        async with Stage(folder) as stage, x_server(folder) as screen:
            monkeypatch.setenv("DISPLAY", screen.display)
            relay, url = await stage.relay()
            mira = RelayClient(url)
            await asyncio.to_thread(mira.sign_in, "mira.k")
            posts = [await asyncio.to_thread(publish, mira, n, title) for n, title in enumerate(TITLES)]
            daemon = await stage.daemon("a", url)
            async with begin_clap(stage, host=made_for_tests("clap_host_window"), daemon=daemon) as beside:
                await beside.host.open()
                window = WindowOf(beside.host.do, "clap", screen)
                await window.open()
                yield Scene(relay, daemon, mira, posts, beside.host, window)
                await beside.host.do("close")
            await asyncio.to_thread(mira.close)


async def until(met: Callable[[], Awaitable[bool]], window: WindowOf) -> None:
    """While the window has its time."""
    async with asyncio.timeout(HANG_S):
        while not await met():
            await window.look()


async def test_from_an_unclaimed_device_to_a_post_and_back_to_no_daemon(scene: Scene) -> None:
    await unclaimed_says_how_to_claim(scene)
    await the_feed_comes_when_it_is_claimed(scene)
    await what_was_played_is_shown_and_kept(scene)
    await a_kept_take_is_posted_with_its_title(scene)
    await likes_and_reactions_are_clicked(scene)
    await a_row_plays_through_the_host_and_stops(scene)
    await the_link_of_a_post_is_copied(scene)
    await somebody_is_followed_by_name(scene)
    await it_scrolls_by_wheel_and_keys(scene)
    await it_holds_at_every_size_and_is_sharp_at_twice(scene)
    await without_the_relay_a_post_waits(scene)
    await without_a_daemon_it_says_how_to_start(scene)


async def unclaimed_says_how_to_claim(scene: Scene) -> None:
    window = scene.window
    seen = await window.until(
        lambda p: count(window.part(p, "start"), WARM) > 1_000, "the card with a button and a command"
    )
    assert count(window.part(seen, "command"), INK, 40) > 60, "the command can be read"
    assert count(window.part(seen, "wave"), WARM) == 0
    await window.picture("unclaimed")


async def the_feed_comes_when_it_is_claimed(scene: Scene) -> None:
    window, client = scene.window, scene.daemon.client
    await client.request(c.ClaimDevice(username="nightowl"))
    await window.until(
        lambda p: count(window.part(p, "copy"), WARM) > 1_000, "an empty feed's card: whom to follow"
    )
    await window.picture("nobody-followed")
    await window.press("copy")
    await window.press("card_name")
    await window.type("Mira.k")
    await window.picture("first-name")
    await window.press("copy")
    await window.until(
        lambda p: count(window.part(p, "row"), PANEL) > 20_000 and not has_card(window, p), "a row"
    )
    live = await asyncio.to_thread(scene.mira.socket)  # she is in the studio
    try:
        live.send(Presence(status="producing", daw="Bitwig", bpm=128.0))
        await window.until(lambda p: count(window.part(p, "tools"), GREEN, 30) > 60, "1 friend producing now")
        head = count(window.part(await window.picture("feed"), "head"), GREEN)
        assert head > 30, "the link is green"
    finally:
        live.close()
    await window.until(lambda p: count(window.part(p, "tools"), GREEN, 30) == 0, "that she has left")


def has_card(window: WindowOf, seen: Pixels) -> bool:
    return count(window.part(seen, "start"), WARM) > 1_000


async def what_was_played_is_shown_and_kept(scene: Scene) -> None:
    window, host = scene.window, scene.host
    await host.play(Stretch(frames=9 * BAR_FRAMES + 30_000))
    await window.until(lambda p: count(window.part(p, "head"), BAND, 10) > 100, "the half octaves of it")
    await until_heard(scene.daemon, 9 * BAR_FRAMES)
    await host.until_text(LINK, "Ready")
    assert count(window.part(await window.picture("played"), "wave"), WARM) > 10_000, (
        "the bars to keep stand out"
    )
    await window.click("more")
    await host.until_text(BARS, "9")
    await window.click("fewer")
    await window.scroll("wave", -1)
    await host.until_text(BARS, "7")
    for elsewhere in ("head", "title", "tools"):
        await window.scroll(elsewhere, -1)
    assert await host.do(f"get {BARS}") == "text 7", "the wheel turns nothing that it is not over"
    await window.click("more")
    before = window.part(await window.seen(), "status").copy()
    await window.click("keep")
    await host.until_text(KEPT, "1")
    listed = await scene.daemon.client.request(c.ListTakes())
    assert isinstance(listed, c.TakeList)
    assert [(t.bars, t.frames) for t in listed.takes] == [(8, 8 * BAR_FRAMES)]
    kept = await window.until(lambda p: count(window.part(p, "post"), WARM) > 2_000, "that it can be posted")
    assert not np.array_equal(window.part(kept, "status"), before), "it says that it is kept"
    assert count(window.part(kept, "keep"), WARM) < 500, "posting is the next step"


async def a_kept_take_is_posted_with_its_title(scene: Scene) -> None:
    window = scene.window
    await window.click("title")
    await window.type("Take fivve")
    for key in ("Left", "BackSpace", "End"):
        await window.key(key)
    await window.type(" x")
    await window.key("Control+a")
    await window.type("Take five")
    await window.picture("title")
    await window.key("Return")
    await window.until(lambda p: count(window.part(p, "progress"), WARM) > 5, "progress")
    await window.picture("posting")

    async def is_posted() -> bool:
        page = (await asyncio.to_thread(scene.mira.http.get, "/feed/user/nightowl")).json()
        return [post["title"] for post in page["posts"]] == ["Take five"]

    await until(is_posted, window)
    await window.until(lambda p: count(window.part(p, "progress"), GREEN) > 1_000, "that it is posted")
    await window.until(
        lambda p: count(window.part(p, "row"), GREEN, 30) > 15, "one's own post, marked as yours"
    )
    await window.picture("posted")


async def likes_and_reactions_are_clicked(scene: Scene) -> None:
    window = scene.window
    page = (await asyncio.to_thread(scene.mira.http.get, "/feed/user/nightowl")).json()
    post_id = page["posts"][0]["id"]

    async def told() -> dict[str, object]:
        post = (await asyncio.to_thread(scene.mira.http.get, f"/audio/{post_id}")).json()
        return {"likes": post["like_count"], "reactions": post["reactions"]}

    async def is_so(likes: int, reactions: dict[str, int]) -> bool:
        return await told() == {"likes": likes, "reactions": reactions}

    await window.click("row_like")
    await until(lambda: is_so(1, {}), window)
    await window.until(lambda p: count(window.part(p, "row_like"), WARM) > 60, "the filled heart")
    await window.click("row_chip")
    await window.picture("picker")
    await window.click("pick_fire")
    await until(lambda: is_so(1, {"🔥": 1}), window)
    await window.until(lambda p: count(window.part(p, "row_chip"), WARM) > 60, "one's reaction, framed")
    await window.picture("reacted")
    await window.click("row_chip")
    await until(lambda: is_so(1, {}), window)
    await window.click("row_like")
    await until(lambda: is_so(0, {}), window)


async def a_row_plays_through_the_host_and_stops(scene: Scene) -> None:
    window, host = scene.window, scene.host
    await window.click("sync")
    await host.until_text(PREVIEW_SYNC, "1")
    await window.click("sync")
    await host.until_text(PREVIEW_SYNC, "0")
    await window.click("row_play")
    await host.until_text(PREVIEW, "Playing")
    await window.until(lambda p: count(window.part(p, "row_play"), WARM) > 400, "that it plays")
    await window.picture("playing")
    await window.click("row_play")
    await host.until_text(PREVIEW, "None")
    await window.until(lambda p: count(window.part(p, "row_play"), WARM) < 300, "that it has stopped")


async def the_link_of_a_post_is_copied(scene: Scene) -> None:
    window = scene.window
    page = (await asyncio.to_thread(scene.mira.http.get, "/feed/user/nightowl")).json()
    await window.click("row_more")
    await window.picture("post-menu")
    await window.click("post_link")
    async with asyncio.timeout(HANG_S):
        while await pasted(window.look) != page["posts"][0]["page_url"]:
            pass


async def somebody_is_followed_by_name(scene: Scene) -> None:
    """Whose posts then come."""
    window, client = scene.window, scene.daemon.client

    async def followers() -> int:
        who = (await asyncio.to_thread(scene.mira.http.get, "/users/mira.k")).json()
        return int(who["follower_count"])

    async def has_none() -> bool:
        return await followers() == 0

    async def has_one() -> bool:
        return await followers() == 1

    await client.request(c.FollowUser(username="mira.k", follow=False))
    await until(has_none, window)
    await window.click("follow")
    await window.type("Mira.k")
    await window.picture("follow")
    await window.key("Return")
    await until(has_one, window)
    await window.until(lambda p: bool(window.part(p, "list")[200:, :].max() > 100), "her posts again")


async def it_scrolls_by_wheel_and_keys(scene: Scene) -> None:
    window = scene.window

    async def first_title() -> Pixels:
        return window.part(await window.seen(), "row_title").copy()

    top = await first_title()
    for there, back in (
        (lambda: window.scroll("list", -3), lambda: window.scroll("list", 9)),
        (lambda: window.key("Page_Down"), lambda: window.key("Home")),
        (lambda: window.key("Down"), lambda: window.key("Up")),
    ):
        await there()
        assert not np.array_equal(await first_title(), top)
        await back()
        assert np.array_equal(await first_title(), top)


async def it_holds_at_every_size_and_is_sharp_at_twice(scene: Scene) -> None:
    window, host = scene.window, scene.host
    for width, height in ((480, 400), (1200, 700), (760, 600)):
        await window.resize(width, height)
        seen = await window.picture(f"{width}x{height}")
        assert seen.shape == (height, width, 3)
        for name in ("keep", "row"):
            assert np.ptp(window.part(seen, name)) > 100, f"{name} at {width} x {height}"
        assert count(window.part(seen, "wave"), WARM) > 2_000
    once = await window.seen()
    assert await host.do("close-window") == "ok"
    await window.open(scale=2)
    await window.until(lambda p: count(window.part(p, "row"), PANEL) > 80_000, "the feed again")
    twice = (await window.picture("twice")).astype(int)
    assert twice.shape == (1200, 1520, 3)
    halved = (twice[::2, ::2] + twice[1::2, ::2] + twice[::2, 1::2] + twice[1::2, 1::2]) / 4
    keep = window.box("keep")
    part = np.s_[int(keep.y) : int(keep.y + keep.h), int(keep.x) : int(keep.x + keep.w)]
    assert np.abs(halved[part] - once[part]).mean() < 12, "the same picture"
    blown_up = once[part].repeat(2, axis=0).repeat(2, axis=1)
    assert np.abs(window.part(twice.astype(np.uint8), "keep").astype(int) - blown_up).max() > 60, (
        "drawn, not stretched"
    )


async def without_the_relay_a_post_waits(scene: Scene) -> None:
    window = scene.window
    scene.relay.kill()
    await scene.relay.wait()
    await window.until(lambda p: count(window.part(p, "head"), GREEN) < 3_000, "offline")
    await window.click("post")
    await scene.host.until_text(KEPT, "2")
    await window.picture("waiting")
    entries = await scene.daemon.client.request(c.ListOutbox())
    assert isinstance(entries, c.EntryList)
    assert len(entries.entries) == 1, "kept and put in the outbox by one click"
    await window.click("row_like")
    await window.until(
        lambda p: count(window.part(p, "list"), WARM) > 100, "the sentence that it cannot be liked now"
    )
    await window.picture("error")


async def without_a_daemon_it_says_how_to_start(scene: Scene) -> None:
    window = scene.window
    scene.daemon.process.kill()
    await scene.daemon.process.wait()
    await window.until(lambda p: count(window.part(p, "start"), WARM) > 4_000, "how to start Sidechain")
    await window.picture("absent")
    assert await scene.host.do("close-window") == "ok"
