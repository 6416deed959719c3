"""Eight ways through the pages as people go them, in Chromium and in Firefox; what plays is heard by Chromium alone (other tests), for
this Firefox finds no device.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from relay.wire.rest import AudioPost
from tests.integration.test_relay_commands import relay_command
from tests.support.browser import PHONE, WIDE, Watched, running_browser
from tests.support.loops import loop_flac, short_flac
from tests.support.relay import RelayClient, RelayProcess

SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
Enter = Callable[..., Page]


@pytest.fixture(scope="module", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with running_browser(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def enter(browser: Browser, relay: RelayProcess) -> Iterator[Enter]:
    """A page of somebody who is signed in, or of a stranger: each has one, as large as it was wanted first."""
    opened: dict[str, Watched] = {}

    def page_of(name: str = "", size: tuple[int, int] = WIDE) -> Page:
        if name not in opened:
            opened[name] = watched = Watched(browser, size)
            if name:
                watched.sign_in(relay.url, name)
                watched.page.goto(f"{relay.url}/explore")
        return opened[name].page

    yield page_of
    for each in opened.values():
        each.close()


@pytest.fixture(scope="module")
def letter(browser: Browser) -> str:
    """Names are of one browser each."""
    return browser.browser_type.name[0]


@pytest.fixture(scope="module")
def mira(relay: RelayProcess, letter: str) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in(f"mira.{letter}")
        yield client


@pytest.fixture(scope="module")
def posts(mira: RelayClient, letter: str) -> list[AudioPost]:
    made = []
    for seed, (title, bpm, key) in enumerate(
        (("Night bus", 128.0, "F minor"), ("Tin roof", 92.5, "C major"))
    ):
        audio, bars = loop_flac(seed, bpm=bpm)
        facts = {"bpm": bpm, "key": key, "bar_frames": bars, "genre": [f"walk{letter}"]}
        made.append(mira.post(audio, title=f"{title} {letter}", **facts))
    return made


def test_a_newcomer_comes_to_a_first_follow(
    enter: Enter, relay: RelayProcess, posts: list[AudioPost], letter: str
) -> None:
    page = enter()
    page.goto(relay.url)
    expect(page.locator(".hero h2")).to_be_visible()
    page.click("[data-hear-first]")
    first = page.locator("[data-player]").first  # which of the posts it is, the ranking says
    expect(first).to_have_attribute("data-decoded-frames", str(first.get_attribute("data-frames")))
    page.get_by_role("link", name="Whom to follow first").click()
    page.locator(".whom").get_by_role("link", name=f"mira.{letter}").last.click()
    page.locator(".card .title a").first.click()
    page.locator(".single-by").get_by_role("link", name="Follow").click()
    page.fill("main [name=username]", f"newcomer.{letter}")
    page.click("main [type=submit]")
    page.wait_for_url("**/p/*")
    page.locator("[data-follow]").click()
    expect(page.locator("[data-follow]")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{relay.url}/following")
    expect(page.locator(".card .title")).to_have_text([each.title for each in reversed(posts)])


def test_one_posts_regrets_and_deletes(
    enter: Enter, relay: RelayProcess, tmp_path: Path, letter: str
) -> None:
    page = enter(f"rue.{letter}")
    (tmp_path / "Too early.flac").write_bytes(short_flac(24_000 + ord(letter)))
    page.get_by_role("link", name="Post a sound").click()
    page.set_input_files("[data-file]", tmp_path / "Too early.flac")
    page.click("[data-submit]")
    page.wait_for_url("**/p/*")
    address = page.url
    expect(page.locator("h1")).to_have_text("Too early")
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("radio", name="Private").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".yours")).to_contain_text("Only you see this")
    stranger = enter(f"stranger.{letter}")
    stranger.goto(address)
    expect(stranger.locator("h1")).to_have_text("Not found")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/u/*")
    page.goto(address)
    expect(page.locator("h1")).to_have_text("Gone")


def test_one_comments_on_a_bar(enter: Enter, posts: list[AudioPost], letter: str) -> None:
    page, post = enter(f"fan.{letter}"), posts[0]
    page.goto(post.page_url)
    page.locator("[data-seek]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.click("[data-at-now]")
    page.fill(".say >> nth=0 >> textarea", f"Here, @mira.{letter}")
    page.locator(".say").first.get_by_role("button", name="Comment").click()
    expect(page.locator(".comment-text")).to_have_text(f"Here, @mira.{letter}")
    expect(page.locator(".marks circle")).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator("[data-seek]").press("Home")
    page.get_by_role("button", name="Play at 0:03").click()
    expect(page.locator("[data-clock]")).to_have_text("0:03")
    author = enter(f"mira.{letter}")
    author.goto(post.page_url.split("/p/")[0] + "/notifications")
    author.get_by_role("link", name="mentioned you").click()
    author.locator(".comment summary").click()
    author.locator(".comment textarea").fill("A bar early, on purpose")
    author.locator(".comment").get_by_role("button", name="Answer").click()
    expect(author.locator(".answers .comment-text")).to_have_text("A bar early, on purpose")


def test_a_report_becomes_a_decision_and_is_appealed(
    enter: Enter, relay: RelayProcess, posts: list[AudioPost], letter: str
) -> None:
    fan, judge, author, post = (
        enter(f"fan.{letter}"),
        enter(f"judge.{letter}"),
        enter(f"mira.{letter}"),
        posts[1],
    )
    relay_command("users", "--data", relay.data, "role", f"judge.{letter}", "moderator")
    fan.goto(post.page_url)
    fan.get_by_role("link", name="Report").click()
    fan.locator("[name=reason]").first.check()
    fan.fill("[name=text]", "This is mine")
    fan.get_by_role("button", name="Report").click()
    expect(fan.locator("main")).to_contain_text("the moderators have it")
    judge.goto(relay.url)
    judge.click(".me")
    judge.get_by_role("link", name="Moderation").click()
    case = judge.locator(".case", has_text=post.title)
    expect(case).to_contain_text("This is mine")
    case.locator("[name=note]").fill("A sample without leave")
    case.get_by_role("button", name="Hide").click()
    expect(judge.locator(".case", has_text=post.title)).to_have_count(0)
    fan.goto(post.page_url)
    expect(fan.locator("h1")).to_have_text("Not found")
    author.goto(post.page_url)
    expect(author.locator(".ask-warning")).to_contain_text("“A sample without leave”")
    author.get_by_role("link", name="Say what speaks against that").click()
    expect(author.locator(".ask-facts")).to_contain_text("“A sample without leave”")
    author.fill("main textarea", "I played it myself")
    author.get_by_role("button", name="Send").click()
    judge.goto(f"{relay.url}/moderation")
    appeal = judge.locator(".case", has_text="I played it myself")
    appeal.get_by_role("button", name="Take the decision back").click()
    judge.locator(".case", has_text="I played it myself").locator("textarea").fill("You are right")
    judge.locator(".case", has_text="I played it myself").get_by_role("button", name="Answer").click()
    expect(judge.locator(".case", has_text="I played it myself")).to_have_count(0)
    author.goto(f"{relay.url}/appeal?kind=post&id={post.id}")
    expect(author.locator("main")).to_contain_text("You are right")
    fan.goto(post.page_url)
    expect(fan.locator("h1")).to_have_text(post.title)


def test_a_private_account_lets_in_whom_it_wants(enter: Enter, relay: RelayProcess, letter: str) -> None:
    name = f"shy.{letter}"
    with closing(RelayClient(relay.url)) as client:
        client.sign_in(name)
        client.post(short_flac(24_100 + ord(letter)), title="For friends")
    shy, fan = enter(name), enter(f"fan.{letter}")
    shy.goto(f"{relay.url}/settings/profile")
    shy.get_by_role("checkbox", name="Private account").check()
    shy.get_by_role("button", name="Save").click()
    shy.wait_for_url("**/@*")
    fan.goto(f"{relay.url}/@{name}")
    expect(fan.locator(".empty")).to_contain_text("This account is private")
    fan.get_by_role("button", name="Ask to follow").click()
    expect(fan.get_by_role("button", name="Asked")).to_be_visible()
    shy.goto(f"{relay.url}/follow-requests")
    shy.get_by_role("button", name="Let them").click()
    expect(shy.locator("main")).to_contain_text("Nobody is waiting")
    fan.goto(f"{relay.url}/@{name}")
    expect(fan.locator(".card .title")).to_have_text("For friends")


def test_a_lost_device_is_shut_out(enter: Enter, relay: RelayProcess, letter: str) -> None:
    with closing(RelayClient(relay.url)) as lost:
        lost.sign_in(f"owner.{letter}")
        page = enter(f"owner.{letter}")
        page.click(".me")
        page.get_by_role("link", name="Devices").click()
        page.locator("[data-device-id]").get_by_role("button", name="Remove").click()
        expect(page.locator("main")).to_contain_text("No device yet")
        assert lost.http.get("/users/me").status_code == 401


def test_one_finds_by_tempo_and_key(
    enter: Enter, relay: RelayProcess, posts: list[AudioPost], letter: str
) -> None:
    page = enter(f"fan.{letter}")
    page.goto(f"{relay.url}/tag/walk{letter}")
    expect(page.locator(".card")).to_have_count(2)
    page.click(".filters summary")
    page.fill("[name=bpm_min]", "120")
    page.fill("[name=bpm_max]", "130")
    page.fill("[name=key]", "4A")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".card .title")).to_have_text(posts[0].title)
    page.fill("[name=key]", "no key")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".filters [role=alert]")).to_contain_text("a key is written as")
    assert page.input_value("[name=bpm_min]") == "120"
    page.get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill(f"tin {letter}")
    page.keyboard.press("Enter")
    expect(page.locator(".card .title")).to_have_text(posts[1].title)


def test_all_of_it_fits_a_phone(
    enter: Enter, relay: RelayProcess, posts: list[AudioPost], letter: str
) -> None:
    page = enter(f"phone.{letter}", PHONE)
    for path in (
        "/",
        f"/p/{posts[0].id}",
        "/explore",
        "/notifications",
        "/settings/profile",
        "/upload",
        "/search",
    ):
        page.goto(relay.url + path)
        assert not page.evaluate(SIDEWAYS), path
    page.goto(posts[0].page_url)
    page.locator(f'[data-like="{posts[0].id}"]').click()
    expect(page.locator(f'[data-like="{posts[0].id}"]')).to_have_attribute("aria-pressed", "true")
    page.get_by_text("Share", exact=True).click()
    expect(page.locator("[data-copied-from]").first).to_have_value(posts[0].page_url)
    assert not page.evaluate(SIDEWAYS)
    page.click(".me")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Notifications").last.click()
    page.get_by_role("checkbox", name="follows you: Here").uncheck()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/notifications/preferences")
    page.click(".me")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator(".hero h2")).to_be_visible()
