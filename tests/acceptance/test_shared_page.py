"""A share link opened by somebody who is not signed in: it is counted once, and a fork of it is theirs, in this browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.test_widget import LOOP
from tests.support.browser import PHONE, Watched, running_browser
from tests.support.relay import RelayClient, RelayProcess


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest, relay: RelayProcess, mira: RelayClient) -> Iterator[Browser]:
    """(After all that needs the thread's loop.)"""
    with running_browser(request.param) as running:
        yield running


def test_a_stranger_looks_and_goes_on_from_it(
    relay: RelayProcess, mira: RelayClient, browser: Browser
) -> None:
    loop = mira.http.post("/creations", json={"score": LOOP}).json()["id"]
    link = mira.http.post(f"{relay.url}/api/loops/{loop}/share", json={"expiresIn": 7}).json()
    watched = Watched(browser, PHONE)
    page = watched.page
    with page.expect_response("**/view"):
        page.goto(link["shareUrl"])
    page.reload()
    page.locator("[data-fork]").click()
    page.wait_for_selector("[data-desk]:not([hidden])")
    expect(page.locator("[data-field=name]")).to_have_value(LOOP["name"])
    expect(page.locator("[data-field=bpm]")).to_have_value("120")
    expect(page.locator(".cell.on")).to_have_count(4)
    watched.close()
    assert watched.complaints == []
    assert mira.http.get(f"/creations/{loop}").json()["view_count"] == 1, "a browser counts once a day"
