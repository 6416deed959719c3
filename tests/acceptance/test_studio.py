"""The studio in Chromium and Firefox: make a loop, hear it, undo, come back; by keys alone, by a finger, and as files."""

import base64
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from audio.score.compiled import compile_loop
from audio.score.events import frame_of
from audio.score.kit import RATE_HZ
from audio.score.midi import read_midi, write_midi
from audio.score.shapes import Loop, Step
from tests.support.browser import WIDE, Watched, running_browser
from tests.support.relay import RelayProcess

PHONE = (360, 740)
LIMIT_MS = 120_000
CLAP, RIM, BASS = 2, 3, 11
KEPT = """() => new Promise((resolve, reject) => {
  const asked = indexedDB.open("sidechain-studio");
  asked.onerror = () => reject(asked.error);
  asked.onsuccess = () => {
    const works = asked.result.transaction("works").objectStore("works").getAll();
    works.onsuccess = () => { asked.result.close(); resolve(works.result.sort((a, b) => b.changed_at - a.changed_at)); };
  };
})"""
HEARD = """async ([body, rateHz]) => {
  const sound = await Kit.rendered(Score.compile("loop", body, await Kit.tables()), rateHz);
  const bytes = new Uint8Array(sound.getChannelData(0).buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}"""


BOTH = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
CHROMIUM = pytest.mark.parametrize("browser", ["chromium"], indirect=True)
"""Firefox starts no AudioContext where there is no device: it renders, and is not asked to play."""


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, relay: RelayProcess) -> Iterator[Browser]:
    with running_browser(request.param) as running:
        yield running


@pytest.fixture
def page(browser: Browser, relay: RelayProcess) -> Iterator[Page]:
    watched = Watched(browser, WIDE)
    opened(watched.page, relay)
    yield watched.page
    assert watched.complaints == []
    watched.close()


def opened(page: Page, relay: RelayProcess) -> None:
    page.set_default_timeout(LIMIT_MS)
    page.goto(f"{relay.url}/studio")
    ready(page)


def ready(page: Page) -> None:
    page.wait_for_selector("[data-desk]:not([hidden])")


def begin(page: Page, kind: str) -> None:
    page.locator("[data-menu] summary").click()
    page.locator(f"[data-fresh={kind}]").click()


def cell(page: Page, row: int, step: int) -> Locator:
    return page.locator(f"[data-key='{row * 1024 + step}']")


def kept(page: Page) -> Loop:
    """What is open, as the browser keeps it."""
    page.wait_for_selector("[data-kept=kept]")
    return msgspec.convert(page.evaluate(KEPT)[0]["body"], Loop)


@BOTH
def test_a_loop_is_made_heard_undone_and_still_there_when_one_comes_back(page: Page) -> None:
    begin(page, "empty")
    assert page.locator("[data-hint]").is_visible()
    for step in (2, 7, 13):
        cell(page, RIM, step).click()
    page.locator("[data-progressions]").select_option("0")
    page.locator("[data-field=name]").fill("Night bus")
    cell(page, CLAP, 4).click()
    page.keyboard.press("Control+z")
    expect(cell(page, CLAP, 4)).to_have_attribute("aria-label", "Clap, bar 1 beat 2, off")
    loop = kept(page)
    assert [each.step for each in loop.steps] == [2, 7, 13] and loop.name == "Night bus"
    assert [chord.root for chord in loop.chords] == ["C", "G", "A", "F"]

    body = msgspec.to_builtins(loop) | {"chord_sound": None}
    heard = np.frombuffer(base64.b64decode(page.evaluate(HEARD, [body, RATE_HZ])), np.float32)
    loud = np.flatnonzero(np.abs(heard) > 0.003)
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-RATE_HZ) > RATE_HZ // 20)]
    wanted = [frame_of(step * 240, loop.bpm, RATE_HZ) for step in (2, 7, 13)]
    assert len(starts) == 3 and all(0 <= at - want < 48 for at, want in zip(starts, wanted, strict=True))

    page.reload()
    ready(page)
    assert page.locator("[data-field=name]").input_value() == "Night bus"
    assert page.locator(".cell.on").count() == 3
    page.locator("[data-menu] summary").click()
    expect(page.locator(".work")).to_have_count(2)


@BOTH
def test_all_of_it_goes_by_keys(page: Page) -> None:
    begin(page, "empty")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cell')"):
            break
    for key in ("Enter", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert [each.step for each in kept(page).steps] == [0, 2]
    for key in ("Home", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Control+c", "Control+d"):
        page.keyboard.press(key)
    assert [each.step for each in kept(page).steps] == [0, 2, 4, 6]
    page.keyboard.press("-")
    assert [each.velocity for each in kept(page).steps] == [0.8, 0.8, 0.7, 0.7]
    page.keyboard.press("Alt+ArrowRight")
    assert [each.step for each in kept(page).steps] == [0, 2, 5, 7]
    page.keyboard.press("Delete")
    assert [each.step for each in kept(page).steps] == [0, 2]
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert [each.step for each in kept(page).steps] == [0, 2]
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Mute Kick")).to_have_attribute("aria-pressed", "true")


@BOTH
def test_a_row_is_painted_with_the_mouse_and_a_note_fits_its_chord(page: Page) -> None:
    begin(page, "empty")
    page.locator("[data-palette] button").nth(4).click()
    cell(page, RIM, 0).hover()
    page.mouse.down()
    for step in (1, 2, 3):
        cell(page, RIM, step).hover()
    page.mouse.up()
    assert [each.step for each in kept(page).steps] == [0, 1, 2, 3]
    page.keyboard.press("Control+z")
    assert kept(page).steps == (), "what was painted at once is undone at once"
    cell(page, BASS, 0).click()
    assert [each.note for each in kept(page).steps] == ["G2"]
    page.locator("[data-field=key]").select_option("D")
    loop = kept(page)
    assert [each.note for each in loop.steps] == ["A2"] and loop.chords[0].root == "A"


@CHROMIUM
def test_midi_goes_out_and_comes_in(page: Page, tmp_path: Path) -> None:
    begin(page, "broken")
    ours = compile_loop(kept(page))
    page.locator("[data-files] summary").click()
    with page.expect_download() as saved:
        page.locator("[data-do=midi]").click()
    assert saved.value.suggested_filename == "Late bus.mid"
    assert read_midi(Path(saved.value.path()).read_bytes()).notes == read_midi(write_midi(ours, "")).notes
    beat = Loop(
        name="beat", bars=1, bpm=101, steps=tuple(Step(step=n, sound="drum-kick") for n in (0, 6, 10))
    )
    path = tmp_path / "Beat.mid"
    path.write_bytes(write_midi(compile_loop(beat), "beat"))
    page.set_input_files("[data-file]", path)
    expect(page.locator("[data-field=name]")).to_have_value("Beat")
    assert [each.step for each in kept(page).steps] == [0, 6, 10] and kept(page).bpm == 101
    path.write_bytes(b"no such thing")
    page.set_input_files("[data-file]", path)
    expect(page.locator("[data-told]")).to_have_text("This is no MIDI file, or it is broken.")


@CHROMIUM
def test_the_playhead_moves_with_the_sound(page: Page) -> None:
    cell(page, RIM, 0).focus()
    page.keyboard.press("Space")
    page.wait_for_selector("[data-studio][data-state=playing]")
    page.wait_for_function(
        "() => Number(document.querySelector('[data-head]').style.getPropertyValue('--at')) > 2"
    )
    assert page.locator("[data-play]").get_attribute("aria-label") == "Stop"
    page.keyboard.press("Space")
    page.wait_for_selector("[data-studio][data-state=stopped]")


@CHROMIUM
def test_a_pattern_and_a_machine_are_played(page: Page) -> None:
    begin(page, "pattern")
    page.locator("[data-add]").select_option("guiro-long")
    expect(page.get_by_role("rowheader", name="Güiro, long")).to_be_visible()
    page.locator("[data-field=steps_per_beat]").select_option("3")
    expect(page.locator(".row").first.locator(".cell")).to_have_count(12)
    begin(page, "machine")
    page.get_by_role("button", name="Solo Bass").click()
    page.locator("[data-play]").click()
    page.wait_for_selector("[data-studio][data-state=playing]")
    page.wait_for_function(
        "() => Number(document.querySelector('.strip').style.getPropertyValue('--at')) > 0.1",
        timeout=LIMIT_MS,
    )
    page.locator("[data-play]").click()
    page.wait_for_selector("[data-studio][data-state=stopped]")


@CHROMIUM
def test_a_finger_makes_a_loop_on_a_phone(browser: Browser, relay: RelayProcess) -> None:
    context = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, has_touch=True)
    page = context.new_page()
    opened(page, relay)
    begin(page, "empty")
    cell(page, RIM, 1).tap()
    cell(page, RIM, 4).tap()
    cell(page, RIM, 1).tap()
    assert [each.step for each in kept(page).steps] == [4]
    box = cell(page, RIM, 4).bounding_box()
    assert box is not None and box["width"] >= 44 and box["height"] >= 44
    page.locator("[data-play]").tap()
    page.wait_for_selector("[data-studio][data-state=playing]")
    context.close()


@CHROMIUM
def test_a_browser_that_keeps_nothing_is_told_and_still_plays(browser: Browser, relay: RelayProcess) -> None:
    watched = Watched(browser, WIDE)
    watched.page.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('No.', 'SecurityError'); };"
    )
    opened(watched.page, relay)
    expect(watched.page.locator("[data-kept]")).to_have_text("Not kept: this browser lets pages keep nothing")
    cell(watched.page, RIM, 0).click()
    expect(cell(watched.page, RIM, 0)).to_have_attribute("aria-label", "Rim, bar 1 beat 1, on, 80 %")
    assert watched.complaints == []
    watched.close()


@CHROMIUM
def test_what_is_made_goes_to_its_makers_account_once_also_when_the_line_drops(
    browser: Browser, relay: RelayProcess
) -> None:
    """An answer that is lost, a page that is closed then, edits without a line: one creation, and all of it."""
    name = f"line.{browser.browser_type.name}"
    watched = Watched(browser, WIDE)
    page = watched.page
    watched.sign_in(relay.url, name)
    opened(page, relay)
    begin(page, "empty")
    cell(page, RIM, 3).click()
    kept(page)

    def lose_answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/creations", lose_answer)
    with page.expect_event("requestfailed"):
        page.locator("[data-do=account]").click()
    page.unroute("**/api/v1/creations")
    page.reload()
    ready(page)
    expect(page.locator("[data-kept]")).to_have_text("Kept in your account")
    (made,) = mine(page, relay)
    assert made["version"] == 1

    watched.context.set_offline(True)
    cell(page, RIM, 5).click()
    cell(page, RIM, 9).click()
    expect(page.locator("[data-kept]")).to_contain_text("when the line is back")
    watched.context.set_offline(False)
    expect(page.locator("[data-kept]")).to_have_text("Kept in your account")
    (made,) = mine(page, relay)
    whole = page.request.get(f"{relay.url}/api/v1/creations/{made['id']}").json()
    assert [each["step"] for each in whole["score"]["steps"]] == [3, 5, 9] and whole["version"] == 2
    watched.close()

    elsewhere = Watched(browser, WIDE)
    elsewhere.sign_in(relay.url, name)
    opened(elsewhere.page, relay)
    elsewhere.page.locator("[data-menu] summary").click()
    elsewhere.page.locator("[data-other]").click()
    expect(cell(elsewhere.page, RIM, 9)).to_have_attribute("aria-label", "Rim, bar 1 beat 3.2, on, 80 %")
    expect(elsewhere.page.locator("[data-kept]")).to_have_text("Kept in your account")
    elsewhere.close()


@BOTH
def test_what_was_made_signed_out_is_brought_into_the_account_once_also_over_a_reload(
    browser: Browser, relay: RelayProcess
) -> None:
    """It is offered, and not done by itself. The answer is lost and the page closed; what is edited meanwhile goes after it."""
    watched = Watched(browser, WIDE)
    page = watched.page
    opened(page, relay)
    for kind in ("empty", "machine", "broken"):
        begin(page, kind)
        page.wait_for_selector("[data-kept=kept]")
    watched.sign_in(relay.url, f"bringer.{browser.browser_type.name}")
    opened(page, relay)
    said = page.locator("[data-bring-said]")
    expect(said).to_have_text("4 works in this browser are not in your account.")
    assert mine(page, relay) == []

    def lose_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/migrate", lose_answer)
    page.route("**/api/v1/creations", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.locator("[data-do=bring]").click()
    expect(said).to_have_text("On their way to your account: 0 of 4 are there.")
    page.locator("[data-field=name]").fill("Later still")
    page.keyboard.press("Tab")
    page.wait_for_selector("[data-kept=keeping]")
    page.unroute("**/api/migrate")
    page.unroute("**/api/v1/creations")
    page.reload()
    ready(page)
    expect(said).to_have_text("4 works are in your account now.")
    expect(page.locator("[data-kept]")).to_have_text("Kept in your account")
    titles = [each["title"] for each in mine(page, relay)]
    assert len(titles) == 3 and "Later still" in titles, titles
    page.reload()
    ready(page)
    expect(page.locator("[data-bring]")).to_be_hidden()
    watched.close()


def mine(page: Page, relay: RelayProcess) -> list[dict[str, object]]:
    answer = page.request.get(f"{relay.url}/api/v1/creations?kind=loop")
    found: list[dict[str, object]] = answer.json()["creations"]
    return found


@CHROMIUM
def test_what_somebody_has_chosen_in_their_settings_is_what_they_begin_with(
    browser: Browser, relay: RelayProcess
) -> None:
    watched = Watched(browser, WIDE)
    page = watched.page
    page.set_default_timeout(LIMIT_MS)
    watched.sign_in(relay.url, f"chooser-{browser.browser_type.name}")
    page.goto(f"{relay.url}/settings/studio")
    for field, value in {"bpm": "97", "volume": "0.3"}.items():
        page.fill(f"[name={field}]", value)
    for field, value in {"key": "Eb", "flavor": "Merengue", "theme": "Dark"}.items():
        page.select_option(f"[name={field}]", label=value)
    page.uncheck("[name=beat_numbers]")
    page.click(".own-form .follow")
    expect(page.locator("[name=bpm]")).to_have_value("97")
    expect(page.locator("[name=key]")).to_have_value("3")
    opened(page, relay)
    expect(page.locator("[data-field=bpm]")).to_have_value("122")  # a house loop stays one
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("[data-volume]")).to_have_value("0.3")
    begin(page, "pattern")
    expect(page.locator("[data-field=bpm]")).to_have_value("97")
    expect(page.locator("[data-field=key]")).to_have_value("Eb")
    assert page.locator("[data-ruler]").evaluate("each => getComputedStyle(each).visibility") == "hidden"
    names = page.locator(".works-new [data-fresh]").evaluate_all("all => all.map(each => each.dataset.fresh)")
    assert names.index("merengue") < names.index("machine")
    assert watched.complaints == []
    watched.close()
