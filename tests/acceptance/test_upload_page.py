"""Posting from a browser: a line that drops, a page that is closed half-way, what is refused and how it is told; on a phone and by keys."""

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import PHONE, WIDE, Watched
from tests.support.loops import noise_flac, short_flac
from tests.support.relay import RelayClient, RelayProcess

PART_BYTES = 1 << 20
PARTS = "**/api/v1/uploads/*"
SHARE = "document.querySelector('[data-progress]').value"
DROP = """([text, name]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const event = (kind) => new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event("dragover"));
  return document.body.dispatchEvent(event("drop"));
}"""


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of three parts."""
    path = tmp_path_factory.mktemp("sounds") / "Night bus.flac"
    path.write_bytes(noise_flac(1, 5 * PART_BYTES // 2))
    return path


@pytest.fixture
def short_file(tmp_path: Path) -> Path:
    path = tmp_path / "Short.flac"
    path.write_bytes(short_flac())
    return path


@pytest.fixture
def watched(browser: Browser, relay: RelayProcess, request: pytest.FixtureRequest) -> Iterator[Watched]:
    made = Watched(browser, getattr(request, "param", WIDE))
    made.sign_in(relay.url, "mira.k")
    made.page.goto(f"{relay.url}/upload")
    yield made
    made.close()


def posts_of(relay: RelayProcess, name: str) -> list[str]:
    with closing(RelayClient(relay.url)) as client:
        return [each["title"] for each in client.http.get(f"/feed/user/{name}").json()["posts"]]


def drop_line(page: Page, parts: int) -> list[int]:
    """After so many parts none gets through, until the list that is returned is cleared; it says which were tried."""
    tried: list[int] = []

    def part(route: Route) -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        tried.append(int(route.request.headers["upload-offset"]))
        if len(tried) > parts:
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route(PARTS, part)
    return tried


def test_a_line_that_drops_costs_nothing_and_it_is_one_post(
    watched: Watched, relay: RelayProcess, long_file: Path
) -> None:
    page, before = watched.page, len(posts_of(relay, "mira.k"))
    tried = drop_line(page, parts=2)
    page.set_input_files("[data-file]", long_file)
    page.wait_for_selector('[data-state="waiting"]')
    assert "goes on by itself" in page.locator("[data-status]").inner_text()
    assert tried[:3] == [0, PART_BYTES, 2 * PART_BYTES]
    page.fill("[name=title]", "Kept through")
    page.fill("[name=tags]", "dub, late, dub")
    page.get_by_role("radio", name="Followers").check()
    page.click("[data-submit]")
    expect(page.locator("[data-submit]")).to_be_disabled()
    sent: list[int] = []
    page.on("response", lambda each: sent.append(1) if each.request.method == "PATCH" else None)
    page.unroute(PARTS)  # from now on the page may go on by itself, as it says
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_url("**/p/*")
    assert page.locator("h1").inner_text() == "Kept through"
    assert page.locator(".facts .tag").all_inner_texts() == ["dub", "late"]
    assert page.locator(".yours").inner_text().startswith("Only your followers")
    assert len(sent) == 1, "what had arrived was not sent again"
    assert len(posts_of(relay, "mira.k")) == before, "for followers alone"


def test_a_page_that_was_closed_goes_on_where_it_stood(
    watched: Watched, relay: RelayProcess, long_file: Path
) -> None:
    page = watched.page
    drop_line(page, parts=1)
    page.set_input_files("[data-file]", long_file)
    page.wait_for_selector('[data-state="waiting"]')
    page.unroute(PARTS)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{relay.url}/upload")
    offsets: list[str] = []
    page.on("request", lambda each: each.method == "PATCH" and offsets.append(each.headers["upload-offset"]))
    page.set_input_files("[data-file]", long_file)
    page.wait_for_selector('[data-state="there"]')
    assert offsets[0] == str(PART_BYTES)
    page.get_by_role("button", name="Another sound").click()
    assert page.locator("[data-drop]").is_visible() and not page.locator("[data-sending]").is_visible()


@pytest.mark.parametrize("watched", [PHONE], indirect=True)
def test_by_keys_alone_on_a_phone_with_a_licence(
    watched: Watched, relay: RelayProcess, short_file: Path
) -> None:
    page = watched.page
    page.on(
        "filechooser", lambda _: None
    )  # the browser hands it over from here on, not from when the key is pressed on
    for _ in range(40):  # to the file
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-file]')"):
            break
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(short_file)
    assert (
        page.evaluate("document.activeElement.name") == "title"
        and page.input_value("[name=title]") == "Short"
    )
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("By keys")
    page.locator("[name=licence]").focus()
    page.keyboard.type("CC0")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watched.screenshot("upload-phone", full_page=True)
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/*")
    assert page.locator("h1").inner_text() == "By keys"
    assert (
        "CC0" in page.locator(".terms").inner_text()
        and page.get_by_role("link", name="Download").is_visible()
    )
    assert watched.complaints == []


def test_what_cannot_be_posted_is_told_in_words_and_the_form_stays(watched: Watched, tmp_path: Path) -> None:
    page, trouble = watched.page, watched.page.locator("[data-trouble][role=alert]")
    page.click("[data-submit]")
    expect(trouble).to_have_text("Choose a sound first.")
    (tmp_path / "nothing.wav").touch()
    page.set_input_files("[data-file]", tmp_path / "nothing.wav")
    expect(trouble).to_have_text("“nothing.wav” is empty.")
    page.evaluate("document.querySelector('[data-upload]').dataset.maxBytes = 1000")
    page.fill("[name=title]", "Stays")
    note = base64.b64encode(b"no sound at all " * 100).decode()
    assert page.evaluate(DROP, [note, "note.txt"]) is False, "the browser does not open it"
    expect(trouble).to_contain_text("“note.txt” has 2 kB; a sound here has at most 1 kB.")
    page.evaluate("document.querySelector('[data-upload]').dataset.maxBytes = 10000")
    page.evaluate(DROP, [note, "note.txt"])
    page.wait_for_selector('[data-state="there"]')
    page.fill("[name=bpm]", "fast")
    page.click("[data-submit]")
    expect(trouble).to_contain_text("A tempo is a number")
    page.fill("[name=bpm]", "")
    page.fill("[name=tags]", ",".join(map(str, range(9))))
    page.click("[data-submit]")
    expect(trouble).to_contain_text("genre")
    page.fill("[name=tags]", "")
    page.click("[data-submit]")
    expect(page.locator("[data-drop]")).to_be_visible()
    expect(trouble).not_to_be_empty()
    assert page.input_value("[name=title]") == "Stays"


def test_the_hash_is_the_browsers_own(watched: Watched) -> None:
    same = watched.page.evaluate("""async () => {
      for (const size of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 60000]) {
        const buffer = crypto.getRandomValues(new Uint8Array(size)).buffer;
        if (await SHA256.of(buffer) !== SHA256.digest(buffer)) return size;
      }
      return true;
    }""")
    assert same is True


def test_who_is_not_signed_in_is_asked_to_and_comes_back(browser: Browser, relay: RelayProcess) -> None:
    watched = Watched(browser, PHONE)
    watched.page.goto(f"{relay.url}/upload")
    watched.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    watched.page.fill("main [name=username]", "newcomer")
    watched.page.click("main [type=submit]")
    watched.page.wait_for_url("**/upload")
    watched.close()
