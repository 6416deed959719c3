"""Every line of the tray's menu, read and clicked by a panel on a real session bus; and notifications in good company and bad."""

import asyncio
import tempfile
from pathlib import Path

from msgspec.structs import replace

from bridge import control
from bridge.async_client import AsyncControlClient
from tests.support.dbus import DEADLINE_S, Line, notification_service, session_bus, tray_host
from tests.support.scripted_daemon import scripted_daemon
from tests.support.tray_desk import QUICK, STANDS, Scene, scene
from tests.support.tray_values import RELAY, instance, stretch, take
from tray.app import Tray
from tray.sni import NO_HOST, SniBackend

POST = control.ItemInfo(
    post_id="p1",
    author="ben",
    title="Dusk",
    bpm=92.0,
    key="A minor",
    duration_ms=9000,
    created_at="2026-11-30T00:00:00Z",
    url=f"{RELAY}/p/p1",
)
FULL = {
    "instances": [STANDS, instance("b2", track_name="Keys", playing=False)],
    "recent": [
        take("t1", title="Held", entry_state="held", held_s=9.0),
        take("t2", title="Out", entry_state="accepted", post_url=f"{RELAY}/p/2"),
        take("t3", title="Stuck", entry_state="needs_attention", error="No."),
    ],
    "recovered": [stretch("s1")],
    "unread": 2,
    "friends_producing": 1,
    "friends": ["ben"],
    "tells_presence": True,
    "do_not_disturb": False,
}
ENDS = ("Quit tray", "Stop Sidechain")
SAME_AS_ANOTHER = ("Last 8 bars", "For an hour", "For eight hours")  # of keeping; and one pause is enough
STARTS_A_PROGRAM = {
    "Open the relay's page": f"{RELAY}/",
    "2 unread notifications": f"{RELAY}/notifications",
    "Show in its folder": "/takes/",
    "Open the post's page": f"{RELAY}/p/2",
    "Open its page": f"{RELAY}/p/p1",
    "Diagnostics…": "doctor",
}
ASKS = {
    "Keep last 8 bars of all": control.KeepAll,
    "Keep last": control.KeepTake,
    "Keep its last": control.KeepRecovered,
    "Keep all of it": control.KeepRecovered,
    "Undo": control.UndoPost,
    "Listen": control.PlayPreview,
    "Play": control.PlayPreview,
    "Stop playing": control.StopPreviews,
    "Post": control.PostTake,
    "Try again to post": control.PostTake,
    "Discard": control.DiscardTake,
    "Restore": control.RestoreTake,
    "Like": control.LikePost,
    "Until I resume it": control.PausePosting,
    "Resume posting": control.ResumePosting,
    "Tell followers": control.ChangeSetting,
    "Do not disturb": control.ChangeSetting,
    "Start at login": control.SetAtLogin,
}


def leaves(line: Line) -> list[Line]:
    """What can be clicked below it."""
    if line.below:
        return [each for below in line.below for each in leaves(below)]
    return [line] if line.enabled and line.label and not line.label.startswith(ENDS) else []


async def click(at: Scene, line: Line, within: str = "") -> None:
    """Click it, and see that it does what it says."""
    await at.host.click(line)
    opened = next((what for label, what in STARTS_A_PROGRAM.items() if line.label.startswith(label)), None)
    if opened is not None:
        async with asyncio.timeout(DEADLINE_S):
            assert (await at.desk.opened.get()).startswith(opened)
        return
    asked = next((kind for label, kind in ASKS.items() if line.label.startswith(label)), None)
    if line.label.startswith("Last "):
        asked = control.KeepAll if "all tracks" in within else control.KeepTake
    assert asked is not None, f"nobody knows what {line.label} should do"
    await at.daemon.asked(asked)


async def test_every_line_can_be_clicked_and_does_what_it_says() -> None:
    async with scene(**FULL) as at:
        await at.host.menu_when(lambda menu: "Connected." in menu)
        at.daemon.feed = [POST]
        at.daemon.publish(control.ItemArrived(item=POST))
        menu = await at.host.menu_when(lambda menu: "Feed (1 new)" in menu and "Start at login" in menu)
        count = 0
        for top in reversed(menu.below):  # what is kept moves the recent takes, so that comes last
            for line in leaves(top):
                if not line.label.startswith(SAME_AS_ANOTHER):
                    await click(at, line, top.label)
                    count += 1
        assert count > 30
        menu = await at.host.menu_when(lambda menu: "Resume posting" in menu and "Stop playing" in menu)
        for label in ("Resume posting", "Stop playing", "Restore"):
            await click(at, menu[label])


async def test_what_is_new_in_the_feed_is_counted_until_its_menu_is_opened() -> None:
    async with scene() as at:
        await at.host.menu_when(lambda menu: "Feed (nothing yet)" in menu)
        at.daemon.feed = [POST]
        at.daemon.publish(control.ItemArrived(item=POST))
        menu = await at.host.menu_when(lambda menu: "Feed (1 new)" in menu)
        await at.host.open(menu["Feed"])
        menu = await at.host.menu_when(lambda menu: any(line.label == "Feed" for line in menu.below))
        assert menu["Feed"].below[0].label == "ben: Dusk · 92 BPM · A minor"


async def test_a_take_is_played_here_without_a_plugin_one_at_a_time_and_silenced() -> None:
    async with scene(recent=[take("t1"), take("t2", title="Other")]) as at, asyncio.timeout(3 * DEADLINE_S):
        menu = await at.host.menu_when(lambda menu: "Recent takes" in menu)
        await at.host.click(menu["Recent takes"]["Night loop"]["Listen"])
        assert await at.desk.opened.get() == "play t1"
        await at.host.click(menu["Recent takes"]["Other"]["Listen"])
        assert {await at.desk.opened.get(), await at.desk.opened.get()} == {"silent t1", "play t2"}
        menu = await at.host.menu_when(lambda menu: "Stop playing" in menu)
        await at.host.click(menu["Stop playing"])
        assert await at.desk.opened.get() == "silent t2"
        await at.host.menu_when(lambda menu: "Stop playing" not in menu)


async def test_what_happens_while_a_host_plays_is_said_together_when_it_stands() -> None:
    async with scene(instances=[replace(STANDS, playing=True)]) as at, notification_service(at.bus) as said:
        await at.host.menu_when(lambda menu: "Keep last 8 bars" in menu)
        for who in ("ben", "eva"):
            told = control.NotificationsChanged(unread=1, kind="comment", sentence=f"{who} commented.")
            at.daemon.publish(told)
        at.daemon.change(unread=2)
        await at.host.menu_when(lambda menu: "2 unread notifications" in menu)
        assert said.unread() == 0
        at.daemon.change(instances=[STANDS])
        assert await said.next() == "While you played: 2 comments; the last: eva commented."


async def test_do_not_disturb_is_kept_and_what_was_asked_for_is_answered_all_the_same() -> None:
    async with scene(instances=[STANDS], do_not_disturb=False) as at, notification_service(at.bus) as said:
        menu = await at.host.menu_when(lambda menu: "Do not disturb" in menu)
        await at.host.click(menu["Do not disturb"])
        asked = await at.daemon.asked(control.ChangeSetting)
        assert (asked.name, asked.value) == ("do_not_disturb", "true")
        at.daemon.change(state="problem", sentence="The disk is full.")
        menu = await at.host.menu_when(lambda menu: "Problems (1)" in menu)
        await at.host.click(menu["Keep last 8 bars"])
        assert await said.next() == "Kept 8 bars as “Night loop”."
        assert said.unread() == 0


async def test_a_notification_service_that_crashes_takes_nothing_with_it() -> None:
    async with scene(instances=[STANDS]) as at:
        async with notification_service(at.bus, crashes=True) as said:
            menu = await at.host.menu_when(lambda menu: "Keep last 8 bars" in menu)
            await at.host.click(menu["Keep last 8 bars"])
            assert (await said.next()).startswith("Kept 8 bars")
        await at.host.click(menu["Keep last 8 bars"])
        await at.host.menu_when(lambda menu: len(menu["Recent takes"].below) == 2)
        async with notification_service(at.bus) as said:  # the next one is spoken to as if nothing had been
            at.daemon.change(state="problem", sentence="The disk is full.")
            assert await said.next() == "The disk is full."
        assert not at.running.done()


async def test_where_nobody_shows_icons_it_is_said_once_what_to_do_instead() -> None:
    with tempfile.TemporaryDirectory(prefix="sdc") as name:
        run = Path(name) / "run"
        async with session_bus(Path(name)) as bus, notification_service(bus) as said, scripted_daemon(run):
            backend = SniBackend(bus, host_patience_s=0.05)
            hostless = Tray(backend, lambda: AsyncControlClient(run), pace=QUICK)
            task = asyncio.create_task(hostless.run())
            assert await said.next() == NO_HOST
            async with tray_host(bus) as host:  # and the panel that comes after all is used
                await host.menu_when(lambda menu: "Connected." in menu)
            hostless.quit()
            async with asyncio.timeout(DEADLINE_S):
                await task
            assert said.unread() == 0
