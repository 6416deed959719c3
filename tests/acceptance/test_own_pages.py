"""Post, regret, delete: the owner's pages in a real Chromium, wide and as narrow as a phone; and who else gets there."""

from io import BytesIO

import httpx
import pytest
import zxingcpp
from PIL import Image

from relay.wire.rest import AudioPost
from tests.support.browser import Watched
from tests.support.claims import FormBrowser
from tests.support.loops import loop_flac
from tests.support.relay import RelayClient, RelayProcess

NASTY = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def post(mira: RelayClient) -> AudioPost:
    audio, bars = loop_flac(3, sample_rate_hz=48_000, bpm=128.0)
    return mira.post(audio, title="Night bus", bpm=128.0, duration_bars=4, bar_frames=bars, genre=["house"])


def fits(watched: Watched) -> bool:
    """Nothing has to be scrolled sideways to."""
    return bool(watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_post_regret_delete(
    relay: RelayProcess, post: AudioPost, watched: Watched, request: pytest.FixtureRequest
) -> None:
    page, shot = watched.page, f"own-{request.node.callspec.id}"
    watched.sign_in(relay.url, "mira.k")
    page.goto(post.page_url)
    assert page.locator(".yours").inner_text().startswith("Everybody sees this.")
    watched.screenshot(f"{shot}-post", full_page=True)
    assert fits(watched)
    page.get_by_role("link", name="Edit").click()
    watched.screenshot(f"{shot}-edit", full_page=True)
    assert fits(watched) and page.get_by_label("Title").input_value() == "Night bus"
    assert page.get_by_role("radio", name="Public").is_checked()
    page.get_by_label("Title").fill(f"Night bus {NASTY}")
    page.get_by_label("Tags").fill("dub, late ,dub,")
    page.get_by_role("radio", name="Private").check()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(post.page_url)
    assert page.locator("h1").inner_text() == f"Night bus {NASTY}"
    assert page.locator(".facts .tag").all_inner_texts() == ["dub", "late"]
    assert page.locator(".facts .shown").inner_text() == "private"
    assert httpx.get(post.page_url, trust_env=False).status_code == 404
    assert httpx.get(post.audio_url, trust_env=False).status_code == 404
    watched.screenshot(f"{shot}-private", full_page=True)
    assert fits(watched)
    page.get_by_role("link", name="Delete").click()
    watched.screenshot(f"{shot}-delete", full_page=True)
    assert fits(watched)
    page.get_by_role("link", name="Keep it").click()
    page.wait_for_url(post.page_url)
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{relay.url}/u/mira.k")
    assert page.locator(f'[data-like="{post.id}"]').count() == 0


def test_what_the_form_refuses_stays_in_the_form(relay: RelayProcess, post: AudioPost) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("mira.k")
        page = browser.http.get(f"/p/{post.id}/edit")
        for wrong in ({"title": "x" * 121}, {"tags": ",".join(map(str, range(9)))}, {"visibility": "secret"}):
            fields = {"title": "Kept", "tags": "a", "visibility": "private"} | wrong
            answer = browser.press(page, to=f"/p/{post.id}/edit", **fields)
            assert answer.status_code == 422 and "data-trouble" in answer.text
            assert 'value="Kept"' in answer.text or "title" in wrong
        assert browser.http.get(f"/api/v1/audio/{post.id}").json()["title"] == "Night bus"


def test_what_is_archived_has_a_page_and_comes_back(relay: RelayProcess, post: AudioPost) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("mira.k")
        assert "Loop seam" in browser.http.get(f"/p/{post.id}").text, "its author is told"
        page = browser.http.get(f"/p/{post.id}/edit")
        browser.press(page, to=f"/p/{post.id}/edit", title="Night bus", visibility="public", archived="on")
        assert post.id not in browser.http.get("/u/mira.k").text
        shelf = browser.http.get("/archive")
        assert browser.press(shelf, to=f"/p/{post.id}/restore").headers["location"] == "/archive"
        assert f"/p/{post.id}/restore" not in browser.http.get("/archive").text
        assert post.id in browser.http.get("/u/mira.k").text
    with FormBrowser(relay.url) as browser:
        browser.sign_in("not.mira")
        assert browser.press(browser.http.get("/archive"), to="/session/close").status_code == 303
        assert "Loop seam" not in browser.http.get(f"/p/{post.id}").text, "and nobody else"


def test_nobody_else_gets_to_these_pages(relay: RelayProcess, post: AudioPost) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("not.mira")
        csrf = browser.http.get("/").text.split('name="csrf" content="')[1].split('"')[0]
        for what in ("edit", "delete", "sound"):
            assert browser.http.get(f"/p/{post.id}/{what}").status_code == 404
        for what in ("edit", "delete", "sound/forget"):
            assert browser.http.post(f"/p/{post.id}/{what}", data={"csrf": csrf, "n": "1"}).status_code == 404
        assert "/edit" not in browser.http.get(f"/p/{post.id}").text
    with FormBrowser(relay.url) as browser:
        browser.sign_in("mira.k")
        assert browser.http.post(f"/p/{post.id}/delete", data={}).status_code == 403, (
            "without the page's token"
        )
    assert httpx.get(post.page_url, trust_env=False).status_code == 200


def test_an_unlisted_post_is_for_who_has_its_link_and_for_no_search_engine(
    relay: RelayProcess, post: AudioPost, mira: RelayClient
) -> None:
    mira.http.patch(f"/audio/{post.id}", json={"visibility": "unlisted"}).raise_for_status()
    page = httpx.get(post.page_url, trust_env=False)
    assert page.status_code == 200 and 'name="robots" content="noindex"' in page.text
    for listed in ("/", "/u/mira.k"):
        assert post.id not in httpx.get(relay.url + listed, trust_env=False).text


def test_the_key_of_an_app_is_read_from_the_screen_in_both_themes(
    relay: RelayProcess, watched: Watched, request: pytest.FixtureRequest
) -> None:
    """By a reader that we did not write; the link beside it is what an app opens on the phone itself."""
    page = watched.page
    watched.sign_in(relay.url, "two.step")
    page.goto(relay.url + "/settings/two-step")
    begin = page.get_by_role("button", name="Set it up")
    if begin.count():
        begin.click()
    link = page.locator("a[href^='otpauth:']").get_attribute("href")
    code = page.get_by_role("img", name="QR code of the key that stands below as text")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal, of two
        watched.screenshot(f"own-{request.node.callspec.id}-two-step-{scheme}", full_page=True)
        seen = zxingcpp.read_barcodes(Image.open(BytesIO(page.screenshot(full_page=True))))
        assert [each.text for each in seen] == [link], scheme
        ground = Image.open(BytesIO(code.screenshot())).convert("RGB")
        assert ground.getpixel((4, 4)) == (255, 255, 255), "a quiet zone, whatever the theme"
    assert fits(watched) and watched.complaints == []
