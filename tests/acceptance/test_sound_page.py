"""Another sound for a post that is out, from the browser: what its owner does, and what the open pages of who listens do."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from relay.wire.rest import AudioPost
from tests.acceptance.test_pages import play
from tests.support.browser import WIDE, Watched
from tests.support.loops import loop_flac, short_flac
from tests.support.relay import RelayClient, RelayProcess

HELD = """() => {
  const real = fetch;
  window.fetch = async (address, options) => {
    const answer = await real(address, options);
    if (address.endsWith("/versions")) await new Promise((go) => { window.go = go; });
    return answer;
  };
}"""
"""The page hears that it is made only when the test says so; what the relay tells of it meanwhile stands still to be looked at."""
FOREIGN = """async (id) => {
  document.dispatchEvent(new CustomEvent("live", { detail:
    { t: "job.progress", job_id: id, kind: "post", state: "running", stage: "fetch", fraction: 0.5 } }));
  await fetch(`/api/v1/jobs/${id}`);
}"""
"""As if another upload of the same person were made."""


@pytest.fixture
def post(mira: RelayClient) -> AudioPost:
    audio, bars = loop_flac(3, bpm=128.0)
    return mira.post(audio, title="Night bus", bpm=128.0, duration_bars=4, bar_frames=bars)


def replace_sound(mira: RelayClient, post: AudioPost, bpm: float) -> None:
    audio, _ = loop_flac(4, bpm=bpm)
    sent = mira.http.post(
        f"/audio/{post.id}/upload", files={"audio": ("take", audio)}, data={"bpm": str(bpm)}
    )
    sent.raise_for_status()


def test_its_owner_replaces_it_sees_how_far_it_is_and_forgets_what_was(
    relay: RelayProcess, post: AudioPost, mira: RelayClient, watched: Watched, tmp_path: Path
) -> None:
    other = mira.http.get("/jobs").json()["jobs"][0]["id"]
    page, file = watched.page, tmp_path / "Better.flac"
    file.write_bytes(short_flac(30_000))
    watched.sign_in(relay.url, "mira.k")
    page.goto(post.page_url)
    page.get_by_role("link", name="Replace sound").click()
    page.wait_for_selector('main[data-live="connected"]')
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(HELD)
    page.set_input_files("[data-file]", file)
    page.fill("[name=bpm]", "96")
    page.get_by_role("button", name="Replace it").click()
    page.wait_for_selector('[data-stage="store"]')
    expect(page.locator("[data-status]")).to_have_text("The relay puts it in its place…")
    page.evaluate(FOREIGN, other)
    assert page.get_by_role("progressbar", name="Made").evaluate("each => each.value") == 0.9
    watched.screenshot(f"sound-{page.viewport_size['width']}", full_page=True)  # type: ignore[index]
    page.wait_for_function("() => window.go")
    assert page.locator("[data-upload]").get_attribute("data-stage") == "store", (
        "another's job changes nothing"
    )
    page.evaluate("go()")
    page.wait_for_url(post.page_url)
    assert "Version 2" in page.locator(".terms").inner_text()
    assert "96" in page.locator(".facts").inner_text()
    page.get_by_role("link", name="Replace sound").click()
    versions = page.locator(".versions li")
    assert versions.count() == 2 and "everybody hears this" in versions.first.inner_text()
    page.get_by_role("button", name="Forget version 1").click()
    expect(versions.last).to_contain_text("its sound is gone")


def playing_at(page: Page) -> float:
    return float(page.evaluate("playing.position()"))


@pytest.mark.parametrize("where", ["", "/p/{id}"], ids=["feed", "page"])
def test_an_open_page_has_the_new_sound_and_plays_on(
    relay: RelayProcess, post: AudioPost, mira: RelayClient, browser: Browser, where: str
) -> None:
    watched = Watched(browser, WIDE)
    page = watched.page
    watched.sign_in(relay.url, "listener")
    page.goto(relay.url + (where.format(id=post.id) or "/latest"))
    page.wait_for_selector('main[data-live="connected"]')
    play(page)
    replace_sound(mira, post, 90.0)
    page.wait_for_selector(f'[data-player][data-src="/api/v1/audio/{post.id}/mp3?v=2"][data-state="playing"]')
    player = page.locator(f'[data-player][data-post="{post.id}"]')
    assert player.get_attribute("data-decoded-frames") == player.get_attribute("data-frames")
    assert page.evaluate("playing.root.isConnected && onPage.includes(playing) && queue.includes(playing)")
    assert page.locator('[data-player][data-state="playing"]').count() == 1
    at = playing_at(page)
    page.wait_for_function("(at) => playing.position() !== at", arg=at)
    card = page.locator(".card, .single").filter(has=player)
    assert "90" in card.locator(".facts").inner_text() and "128" not in card.locator(".facts").inner_text()
    watched.close()
    assert watched.complaints == []
