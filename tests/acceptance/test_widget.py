"""What was made in the studio on somebody else's page, in Chromium and Firefox: the frame, and the widget that scripts of the page ask."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from relay.features.creations.embeds import HEIGHT
from tests.support.blog import Blog, running_blog
from tests.support.browser import Watched, running_browser
from tests.support.relay import RelayClient, RelayProcess

LIMIT_MS = 120_000
PHONE = (360, 640)
LOOP: dict[str, Any] = {
    "kind": "loop",
    "name": "Late bus, last stop before the depot",
    "bars": 1,
    "bpm": 120,
    "chords": [{"beat": 0, "root": "C", "quality": "maj7"}],
    "steps": [{"step": step, "sound": "drum-kick"} for step in (0, 4, 8, 12)],
}
PATTERN: dict[str, Any] = {
    "kind": "pattern",
    "name": "Clave",
    "bpm": 100,
    "beats": 4,
    "rows": [{"sound": "clave", "steps": [0.8] * 16}],
}


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with running_blog() as server:
        yield server


@pytest.fixture(scope="module")
def made(relay: RelayProcess) -> dict[str, str]:
    """Ids."""
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("mira.k")
        scores = {"loop": LOOP, "pattern": PATTERN, "private": LOOP}
        return {
            name: client.http.post(
                "/creations",
                json={"score": score, "visibility": "private" if name == "private" else "public"},
            ).json()["id"]
            for name, score in scores.items()
        }


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(
    request: pytest.FixtureRequest, relay: RelayProcess, blog: Blog, made: dict[str, str]
) -> Iterator[Browser]:
    """(After all that needs the thread's loop.)"""
    with running_browser(request.param) as running:
        yield running


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    page = Watched(browser, PHONE)
    page.page.set_default_timeout(LIMIT_MS)
    yield page
    page.close()
    assert page.complaints == []


def said(page: Page, what: str) -> Any:  # any: what a script says
    return page.evaluate(f"Sidechain.get('[data-sidechain]').{what}")


def until(page: Page, what: str) -> None:
    page.wait_for_function(f"() => Sidechain.get('[data-sidechain]').{what}")


def test_a_script_of_the_page_plays_it_changes_its_tempo_and_takes_it_away(
    relay: RelayProcess, watched: Watched, blog: Blog, made: dict[str, str]
) -> None:
    page = watched.page
    blog.frames = f'<div data-sidechain="{made["loop"]}" data-bpm="90" data-theme="dark"></div><script src="{relay.url}/widget.js" async></script>'
    page.goto(blog.url)
    page.wait_for_function("() => window.Sidechain")
    until(page, "state === 'idle'")
    assert said(page, "bpm") == 90
    page.evaluate(
        "addEventListener('sidechain', (event) => { (window.told ??= []).push(event.detail.state); })"
    )
    frame = next(each for each in page.frames if "/embed/" in each.url)
    assert frame.evaluate("document.documentElement.scrollHeight") == HEIGHT
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ground = frame.evaluate("getComputedStyle(document.querySelector('.embed')).backgroundColor")
    assert ground == "rgb(23, 26, 31)", "as the page around it wants it"
    page.evaluate("Sidechain.get('[data-sidechain]').play()")
    if (
        page.context.browser and page.context.browser.browser_type.name == "firefox"
    ):  # which has no device here
        until(page, "trouble.startsWith('No sound comes out')")
        assert said(page, "state") == "idle"
    else:
        until(page, "state === 'playing'")
        frame.wait_for_function(
            "() => Number(document.querySelector('[data-score-player]').dataset.position) > 0.1"
        )
        page.evaluate("Sidechain.get('[data-sidechain]').setBPM(132)")
        until(page, "bpm === 132")
        page.evaluate("Sidechain.get('[data-sidechain]').setBPM(1000)")
        until(page, "bpm === 240")
        page.evaluate("Sidechain.get('[data-sidechain]').pause()")
        until(page, "state === 'paused'")
        assert page.evaluate("told.filter((each, n) => each !== told[n - 1])") == [
            "loading",
            "playing",
            "paused",
        ]
    page.evaluate("window.handle = Sidechain.get('[data-sidechain]'); handle.destroy(); handle.play()")
    assert page.evaluate("[handle.state, document.querySelectorAll('iframe').length]") == ["destroyed", 0]


def test_a_pattern_is_framed_and_what_is_not_public_says_so(
    relay: RelayProcess, watched: Watched, blog: Blog, made: dict[str, str]
) -> None:
    page = watched.page
    blog.frames = "".join(
        f'<iframe src="{relay.url}/embed/{made[name]}" width="300" height="{HEIGHT}"></iframe>'
        for name in ("pattern", "private")
    )
    page.goto(blog.url)
    pattern, private = (page.frame_locator("iframe").nth(n) for n in (0, 1))
    assert pattern.locator(".title").inner_text() == "Clave"
    assert pattern.get_by_role("img").get_attribute("aria-label") == "1 bar: Clave."
    assert private.locator(".title").inner_text() == "This post is not here any more."
    watched.complaints[:] = [each for each in watched.complaints if "404" not in each]


def test_the_page_of_the_lines_gives_what_works_elsewhere(
    relay: RelayProcess, watched: Watched, blog: Blog, made: dict[str, str]
) -> None:
    page = watched.page
    page.goto(f"{relay.url}/p/{made['loop']}/embed")
    page.locator("[data-option=bpm]").fill("77")
    page.locator("[data-option=width]").select_option("320")
    page.locator("[data-option=theme]").select_option("light")
    lines = {name: page.locator(f"textarea[data-{name}]").input_value() for name in ("frame", "widget")}
    assert page.locator("[data-preview]").get_attribute("src") == f"/embed/{made['loop']}?bpm=77&theme=light"
    for line in lines.values():
        blog.frames = line
        page.goto(blog.url)
        frame = page.locator("iframe")
        frame.wait_for()
        assert frame.get_attribute("src") == f"{relay.url}/embed/{made['loop']}?bpm=77&theme=light"
        assert frame.evaluate("(each) => each.clientWidth") == 320
