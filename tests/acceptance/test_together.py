"""Editing together in the studio: in Chromium and Firefox at once, and with a client that we did not write, over lines that are cut."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.test_accessible_pages import faults_of
from tests.support.between import Between, page
from tests.support.browser import PHONE, WIDE, Watched, running_browsers
from tests.support.crdt import made_library
from tests.support.deadlines import HANG_S
from tests.support.editors import Editor
from tests.support.node import installed
from tests.support.relay import RelayClient, RelayProcess

KICK, SNARE, CLAP = range(3)
SOUNDS = ("drum-kick", "drum-snare", "drum-clap")
PATTERN: dict[str, Any] = {
    "kind": "pattern",
    "name": "Tumbao",
    "bpm": 100,
    "beats": 4,
    "rows": [{"sound": sound, "steps": [0.0] * 16, "notes": []} for sound in SOUNDS],
}
AWAY = page("503 Service Unavailable", "{}")
WITHOUT_LIBRARY = """document.addEventListener("readystatechange", () => {
  delete document.querySelector("[data-studio]")?.dataset.crdt;
})"""
HERE, LOST = "[data-together=here]", "[data-together=away]"


@pytest.fixture(scope="module")
def browsers(relay: RelayProcess) -> Iterator[list[Browser]]:
    with running_browsers("chromium", "firefox") as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def library() -> None:
    """Before the relay looks for it."""
    made_library()


@contextmanager
def line_to(relay: RelayProcess) -> Iterator[tuple[str, Between]]:
    """An address of the relay whose connections can be cut."""
    with Between(int(relay.url.rpartition(":")[2])) as line:
        yield f"http://127.0.0.1:{line.port}", line


class Stranger(Editor):
    """Connected in a thread of its own, for playwright has this one."""

    @contextmanager
    def here(self) -> Iterator[None]:
        ready, leaving = threading.Event(), asyncio.Event()
        self._loop = asyncio.new_event_loop()

        async def live() -> None:
            async with self.connected():
                ready.set()
                await leaving.wait()

        thread = threading.Thread(target=self._loop.run_until_complete, args=(live(),))
        thread.start()
        try:
            assert ready.wait(HANG_S)
            yield
        finally:
            self._loop.call_soon_threadsafe(leaving.set)
            thread.join(HANG_S)
            self._loop.close()

    def put(self, path: tuple[str, ...], value: object) -> None:
        """Between what comes in."""

        async def write() -> None:
            at = self.score
            for name in path[:-1]:
                at = at[name]
            at[path[-1]] = value

        asyncio.run_coroutine_threadsafe(write(), self._loop).result(HANG_S)

    def row(self, sound: str) -> str:
        """Its name in the document."""
        return next(name for name, row in self.tree()["rows"].items() if row["sound"] == sound)


def strike(page: Page, row: int, step: int) -> None:
    page.locator(f"[data-key='{row * 1024 + step}']").click()


def are_on(page: Page, *cells: tuple[int, int]) -> None:
    """Only these, in the end."""
    for row, step in cells:
        expect(page.locator(f".cell.on[data-key='{row * 1024 + step}']")).to_have_count(1)
    expect(page.locator(".cell.on")).to_have_count(len(cells))


def say(page: Page, words: str) -> None:
    page.locator("[name=words]").fill(words)
    page.locator("[name=words]").press("Enter")


def made_link(page: Page, url: str, creation_id: str, editors: str = "accounts") -> str:
    """As its owner makes one that lets others edit: its token."""
    page.goto(f"{url}/creations/{creation_id}/links")
    page.locator("[name=editors]").select_option(editors)
    page.locator("form button.follow").click()
    return str(page.locator("[data-copied-from]").input_value()).partition("/loop/")[2]


def test_two_browsers_and_a_stranger_have_the_same_over_lines_that_are_cut(
    relay: RelayProcess, mira: RelayClient, browsers: list[Browser]
) -> None:
    made = str(mira.http.post("/creations", json={"score": PATTERN}).raise_for_status().json()["id"])
    cleo = RelayClient(relay.url)
    cleo.sign_in("cleo.d")
    with line_to(relay) as (first_url, first_line), line_to(relay) as (second_url, second_line):
        first, second = (Watched(browser, WIDE) for browser in browsers)
        first.sign_in(first_url, "mira.k")
        second.sign_in(second_url, "ben.h")
        hers, his = first.page, second.page
        link = made_link(hers, first_url, made)
        hers.goto(f"{first_url}/studio?open={made}")
        his.goto(f"{second_url}/loop/{link}")
        his.get_by_role("link", name="Edit it together").click()
        for each in (hers, his):
            each.wait_for_selector(HERE)
        third = Stranger(cleo, made, link)
        with third.here():
            _edit_at_once(hers, his, third)
            _talk_and_see_each_other(hers, his)
            _edit_apart(hers, his, third, [first_line, second_line])
            his.reload()
            his.wait_for_selector(HERE)
            are_on(his, (KICK, 0), (KICK, 4), (SNARE, 4), (CLAP, 12), (CLAP, 14))
            expect(his.locator("[data-undo]")).to_be_disabled()
            hers.locator("[data-undo]").click()
            are_on(his, (KICK, 0), (SNARE, 4), (CLAP, 12), (CLAP, 14))
        for each in (first, second):
            each.close()
            assert [what for what in each.complaints if not _is_of_a_cut(what)] == []
    cleo.close()
    _is_saved(mira, made, [[0], [4], [12, 14]])


def _edit_at_once(hers: Page, his: Page, third: Stranger) -> None:
    strike(hers, KICK, 0)
    strike(his, SNARE, 4)
    third.put(("rows", third.row(SOUNDS[CLAP]), "steps", "12"), 0.8)
    for each in (hers, his):
        are_on(each, (KICK, 0), (SNARE, 4), (CLAP, 12))


def _talk_and_see_each_other(hers: Page, his: Page) -> None:
    """By a flag with letters, by name in the list and to who hears the page."""
    his_cell = hers.locator(f"[data-key='{SNARE * 1024 + 4}']")
    expect(his_cell.locator(".peer")).to_have_text("B")
    expect(his_cell).to_have_attribute("aria-label", "Snare, bar 1 beat 2, on, 80 %, ben.h here")
    expect(hers.locator("[data-editors]")).to_contain_text("ben.hSnare, bar 1 beat 2")
    say(his, "Shall <b>the clap</b> come later?")
    expect(hers.locator("[data-chat] li")).to_have_text("ben.h Shall <b>the clap</b> come later?")
    say(hers, "On the four.")
    expect(his.locator("[data-chat] li")).to_have_text(
        ["You Shall <b>the clap</b> come later?", "mira.k On the four."]
    )


def _edit_apart(hers: Page, his: Page, third: Stranger, lines: list[Between]) -> None:
    for line in lines:
        line.become(AWAY)
    for each in (hers, his):
        each.wait_for_selector(LOST)
        expect(each.locator("[data-kept]")).to_contain_text("the others have it when the line is back")
        expect(each.locator(".peer")).to_have_count(0)
    strike(hers, KICK, 4)
    strike(his, CLAP, 14)
    third.put(("bpm",), 96)
    are_on(hers, (KICK, 0), (KICK, 4), (SNARE, 4), (CLAP, 12))
    for line in lines:
        line.become(None)
    for each in (hers, his):
        each.wait_for_selector(HERE)
        are_on(each, (KICK, 0), (KICK, 4), (SNARE, 4), (CLAP, 12), (CLAP, 14))
        expect(each.locator("[data-field=bpm]")).to_have_value("96")


def _is_of_a_cut(complaint: str) -> bool:
    """A line that was cut, as a browser says it."""
    return "WebSocket" in complaint or "503" in complaint or "/ws?ticket" in complaint


def _is_saved(client: RelayClient, creation_id: str, rows: list[list[int]]) -> None:
    """In the end, as a version."""
    deadline = time.monotonic() + HANG_S
    while True:
        found = client.http.get(f"/creations/{creation_id}").raise_for_status().json()
        steps = [row["steps"] for row in found["score"]["rows"]]
        if [[at for at, velocity in enumerate(row) if velocity] for row in steps] == rows:
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    assert found["version"] > 1 and found["score"]["bpm"] == 96


def test_what_is_refused_is_said_and_one_goes_on_with_a_copy(
    relay: RelayProcess, mira: RelayClient, browsers: list[Browser]
) -> None:
    """Its link ends while one is there; it is opened again; and a build has no library."""
    made = str(mira.http.post("/creations", json={"score": PATTERN}).raise_for_status().json()["id"])
    link = mira.http.post(f"/creations/{made}/links", json={"may_edit": True}).raise_for_status().json()
    address = f"{relay.url}/studio?open={made}&link={link['url'].partition('/loop/')[2]}"
    watched = Watched(browsers[0], PHONE)
    opened = watched.page
    opened.goto(address)
    expect(opened.locator("[data-told]")).to_have_text("It did not come: Sign in, and open the link again.")
    watched.sign_in(relay.url, "ben.h")
    without = watched.context.new_page()
    without.add_init_script(WITHOUT_LIBRARY)
    without.goto(address)
    expect(without.locator("[data-told]")).to_have_text(
        "It did not come: Editing together is not in this build of the relay."
    )
    without.close()
    opened.goto(address)
    opened.wait_for_selector(HERE)
    opened.evaluate((Path(installed("axe")) / "node_modules/axe-core/axe.min.js").read_text() + "; null")
    assert [fault for fault in faults_of(opened, "") if not fault.endswith(" bytes")] == []
    opened.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    mira.http.delete(f"/creations/{made}/links/{link['id']}").raise_for_status()
    expect(opened.locator("[data-together-said]")).to_have_text("You may no longer do here what you could.")
    strike(opened, KICK, 0)
    expect(opened.locator("[data-told]")).to_have_text("You may no longer do here what you could.")
    opened.get_by_role("button", name="Go on with a copy").click()
    expect(opened.locator("[data-field=name]")).to_have_value("Tumbao (2)")
    strike(opened, KICK, 0)
    expect(opened.locator(".cell.on")).to_have_count(1)
    expect(opened.locator("[data-together]")).to_be_hidden()
    opened.goto(address)
    expect(opened.locator("[data-together-said]")).to_contain_text("has expired, or was ended")
    assert watched.complaints == []
    watched.close()


def test_somebody_without_an_account_edits_with_its_owner_until_the_link_ends(
    relay: RelayProcess, mira: RelayClient, browsers: list[Browser]
) -> None:
    """By a press, as a guest, seen and heard under that name; also after a reload."""
    made = str(mira.http.post("/creations", json={"score": PATTERN}).raise_for_status().json()["id"])
    first, second = Watched(browsers[0], WIDE), Watched(browsers[0], PHONE)
    first.sign_in(relay.url, "mira.k")
    hers, its = first.page, second.page
    link = made_link(hers, relay.url, made, "anybody")
    hers.goto(f"{relay.url}/studio?open={made}")
    its.goto(f"{relay.url}/loop/{link}")
    its.get_by_role("button", name="Edit it together").click()
    for each in (hers, its):
        each.wait_for_selector(HERE)
    strike(its, KICK, 0)
    strike(hers, CLAP, 8)
    expect(hers.locator("[data-editors]")).to_contain_text("guest-")
    its.locator("[data-chat-box] summary").click()
    say(its, "May I?")
    expect(hers.locator("[data-chat] li")).to_contain_text("May I?")
    its.reload()
    its.wait_for_selector(HERE)
    for each in (hers, its):
        are_on(each, (KICK, 0), (CLAP, 8))
    (listed,) = mira.http.get(f"/creations/{made}/links").json()["links"]
    mira.http.delete(f"/creations/{made}/links/{listed['id']}").raise_for_status()
    expect(its.locator("[data-together-said]")).to_have_text("You may no longer do here what you could.")
    for watched in (first, second):
        watched.close()
        assert watched.complaints == []
