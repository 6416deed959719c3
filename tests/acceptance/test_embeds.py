"""A post on somebody else's page, in a real Chromium: the embed plays in its frame, and no other page of ours loads in one."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Frame, Page

from relay.features.creations.embeds import HEIGHT, frame_of
from relay.wire.rest import AudioPost
from tests.support.blog import Blog, running_blog
from tests.support.browser import Watched
from tests.support.loops import loop_flac
from tests.support.relay import RelayClient, RelayProcess

SMALL, LARGE = (360, 640), (1280, 900)


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with running_blog() as server:
        yield server


@pytest.fixture(scope="module")
def post(relay: RelayProcess) -> AudioPost:
    client = RelayClient(relay.url)
    client.sign_in("mira.k")
    audio, bars = loop_flac(3)
    made = client.post(
        audio, title="Saturday, too early for a kick this loud", duration_bars=4, bar_frames=bars
    )
    client.close()
    return made


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["wide", "360"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_plays_on_a_page_of_somebody_else(
    relay: RelayProcess,
    browser: Browser,
    blog: Blog,
    post: AudioPost,
    size: tuple[int, int],
    scheme: Literal["light", "dark"],
) -> None:
    blog.frames = frame_of(post.id, relay.url)
    watched = Watched(browser, size)
    page = watched.page
    page.emulate_media(color_scheme=scheme)
    page.goto(blog.url)
    frame = page.frame_locator("iframe")
    assert frame.locator(".title").inner_text() == post.title
    frame.locator("[data-play]").click()
    frame.locator('[data-player][data-state="playing"]').wait_for()
    inside = _embedded(page)
    inside.wait_for_function(
        "() => Number(document.querySelector('[data-player]').dataset.currentTime) > 0.2"
    )
    assert inside.evaluate("document.documentElement.scrollHeight") == HEIGHT
    outside = "[...document.querySelectorAll('a, [data-clock], .seek')].filter((e) => e.getBoundingClientRect().right > innerWidth - 8)"
    assert inside.evaluate(f"{outside}.length") == 0, "nothing is cut off at the right"
    ground = inside.evaluate("getComputedStyle(document.querySelector('.embed')).backgroundColor")
    assert ground == {"light": "rgb(251, 250, 247)", "dark": "rgb(23, 26, 31)"}[scheme]
    watched.screenshot(f"embed-{scheme}-{size[0]}")
    watched.close()
    assert watched.complaints == []


def test_no_other_page_loads_in_a_frame(
    relay: RelayProcess, browser: Browser, blog: Blog, post: AudioPost
) -> None:
    paths = ("/", f"/p/{post.id}", "/sign-in", "/devices", "/api/docs")
    blog.frames = "".join(f'<iframe src="{relay.url}{path}"></iframe>' for path in paths)
    watched = Watched(browser)
    watched.page.goto(blog.url)
    refused = [each for each in watched.complaints if "frame-ancestors" in each or "X-Frame-Options" in each]
    assert len(refused) >= len(paths)
    assert not any(each.url.startswith(relay.url) for each in watched.page.frames)
    watched.close()


def _embedded(page: Page) -> Frame:
    """The frame's own document."""
    (found,) = (each for each in page.frames if "/embed/" in each.url)
    return found
