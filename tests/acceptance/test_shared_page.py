"""A share link opened by somebody who is not signed in: it is counted once, and a fork of it is theirs, as a guest's. Whoever signs in takes all over."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.test_studio import begin, opened, ready
from tests.acceptance.test_widget import LOOP
from tests.support.browser import PHONE, WIDE, Watched, running_browser
from tests.support.relay import RelayClient, RelayProcess

AS_GUEST = "Kept on the relay as a guest, until"
OFFER = "What you made here as a guest is not in your account yet."


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest, relay: RelayProcess, mira: RelayClient) -> Iterator[Browser]:
    """(After all that needs the thread's loop.)"""
    with running_browser(request.param) as running:
        yield running


def shared(relay: RelayProcess, by: RelayClient, score: dict[str, Any], visibility: str) -> tuple[str, str]:
    """The id of a new creation, and a link to it."""
    made = by.http.post("/creations", json={"score": score, "visibility": visibility}).json()["id"]
    return made, by.http.post(f"/creations/{made}/links", json={"days": 7}).json()["url"]


def fork(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("[data-fork]").click()
    ready(page)


def mine(page: Page, relay: RelayProcess, kind: str) -> list[Any]:  # any: JSON
    """Of whoever is signed in there."""
    found: list[Any] = page.request.get(f"{relay.url}/api/v1/creations?kind={kind}").json()["creations"]
    return found


def test_a_stranger_looks_and_goes_on_from_it(
    relay: RelayProcess, mira: RelayClient, browser: Browser
) -> None:
    loop, url = shared(relay, mira, LOOP, "public")
    watched = Watched(browser, PHONE)
    page = watched.page
    with page.expect_response("**/view"):
        page.goto(url)
    page.reload()
    fork(page, url)
    expect(page.locator("[data-field=name]")).to_have_value(LOOP["name"])
    expect(page.locator("[data-field=bpm]")).to_have_value("120")
    expect(page.locator(".cell.on")).to_have_count(4)
    expect(page.locator("[data-kept]")).to_contain_text(AS_GUEST)
    expect(page.locator("[data-lineage]")).to_have_text(f"Forked from {LOOP['name']} by mira.k.")
    watched.close()
    assert watched.complaints == []
    told = mira.http.get(f"/creations/{loop}").json()
    assert told["view_count"] == 1, "a browser counts once a day"
    assert told["fork_count"] == 1


def test_all_that_a_guest_has_is_in_the_account_of_whoever_signs_in(
    relay: RelayProcess, mira: RelayClient, browser: Browser
) -> None:
    """A song from a link, whose loop only its maker may see; a loop of one's own; both move at once, and are edited on."""
    loop, _ = shared(relay, mira, LOOP, "private")
    block = {"id": "a", "loop": loop, "start": 0, "bars": 2}
    song, url = shared(
        relay, mira, {"kind": "song", "name": "Set", "bpm": 110, "blocks": [block]}, "unlisted"
    )
    watched = Watched(browser, WIDE)
    page = watched.page
    fork(page, url)
    expect(page.locator(".block")).to_have_text(LOOP["name"])
    assert mira.http.get(f"/creations/{song}").json()["fork_count"] == 1
    begin(page, "broken")
    page.locator("[data-do=account]").click()
    expect(page.locator("[data-kept]")).to_contain_text(AS_GUEST)
    expect(page.locator("[data-sign-in]")).to_have_attribute("href", "/sign-in?next=/studio%3Ftake-over")

    name = f"keeper.{browser.browser_type.name}"
    watched.sign_in(relay.url, name)
    opened(page, relay)
    expect(page.locator("[data-guest-said]")).to_have_text(OFFER)
    assert mine(page, relay, "song") == [], "it is asked for, and not done by itself"
    page.goto(f"{relay.url}/studio?take-over")
    expect(page.locator("[data-guest-said]")).to_have_text(
        "3 works that you made as a guest are in your account now."
    )
    expect(page.locator("[data-take-over]")).to_be_hidden()
    expect(page.locator("[data-kept]")).to_have_text("Kept in your account")
    assert [each["title"] for each in mine(page, relay, "song")] == ["Set"]
    assert {each["title"] for each in mine(page, relay, "loop")} == {"Late bus", LOOP["name"]}
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.locator("[data-field=name]").fill("Later bus")
        page.keyboard.press("Tab")
    page.reload()
    ready(page)
    expect(page.locator("[data-guest]")).to_be_hidden()
    expect(page.locator("[data-kept]")).to_have_text("Kept in your account")
    assert {each["title"] for each in mine(page, relay, "loop")} == {"Later bus", LOOP["name"]}
    watched.close()
    assert watched.complaints == []


def test_a_guest_whose_time_is_over_loses_nothing_of_its_browser(
    relay: RelayProcess, mira: RelayClient, browser: Browser
) -> None:
    """As a relay answers that let the guest go, or gave all of it to another account."""
    _, url = shared(relay, mira, LOOP, "public")
    watched = Watched(browser, WIDE)
    page = watched.page
    fork(page, url)
    token = page.evaluate("JSON.parse(localStorage.getItem('studio-guest')).token")
    with closing(RelayClient(relay.url)) as other:
        other.sign_in(f"other-{browser.browser_type.name}")
        other.http.post("/users/me/take-over", json={"token": token}).raise_for_status()
    page.reload()
    ready(page)
    expect(page.locator("[data-guest-said]")).to_contain_text("not on the relay any more")
    expect(page.locator("[data-kept]")).to_have_text("Kept in this browser")
    expect(page.locator(".cell.on")).to_have_count(4)
    fork(page, url)
    expect(page.locator("[data-kept]")).to_contain_text(AS_GUEST)
    watched.close()


def test_a_guest_shows_its_work_by_a_link_and_takes_that_back(
    relay: RelayProcess, mira: RelayClient, browser: Browser
) -> None:
    _, url = shared(relay, mira, LOOP, "public")
    watched = Watched(browser, PHONE)
    page = watched.page
    page.goto(f"{relay.url}/links")
    expect(page.locator("[data-said]")).to_have_text("Nobody works here as a guest, and nobody is signed in.")
    fork(page, url)
    page.get_by_role("link", name="Share", exact=True).click()
    expect(page.locator("[data-title]")).to_have_text(LOOP["name"])
    expect(page.locator("[data-said]")).to_contain_text("There is none that works now.")
    page.locator("[name=editors]").select_option("anybody")
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("[data-links] li")).to_contain_text("whoever has it, also without an account")
    made = page.locator("[data-fresh-link]").input_value()
    assert page.request.get(made).ok
    page.get_by_role("button", name=f"End it: the link to {LOOP['name']}").click()
    expect(page.locator("[data-links] li")).to_have_count(0)
    assert page.request.get(made).status == 410
    watched.close()
    assert [what for what in watched.complaints if "410" not in what] == []
