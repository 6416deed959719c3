"""The tray on a real session bus and a real control socket: a panel reads its menu and clicks in it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dbus_fast import Variant
from msgspec.structs import replace

from bridge import control
from bridge.async_client import AsyncControlClient
from tests.support.dbus import (
    DEADLINE_S,
    MENU,
    Line,
    notification_service,
    session_bus,
    tray_host,
)
from tests.support.scripted_daemon import scripted_daemon
from tests.support.tray_desk import QUICK, STANDS, Desk
from tests.support.tray_values import RELAY, instance, take
from tray.app import Pace, Tray
from tray.backend import AlreadyShown, NoDesktop
from tray.icons import SIZES_PX, argb
from tray.model import Icon
from tray.sni import SniBackend


@pytest.fixture
def folder() -> AsyncIterator[Path]:
    """Short paths: a socket's name has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="sdc") as name:
        yield Path(name)


@pytest.fixture
async def bus(folder: Path) -> AsyncIterator[str]:
    async with session_bus(folder) as address:
        yield address


RunningTray = Callable[[], AbstractAsyncContextManager[asyncio.Task[None]]]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def tray(bus: str, folder: Path, desk: Desk) -> RunningTray:
    """A tray for a block; its task ends when it is quit."""

    @asynccontextmanager
    async def running() -> AsyncIterator[asyncio.Task[None]]:
        one = Tray(SniBackend(bus), lambda: AsyncControlClient(folder / "run"), desk.effects(), QUICK)
        task = asyncio.create_task(one.run())
        try:
            yield task
        finally:
            one.quit()
            async with asyncio.timeout(DEADLINE_S):
                await task

    return running


def newest_take(menu: Line) -> str:
    """Its line, or "" where there is none (yet)."""
    return "".join(line.label for line in menu["Recent takes"].below[:1])


async def test_a_click_on_keep_reaches_the_daemon_and_the_take_is_read_back(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with (
        scripted_daemon(folder / "run", instances=[instance("a1")]) as daemon,
        tray_host(bus) as host,
        tray(),
    ):
        menu = await host.menu_when(lambda menu: "Keep last 8 bars" in menu)
        assert menu.below[0].label == "Connected." and not menu.below[0].enabled
        await host.click(menu["Keep last 8 bars"])
        asked = await daemon.asked(control.KeepTake)
        assert (asked.instance, asked.bars, asked.seconds) == ("a1", 8, None)
        menu = await host.menu_when(lambda menu: "Recent takes" in menu and menu["Recent takes"].below)
        assert menu["Recent takes"].below[0].label == "Night loop · 8 bars · 128 BPM · kept"


async def test_a_post_is_undone_by_one_click_while_the_seconds_are_counted(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    held = take("t1", entry_state="held", held_s=9.0)
    async with scripted_daemon(folder / "run", recent=[held]) as daemon, tray_host(bus) as host, tray():
        await host.menu_when(lambda menu: "Undo: do not post Night loop (9 s left)" in menu)
        daemon.status = msgspec.structs.replace(
            daemon.status, recent=[take("t1", entry_state="held", held_s=4.0)]
        )
        menu = await host.menu_when(lambda menu: "Undo: do not post Night loop (4 s left)" in menu)
        await host.click(menu["Undo: do not post Night loop (4 s left)"])
        assert (await daemon.asked(control.UndoPost)).entry_id == "t1"


async def test_with_several_plugins_each_has_its_four_lengths(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    both = [instance("a1", track_name="Bass"), instance("b2", track_name="Keys")]
    async with scripted_daemon(folder / "run", instances=both) as daemon, tray_host(bus) as host, tray():
        menu = await host.menu_when(lambda menu: "Keep from Keys" in menu)
        await host.click(menu["Keep from Keys"]["Last 16 bars"])
        asked = await daemon.asked(control.KeepTake)
        assert (asked.instance, asked.bars) == ("b2", 16)


async def test_post_and_open_the_page_of_a_take(
    bus: str, folder: Path, tray: RunningTray, desk: Desk
) -> None:
    page = f"{RELAY}/p/1"
    recent = [take("t1"), take("t2", title="Out", entry_state="accepted", post_url=page)]
    async with scripted_daemon(folder / "run", recent=recent) as daemon, tray_host(bus) as host, tray():
        menu = await host.menu_when(lambda menu: "Recent takes" in menu)
        await host.click(menu["Recent takes"]["Night loop"]["Post"])
        assert (await daemon.asked(control.PostTake)).take_id == "t1"
        await host.click(menu["Recent takes"]["Out"]["Open the post's page"])
        async with asyncio.timeout(DEADLINE_S):
            assert await desk.opened.get() == page


async def test_icon_and_tooltip_follow_the_state_and_signals_come_only_on_change(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with scripted_daemon(folder / "run") as daemon, tray_host(bus) as host, tray():
        await host.menu_when(lambda menu: "Connected." in menu)
        assert await host.property("IconPixmap") == [(s, s, argb(Icon.CONNECTED, s)) for s in SIZES_PX]
        assert await host.property("Status") == "Active"
        host.signals.clear()
        daemon.change(uptime_s=99.0)  # nothing of this is shown
        await daemon.asked(control.GetStatus)
        daemon.change(state="problem", sentence="The disk is full.")
        await host.menu_when(lambda menu: "The disk is full." in menu and "Problems (1)" in menu)
        assert await host.property("IconPixmap") == [(s, s, argb(Icon.PROBLEM, s)) for s in SIZES_PX]
        assert (await host.property("ToolTip"))[3] == "The disk is full."
        assert await host.property("Status") == "NeedsAttention"
        assert sorted(host.signals) == [
            "ItemsPropertiesUpdated",
            "LayoutUpdated",
            "NewIcon",
            "NewStatus",
            "NewToolTip",
        ]


async def test_line_numbers_stay_through_updates_so_an_open_menu_can_still_be_clicked(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with (
        scripted_daemon(folder / "run", instances=[instance("a1")]) as daemon,
        tray_host(bus) as host,
        tray(),
    ):
        opened = await host.menu_when(lambda menu: "Keep last 8 bars" in menu)
        daemon.change(friends_producing=2, recent=[take("t1")])
        await host.menu_when(lambda menu: "2 friends" in menu)
        await host.event(opened["Keep last 8 bars"].number, "clicked")
        await daemon.asked(control.KeepTake)


async def test_progress_changes_a_label_and_not_the_layout(bus: str, folder: Path, tray: RunningTray) -> None:
    recent = [take("t1", entry_state="uploading")]
    async with scripted_daemon(folder / "run", recent=recent) as daemon, tray_host(bus) as host, tray():
        await host.menu_when(lambda menu: "Recent takes" in menu)
        host.signals.clear()
        daemon.publish(control.Progress(take_id="t1", stage="upload", fraction=0.4))
        await host.menu_when(lambda menu: newest_take(menu).endswith("uploading 40%"))
        assert host.signals == ["ItemsPropertiesUpdated"]


async def test_the_whole_menu_interface_answers(bus: str, folder: Path, tray: RunningTray) -> None:
    async with scripted_daemon(folder / "run", recent=[take("t1")]) as daemon, tray_host(bus) as host, tray():
        menu = await host.menu_when(lambda menu: "Recent takes" in menu)
        recent, stop = menu["Recent takes"].number, menu["Stop Sidechain"].number

        async def ask(member: str, signature: str, *body: object) -> list[Any]:
            return await host.call("/MenuBar", MENU, member, signature, *body)

        ((group,),) = [(await ask("GetGroupProperties", "aias", [recent], ["label"]))[0]]
        assert (group[0], group[1]["label"].value) == (recent, "Recent takes")
        assert (await ask("GetProperty", "is", recent, "label"))[0].value == "Recent takes"
        assert await ask("AboutToShow", "i", recent) == [False]
        assert await ask("AboutToShowGroup", "ai", [recent, 9999]) == [[], [9999]]
        assert await ask(
            "EventGroup", "a(isvu)", [[stop, "hovered", _nothing(), 0], [9999, "clicked", _nothing(), 0]]
        ) == [[9999]]
        for member, signature, body in (
            ("GetProperty", "is", (9999, "label")),
            ("GetLayout", "iias", (9999, -1, [])),
            ("Event", "isvu", (9999, "clicked", _nothing(), 0)),
            ("AboutToShow", "i", (9999,)),
        ):
            with pytest.raises(AssertionError, match="UnknownId"):
                await ask(member, signature, *body)
        await ask("EventGroup", "a(isvu)", [[stop, "clicked", _nothing(), 0]])
        await daemon.asked(control.Shutdown)


def _nothing() -> Variant:
    return Variant("i", 0)


async def test_the_item_registers_again_with_every_new_watcher(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with scripted_daemon(folder / "run"), tray():
        names = []
        for _ in range(3):  # before the first one the tray waits without any
            async with tray_host(bus) as host:
                names.append(await host.item())
                await host.menu_when(lambda menu: "Connected." in menu)
        assert len(set(names)) == 1


async def test_the_tray_outlives_the_daemon_and_follows_the_next_one(
    bus: str, folder: Path, tray: RunningTray, desk: Desk
) -> None:
    async with tray_host(bus) as host, tray():
        menu = await host.menu_when(lambda menu: "Sidechain is not running." in menu)
        await host.click(menu["Start Sidechain"])
        async with asyncio.timeout(DEADLINE_S):
            await desk.started.wait()
        async with scripted_daemon(folder / "run", pid=1):
            await host.menu_when(lambda menu: "Connected." in menu and "Stop Sidechain" in menu)
        await host.menu_when(lambda menu: "Sidechain is not running." in menu and "Stop" not in menu)
        async with scripted_daemon(folder / "run", pid=2) as daemon:
            await host.menu_when(lambda menu: "Connected." in menu)
            daemon.change(sentence="Still here.")  # heard only by those who subscribed anew
            await host.menu_when(lambda menu: "Still here." in menu)


async def test_kept_and_problem_are_said_once_and_an_upload_never(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with (
        notification_service(bus) as said,
        scripted_daemon(folder / "run", instances=[STANDS], recent=[]) as daemon,
        tray_host(bus) as host,
        tray(),
    ):
        menu = await host.menu_when(lambda menu: "Keep last 8 bars" in menu)
        await host.click(menu["Keep last 8 bars"])
        assert await said.next() == "Kept 8 bars as “Night loop”."
        posted = take("t1", entry_state="accepted", post_url=f"{RELAY}/p/1")
        daemon.publish(control.TakeChanged(take=posted))
        daemon.change(recent=[posted])  # that it has arrived is no news
        await host.menu_when(lambda menu: newest_take(menu).endswith("posted"))
        daemon.change(state="problem", sentence="The disk is full.")
        assert await said.next() == "The disk is full."
        await host.menu_when(lambda menu: "Problems (1)" in menu)
        assert said.unread() == 0


async def test_all_tracks_are_kept_by_one_click_and_said_once(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    both = [replace(STANDS, track_name="Bass"), instance("b2", track_name="Keys", playing=False)]
    async with (
        notification_service(bus) as said,
        scripted_daemon(folder / "run", instances=both, recent=[]) as daemon,
        tray_host(bus) as host,
        tray(),
    ):
        menu = await host.menu_when(lambda menu: "Keep last 8 bars of all tracks" in menu)
        await host.click(menu["Keep last 8 bars of all tracks"])
        assert (await daemon.asked(control.KeepAll)).bars == 8
        assert (
            await said.next() == "Kept 8 bars of all tracks that sounded: “Night loop” and those beside it."
        )
        await host.menu_when(lambda menu: "Recent takes" in menu and len(menu["Recent takes"].below) == 2)
        daemon.change(state="problem", sentence="The disk is full.")
        assert await said.next() == "The disk is full.", "and nothing of the other takes"


async def test_a_refusal_is_said_with_what_to_do_next(bus: str, folder: Path, tray: RunningTray) -> None:
    async with (
        notification_service(bus) as said,
        scripted_daemon(folder / "run", instances=[instance("a1")], account=None) as daemon,
        tray_host(bus) as host,
        tray(),
    ):
        daemon.refusal = control.Failed(
            code="nothing", message="Nothing was played.", next_step="Press play."
        )
        menu = await host.menu_when(lambda menu: "Keep last 8 bars" in menu)
        await host.click(menu["Keep last 8 bars"])
        assert await said.next() == "Nothing was played. Press play."


async def test_a_claim_is_begun_followed_and_told(
    bus: str, folder: Path, tray: RunningTray, desk: Desk
) -> None:
    page, device_page = f"{RELAY}/oauth/authorize?x=1", f"{RELAY}/device"
    async with (
        notification_service(bus) as said,
        scripted_daemon(folder / "run", account=None) as daemon,
        tray_host(bus) as host,
        tray(),
    ):
        daemon.claim = control.ClaimState(state="waiting", authorize_url=page)
        menu = await host.menu_when(lambda menu: "Join this device" in menu)
        await host.click(menu["Join this device"])
        assert await desk.opened.get() == page
        menu = await host.menu_when(lambda menu: "Joining an account" in menu)
        await host.click(menu["Joining an account"]["No browser has opened"])
        await daemon.asked(control.WantCode)
        daemon.claim = msgspec.structs.replace(
            daemon.claim, user_code="WDJB-MJHT", verification_uri=device_page
        )
        daemon.change()
        assert await said.next() == f"Open {device_page} in any browser, and type WDJB-MJHT."
        menu = await host.menu_when(lambda menu: "Type WDJB-MJHT" in str(menu))
        daemon.claim = control.ClaimState(state="claimed", account="ada", device_id="d")
        daemon.change(account="ada")
        assert (await said.next()).startswith("This device now belongs to ada.")
        await host.menu_when(lambda menu: "Posting as ada" in menu)


async def test_where_no_browser_opens_the_code_is_asked_for(
    bus: str, folder: Path, tray: RunningTray, desk: Desk
) -> None:
    desk.broken = True
    async with scripted_daemon(folder / "run", account=None) as daemon, tray_host(bus) as host, tray():
        daemon.claim = control.ClaimState(state="waiting", authorize_url=f"{RELAY}/oauth/authorize?x=1")
        menu = await host.menu_when(lambda menu: "Join this device" in menu)
        await host.click(menu["Join this device"])
        await daemon.asked(control.WantCode)
        menu = await host.menu_when(lambda menu: "Joining an account" in menu)
        await host.click(menu["Joining an account"]["Cancel"])
        await daemon.asked(control.CancelClaim)


async def test_without_a_notification_service_nothing_else_is_lost(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with (
        scripted_daemon(folder / "run", instances=[instance("a1")]) as daemon,
        tray_host(bus) as host,
        tray() as task,
    ):
        menu = await host.menu_when(lambda menu: "Keep last 8 bars" in menu)
        for kept in (1, 2):
            await host.click(menu["Keep last 8 bars"])
            await daemon.asked(control.KeepTake)
            await host.menu_when(lambda menu, kept=kept: len(menu["Recent takes"].below) == kept)
        assert not task.done()


async def test_a_second_click_while_the_first_is_under_way_makes_no_second_take(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with (
        scripted_daemon(folder / "run", instances=[instance("a1")]) as daemon,
        tray_host(bus) as host,
        tray(),
    ):
        menu = await host.menu_when(lambda menu: "Keep last 8 bars" in menu)
        daemon.may_keep.clear()
        for _ in range(3):
            await host.click(menu["Keep last 8 bars"])
        daemon.may_keep.set()
        await host.menu_when(lambda menu: len(menu["Recent takes"].below) == 1)
        assert daemon.seen.count(control.KeepTake) == 1
        await host.click(menu["Keep last 8 bars"])  # a new click is a new Take
        await host.menu_when(lambda menu: len(menu["Recent takes"].below) == 2)


async def test_quit_ends_the_tray_and_asks_nothing_of_the_daemon(
    bus: str, folder: Path, tray: RunningTray
) -> None:
    async with scripted_daemon(folder / "run") as daemon, tray_host(bus) as host, tray() as task:
        menu = await host.menu_when(lambda menu: "Quit tray (Sidechain keeps running)" in menu)
        await host.click(menu["Quit tray"])
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.wait([task])
        assert control.Shutdown not in daemon.seen


async def test_a_second_tray_of_a_session_is_refused(bus: str, folder: Path, tray: RunningTray) -> None:
    async with scripted_daemon(folder / "run"), tray_host(bus) as host, tray():
        await host.item()
        with pytest.raises(AlreadyShown):
            await Tray(SniBackend(bus), lambda: AsyncControlClient(folder / "run")).run()


async def test_the_end_of_the_session_ends_the_tray(folder: Path, desk: Desk) -> None:
    async with session_bus(folder) as address:
        one = Tray(SniBackend(address), lambda: AsyncControlClient(folder / "run"), desk.effects(), QUICK)
        async with tray_host(address) as host:
            task = asyncio.create_task(one.run())
            await host.item()
    async with asyncio.timeout(DEADLINE_S):
        await task


async def test_without_a_bus_the_tray_says_so(folder: Path) -> None:
    backend = SniBackend(f"unix:path={folder}/nobody")
    with pytest.raises(NoDesktop, match="no session bus"):
        await Tray(backend, lambda: AsyncControlClient(folder / "run")).run()


async def test_without_a_home_to_look_for_the_bus_in_the_tray_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NoDesktop, match="no session bus"):
        await Tray(SniBackend(), lambda: AsyncControlClient(folder / "run")).run()


async def test_a_burst_of_events_becomes_few_updates_and_the_last_one_counts(bus: str, folder: Path) -> None:
    recent = [take("t1", entry_state="uploading")]
    slow = Tray(SniBackend(bus), lambda: AsyncControlClient(folder / "run"), pace=Pace(update_s=0.2))
    async with scripted_daemon(folder / "run", recent=recent) as daemon, tray_host(bus) as host:
        task = asyncio.create_task(slow.run())
        await host.menu_when(lambda menu: "Recent takes" in menu)
        host.signals.clear()
        for percent in range(100):
            daemon.publish(control.Progress(take_id="t1", stage="upload", fraction=percent / 100))
        await host.menu_when(lambda menu: newest_take(menu).endswith("uploading 99%"))
        assert 1 <= len(host.signals) <= 10
        slow.quit()
        async with asyncio.timeout(DEADLINE_S):
            await task
