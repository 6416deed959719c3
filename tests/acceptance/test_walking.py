"""What plays stays while one walks through the pages, in Chromium and in Firefox: by links, back again, by the bar and the space bar."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route

from tests.support.browser import NARROW, WIDE, Watched, running_browser
from tests.support.loops import loop_flac, short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

FLOWED_S = 0.2
LIMIT_MS = 60_000
NAMES = ("First", "Second", "Third")
CLOCK = """
Object.defineProperty(AudioContext.prototype, "currentTime", { get: () => performance.now() / 1000 });
AudioContext.prototype.resume = () => Promise.resolve();
"""
"""In place of the sound device that Firefox does not find on a machine without one; Chromium needs none."""


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with running_browser(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[RelayProcess]:
    """One for each browser: what is posted on the way stands on top from then on."""
    assert browser.is_connected()
    with running_relay(tmp_path_factory.mktemp("relay") / "data") as process:
        client = RelayClient(process.url)
        client.sign_in("mira.k")
        for seed, title in enumerate(reversed(NAMES)):
            audio, bars = loop_flac(seed, sample_rate_hz=48_000, bpm=120.0)
            client.post(audio, title=title, bpm=120.0, duration_bars=4, bar_frames=bars, genre=["walk"])
        client.close()
        yield process


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def watched(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Watched]:
    watched = Watched(browser, request.param)
    if browser.browser_type.name == "firefox":
        watched.page.add_init_script(CLOCK)
    yield watched
    watched.close()
    assert watched.complaints == []


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


def position(page: Page) -> float:
    return float(page.evaluate("playing.position()"))


def plays_on(page: Page, since_s: float) -> None:
    page.wait_for_function(
        "(s) => playing?.state === 'playing' && playing.position() > s", arg=since_s, timeout=LIMIT_MS
    )


def test_it_plays_on_while_one_walks_and_the_bar_says_what(relay: RelayProcess, page: Page) -> None:
    page.goto(relay.url)
    assert page.locator(".bar").count() == 0, "nothing plays yet"
    page.locator(".card [data-play]").first.click()
    plays_on(page, FLOWED_S)
    page.evaluate("window.same = true")
    assert page.locator("[data-bar-title]").inner_text() == "First"
    page.locator(".card .title a").nth(1).click()
    page.wait_for_selector("h1:text('Second')")
    assert page.evaluate("window.same"), "the page was changed, not left"
    plays_on(page, position(page))
    assert page.locator(".single [data-player]").get_attribute("data-state") == "idle"
    page.locator("[data-bar-title]").click()
    page.wait_for_selector("h1:text('First')")
    page.wait_for_selector('.single [data-player][data-state="playing"]')
    page.go_back()
    page.wait_for_selector("h1:text('Second')")
    page.go_back()
    page.wait_for_selector(".card")
    page.wait_for_selector('.card [data-player][data-state="playing"]')
    assert page.evaluate("window.same && document.documentElement.scrollWidth <= innerWidth")

    page.locator("body").press("Space")
    page.wait_for_selector('.bar[data-state="paused"]')
    page.locator("body").press("Space")
    page.wait_for_selector('.bar[data-state="playing"]')
    for step, title in (("1", "Second"), ("1", "Third"), ("1", "First"), ("-1", "Third")):
        page.click(f'[data-step="{step}"]')
        page.wait_for_selector(f"[data-bar-title]:text('{title}')", timeout=LIMIT_MS)
        page.wait_for_selector('.bar[data-state="playing"]', timeout=LIMIT_MS)
        assert page.locator('[data-player][data-state="playing"]').count() == 1


def test_a_filter_and_a_search_do_not_stop_it(relay: RelayProcess, page: Page) -> None:
    page.goto(f"{relay.url}/latest")
    page.locator(".card [data-play]").first.click()
    plays_on(page, FLOWED_S)
    page.evaluate("window.same = true")
    page.click(".filters summary")
    page.fill('[name="bpm_min"]', "130")
    page.click(".filters button")
    page.wait_for_selector(".empty")
    page.click(".find")
    page.fill(".search input", "sec*")
    page.click(".search button")
    page.wait_for_selector(".card .title a:text('Second')")
    assert page.locator(".card").count() == 1 and page.evaluate("window.same")
    plays_on(page, position(page))


def test_it_plays_on_while_one_posts_and_what_is_sent_is_not_left_unasked(
    relay: RelayProcess, watched: Watched, tmp_path: Path
) -> None:
    page = watched.page
    file = tmp_path / "Fourth.flac"
    file.write_bytes(short_flac())
    watched.sign_in(relay.url, "poster")
    page.goto(f"{relay.url}/tag/walk")
    page.locator(".card [data-play]").first.click()
    plays_on(page, FLOWED_S)
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Post a sound").click()
    page.wait_for_selector("[data-upload]")
    page.wait_for_function("() => typeof Sending !== 'undefined'")
    held: list[Route] = []
    released: list[bool] = []

    def hold(route: Route) -> None:
        if released:
            route.continue_()
        else:
            held.append(route)

    with page.expect_request("**/api/v1/uploads/*"):
        page.route("**/api/v1/uploads/*", hold)
        page.set_input_files("[data-file]", file)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.click(".mark", no_wait_after=True)
    page.wait_for_function("() => window.same")
    assert asked == ["beforeunload"] and page.url.endswith("/upload")
    plays_on(page, position(page))
    released.append(True)
    for route in held:
        route.continue_()
    page.wait_for_selector('[data-state="there"]')
    page.click("[data-submit]")
    page.wait_for_selector("h1:text('Fourth')", timeout=LIMIT_MS)
    assert page.evaluate("window.same")
    plays_on(page, position(page))
