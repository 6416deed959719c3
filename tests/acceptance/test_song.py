"""A song in the studio, in Chromium and Firefox: loops placed, repeated, moved and heard; kept, also in the account; and a work in two tabs."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.test_studio import KEPT, begin, opened, ready
from tests.support.browser import WIDE, Watched, running_browser
from tests.support.relay import RelayProcess

BOTH = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, relay: RelayProcess) -> Iterator[Browser]:
    with running_browser(request.param) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, relay: RelayProcess) -> Iterator[Watched]:
    """Signed in, with two loops and a song that is open."""
    made = Watched(browser, WIDE)
    made.sign_in(relay.url, f"song.{browser.browser_type.name}")
    opened(made.page, relay)
    begin(made.page, "broken")
    begin(made.page, "song")
    yield made
    made.close()
    assert made.complaints == []


def blocks(page: Page) -> list[tuple[int, int]]:
    """Start and bars of each, as the browser keeps them."""
    page.wait_for_selector("[data-kept=kept]")
    body = page.evaluate(KEPT)[0]["body"]
    return [(block["start"], block["bars"]) for block in body["blocks"]]


def add(page: Page, loop: str) -> None:
    page.locator("[data-add-loop]").select_option(label=f"{loop}, 4 bars")


@BOTH
def test_loops_are_placed_moved_repeated_and_undone(watched: Watched) -> None:
    page = watched.page
    expect(page.locator("[data-song-hint]")).to_be_visible()
    add(page, "First loop")
    add(page, "Late bus")
    assert blocks(page) == [(0, 4), (4, 4)], "behind what there is"
    page.keyboard.press("Alt+ArrowLeft")
    page.keyboard.press("Shift+ArrowRight")
    assert blocks(page) == [(0, 4), (3, 5)]
    page.locator("[data-do=repeat]").click()
    assert blocks(page) == [(0, 4), (3, 5), (8, 5)]
    first = page.get_by_role("button", name="First loop, bars 1 to 4")
    box = first.bounding_box()
    assert box is not None
    bar = box["width"] / 4
    page.mouse.move(box["x"] + bar, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 2 * bar, box["y"] + 10, steps=3)
    page.mouse.move(box["x"] + 3 * bar, box["y"] + 10, steps=3)
    page.mouse.up()
    assert blocks(page)[0] == (2, 4)
    page.keyboard.press("Control+z")
    assert blocks(page)[0] == (0, 4), "what was dragged at once is undone at once"
    page.keyboard.press("Delete")
    assert blocks(page) == [(3, 5), (8, 5)]
    page.reload()
    ready(page)
    assert blocks(page) == [(3, 5), (8, 5)]


@BOTH
def test_it_is_heard_and_goes_to_the_account_with_its_loops(watched: Watched, relay: RelayProcess) -> None:
    page = watched.page
    add(page, "Late bus")
    page.locator("[data-play]").click()
    if watched.context.browser and watched.context.browser.browser_type.name == "firefox":
        expect(page.locator("[data-told]")).to_contain_text("No sound comes out")
        page.wait_for_selector("[data-studio][data-state=stopped]")
    else:
        page.wait_for_selector("[data-studio][data-state=playing]")
        page.wait_for_function(
            "() => Number(document.querySelector('[data-song-head]').style.getPropertyValue('--at')) > 0.2"
        )
        page.locator("[data-play]").click()
    page.locator("button[data-account]").click()
    expect(page.locator("[data-kept]")).to_have_text("Kept in your account")

    def there(kind: str) -> Any:  # any: JSON
        return page.request.get(f"{relay.url}/api/v1/creations?kind={kind}").json()["creations"]

    (song,), (loop,) = there("song"), there("loop")
    score = page.request.get(f"{relay.url}/api/v1/creations/{song['id']}").json()["score"]
    assert [block["loop"] for block in score["blocks"]] == [loop["id"]] and loop["title"] == "Late bus"
    expect(page.locator("[data-links]")).to_have_attribute("href", f"/creations/{song['id']}/links")

    elsewhere = Watched(watched.context.browser, WIDE)  # type: ignore[arg-type]  # it is there
    elsewhere.sign_in(relay.url, song["username"])
    elsewhere.page.goto(f"{relay.url}/studio?open={song['id']}")
    ready(elsewhere.page)
    expect(elsewhere.page.locator(".block")).to_have_text("Late bus")
    expect(elsewhere.page.locator("[data-kept]")).to_have_text("Kept in your account")
    elsewhere.close()
    assert elsewhere.complaints == []


@BOTH
def test_a_work_in_two_tabs_is_never_written_over_unseen(watched: Watched, relay: RelayProcess) -> None:
    page = watched.page
    add(page, "Late bus")
    assert blocks(page) == [(0, 4)]
    other = watched.context.new_page()
    opened(other, relay)
    other.locator("[data-do=later]").click()
    expect(page.locator("[data-elsewhere]")).to_be_visible()
    page.locator("[data-do=longer]").click()
    assert blocks(other) == [(1, 4)], "nothing is written before one has chosen"
    page.locator("[data-do=keep-both]").click()
    expect(page.locator("[data-field=name]")).to_have_value("Song (2)")
    expect(page.locator("[data-elsewhere]")).to_be_hidden()
    assert blocks(page) == [(0, 5)]
    other.locator("[data-do=later]").click()
    expect(other.locator("[data-elsewhere]")).to_be_hidden()
    page.locator("[data-menu] summary").click()
    page.locator("[data-open]", has_text="Song").filter(has_not_text="(2)").click()
    other.locator("[data-do=later]").click()
    page.locator("[data-do=take-other]").click()
    expect(page.locator("[data-block-said]")).to_contain_text("bar 4,")
    other.close()
