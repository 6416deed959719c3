"""Pages that are open while others do something, in Chromium and in Firefox: they show it, and that it is undone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from relay.wire.rest import AudioPost
from tests.support.browser import WIDE, Watched, running_browser
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess

CONNECTED = 'main[data-live="connected"]'


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with running_browser(request.param) as running:
        yield running


@pytest.fixture
def people(relay: RelayProcess, browser: Browser) -> Iterator[dict[str, RelayClient]]:
    """Each has done nothing yet."""
    mark = browser.browser_type.name
    clients = {name: RelayClient(relay.url) for name in ("mira", "ben", "carl", "viewer")}
    for name, client in clients.items():
        client.sign_in(f"{name}.{mark}")
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture
def post(people: dict[str, RelayClient]) -> AudioPost:
    return people["mira"].post(short_flac(), title="Night bus")


@pytest.fixture
def watched(browser: Browser, relay: RelayProcess, people: dict[str, RelayClient]) -> Iterator[Watched]:
    made = Watched(browser, WIDE)
    made.sign_in(relay.url, people["viewer"].username)
    yield made
    made.close()
    assert made.complaints == []


def test_a_feed_follows_what_the_owner_of_a_post_does(
    relay: RelayProcess, post: AudioPost, people: dict[str, RelayClient], watched: Watched
) -> None:
    watched.page.goto(relay.url)
    card = watched.page.locator(f'.card:has([data-like="{post.id}"])')
    watched.page.wait_for_selector(CONNECTED)
    people["mira"].http.patch(f"/audio/{post.id}", json={"title": "Renamed"}).raise_for_status()
    card.get_by_text("Renamed").wait_for()
    people["mira"].http.delete(f"/audio/{post.id}").raise_for_status()
    card.wait_for(state="detached")


def show(who: RelayClient, post: AudioPost, word: str) -> None:
    who.http.post("/social/repost", json={"post_id": post.id, "text": word}).raise_for_status()


def unshow(who: RelayClient, post: AudioPost) -> None:
    who.http.post("/social/unrepost", json={"post_id": post.id}).raise_for_status()


def test_a_timeline_follows_who_shows_the_posts_of_others(
    relay: RelayProcess, post: AudioPost, people: dict[str, RelayClient], watched: Watched
) -> None:
    page, mira, ben, carl = watched.page, *(people[name] for name in ("mira", "ben", "carl"))
    for shower in (ben, carl):
        people["viewer"].follow(shower.username)
    page.goto(f"{relay.url}/following")
    page.wait_for_selector(CONNECTED)
    fresh = page.locator("[data-fresh]")
    mira.post(short_flac(5_000), title="Of somebody whom nobody here follows")
    show(ben, post, "Those hats")
    expect(fresh).to_have_text(f"{ben.username} shows a post by {mira.username}")
    unshow(ben, post)
    expect(fresh).to_be_hidden()
    show(ben, post, "Those hats")
    fresh.click()
    card = page.locator(f'.card:has([data-like="{post.id}"])')
    expect(card.locator(".repost-by")).to_have_text(f"@{ben.username} shows this: “Those hats”")

    page.wait_for_selector(CONNECTED)
    show(ben, post, "")
    expect(card.locator(".repost-by")).to_have_text(f"@{ben.username} shows this")
    mira.http.patch(f"/audio/{post.id}", json={"title": "Renamed"}).raise_for_status()
    expect(card.locator(".title")).to_have_text("Renamed")
    show(carl, post, "So do I")
    unshow(ben, post)
    expect(card.locator(".repost-by")).to_have_text(f"@{carl.username} shows this: “So do I”")
    unshow(carl, post)
    card.wait_for(state="detached")
    expect(fresh).to_be_hidden()


def test_what_everybody_hears_of_is_no_repost_and_is_forgotten_when_it_goes(
    relay: RelayProcess, post: AudioPost, people: dict[str, RelayClient], watched: Watched
) -> None:
    page, mira, ben = watched.page, people["mira"], people["ben"]
    people["viewer"].follow(ben.username)
    mira.http.patch(f"/audio/{post.id}", json={"visibility": "unlisted"}).raise_for_status()
    page.goto(f"{relay.url}/latest")
    page.wait_for_selector(CONNECTED)
    mira.http.patch(f"/audio/{post.id}", json={"visibility": "public"}).raise_for_status()
    show(ben, post, "Look")
    last = mira.post(short_flac(5_100), title="Last")
    expect(page.locator("[data-fresh]")).to_have_text(f"New from {mira.username}")
    mira.http.delete(f"/audio/{last.id}").raise_for_status()
    expect(page.locator("[data-fresh]")).to_be_hidden()


@pytest.mark.parametrize("where", ["/latest", "/p/{id}"], ids=["feed", "page"])
def test_what_others_do_with_a_post_is_seen_by_its_author_as_it_happens(
    relay: RelayProcess, people: dict[str, RelayClient], watched: Watched, where: str
) -> None:
    page, ben = watched.page, people["ben"]
    post = people["viewer"].post(short_flac(5_003), title="To be liked")
    page.goto(relay.url + where.format(id=post.id))
    page.wait_for_selector(CONNECTED)
    card = page.locator(f':is(.card, .single):has([data-like="{post.id}"])')
    like, fire = card.locator("[data-like]"), card.locator('[data-react="🔥"]')
    for path, button in (("like", like), ("react", fire)):
        ben.http.post(f"/social/{path}", json={"post_id": post.id, "emoji": "🔥"}).raise_for_status()
        expect(button.locator("[data-count]")).to_have_text("1")
        expect(button).to_have_class(re.compile(r"\brises\b"))
        expect(button).to_have_attribute("aria-pressed", "false")
    expect(like.locator("[data-with]")).to_have_text("1")
    like.click()
    expect(like.locator("[data-count]")).to_have_text("2")
    expect(like).to_have_attribute("aria-pressed", "true")
