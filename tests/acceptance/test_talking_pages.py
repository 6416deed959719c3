"""Comments and notifications in a real Chromium: what somebody says is there for who looks, and the bell counts it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from relay.wire.rest import AudioPost
from tests.acceptance.test_pages import play
from tests.support.browser import NARROW, WIDE, Watched
from tests.support.loops import loop_flac
from tests.support.relay import RelayClient, RelayProcess

UNREAD_NONE = "async () => (await (await fetch('/api/v1/notifications/counts')).json()).unread === 0"


@pytest.fixture
def post(relay: RelayProcess) -> Iterator[AudioPost]:
    client = RelayClient(relay.url)
    client.sign_in("mira.k")
    audio, bars = loop_flac(3, bpm=128.0)
    yield client.post(audio, title="Night bus", bpm=128.0, duration_bars=4, bar_frames=bars)
    client.close()


def test_who_looks_sees_what_is_said_and_the_bell_counts_it(
    browser: Browser, relay: RelayProcess, post: AudioPost
) -> None:
    mira, fan = Watched(browser, WIDE), Watched(browser, NARROW)
    try:
        for watched, name in ((mira, "mira.k"), (fan, "fan")):
            watched.sign_in(relay.url, name)
        mira.page.goto(post.page_url)  # she looks from when her page has said so
        mira.page.wait_for_selector('main[data-live="connected"]')
        fan.page.goto(post.page_url)
        play(fan.page)
        fan.page.click("[data-at-now]")
        fan.page.fill("textarea[name=text]", "That bass, @mira.k")
        fan.page.click(".say button[type=submit]")
        expect(fan.page.locator(".comment-text")).to_have_text("That bass, @mira.k")
        expect(fan.page.locator(".marks rect")).to_have_count(1)
        overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not fan.page.evaluate(overflow), "a phone scrolls down, not sideways"

        expect(mira.page.locator("[data-new-comments]")).to_have_text("New comment of fan")
        expect(mira.page.locator("[data-unseen]")).to_have_text("1")
        mira.page.click("[data-new-comments]")
        mira.page.reload()
        comment = mira.page.locator(".comment")
        expect(comment).to_contain_text("That bass")
        comment.locator("summary").click()
        comment.locator("textarea").fill("A saw, an octave down")
        comment.locator("button[type=submit]", has_text="Answer").click()
        expect(mira.page.locator(".answers .comment-text")).to_have_text("A saw, an octave down")

        mira.page.goto(f"{relay.url}/notifications")
        expect(mira.page.locator(".note-line")).to_have_text("fan mentioned you on “Night bus”")
        expect(mira.page.locator("[data-unseen]")).to_be_hidden()
        mira.page.click(".note-line")
        mira.page.wait_for_url("**/c/*")
        mira.page.wait_for_function(UNREAD_NONE)
        fan.page.goto(f"{relay.url}/notifications")
        expect(fan.page.locator(".note.unread .note-line")).to_have_text("mira.k answered you on “Night bus”")
    finally:
        complaints = mira.complaints + fan.complaints
        mira.close()
        fan.close()
    assert complaints == []
