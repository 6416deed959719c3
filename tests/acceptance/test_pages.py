"""The web pages in a real Chromium: they look like something, they play, and the browser has nothing to complain."""

import struct
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from relay.wire import events
from relay.wire.rest import AudioPost
from tests.support.browser import WIDE, Watched
from tests.support.loops import loop_flac
from tests.support.relay import RelayClient, RelayProcess

FLOWED_S = 0.3
NASTY = '"><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def posts(relay: RelayProcess, mira: RelayClient) -> list[AudioPost]:
    """What a young feed looks like; the last one is the newest."""
    made: list[AudioPost] = []
    for seed, (title, bpm, rate_hz, facts) in enumerate(
        [
            (NASTY, 120.0, 48_000, {}),
            ("Rain on tin (take 3)", 92.5, 44_100, {"daw": "Bitwig Studio"}),
            (
                "Saturday, too early for a kick this loud",
                140.0,
                96_000,
                {"key": "A minor", "genre": ["techno", "dub"]},
            ),
            (
                "Night bus",
                128.0,
                48_000,
                {
                    "key": "F minor",
                    "daw": "Ardour",
                    "genre": ["house"],
                    "bpm_source": "transport",
                    "key_source": "audio",
                    "key_confidence": 0.81,
                },
            ),
        ]
    ):
        audio, bars = loop_flac(seed, sample_rate_hz=rate_hz, bpm=bpm)
        made.append(mira.post(audio, title=title, bpm=bpm, duration_bars=4, bar_frames=bars, **facts))
    return made


def sign_in(page: Page, relay: RelayProcess, name: str) -> None:
    page.goto(relay.url)
    page.fill("#username", name)
    page.click(".sign-in button")
    page.wait_for_selector(".me")


def play(page: Page, index: int = 0) -> dict[str, str]:
    """Press play on a player and wait until time flows; the player's state."""
    page.locator("[data-play]").nth(index).click()
    page.wait_for_function(
        "([i, s]) => Number(document.querySelectorAll('[data-player]')[i].dataset.currentTime) > s",
        arg=[index, FLOWED_S],
    )
    return state_of(page, index)


def state_of(page: Page, index: int = 0) -> dict[str, str]:
    state: dict[str, str] = page.locator("[data-player]").nth(index).evaluate("e => ({...e.dataset})")
    return state


def colours_of(path: Path) -> tuple[int, int, int]:
    """Width, height and the number of different colours of an 8-bit RGB(A) PNG (ISO/IEC 15948)."""
    data = path.read_bytes()
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert depth == 8 and kind in (2, 6)
    at, packed = 8, b""
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        packed += data[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    size = 3 if kind == 2 else 4
    raw, line = zlib.decompress(packed), width * size + 1
    above, colours = bytearray(line - 1), set[bytes]()
    for start in range(0, len(raw), line):
        row = bytearray(raw[start + 1 : start + line])
        _unfilter(raw[start], row, above, size)
        colours |= {bytes(row[i : i + size]) for i in range(0, len(row), size)}
        above = row
    return width, height, len(colours)


def _unfilter(kind: int, row: bytearray, above: bytearray, size: int) -> None:
    for i in range(len(row)):
        left = row[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        up = above[i]
        if kind == 4:
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda each: abs(guess - each))
        else:
            nearest = (0, left, up, (left + up) // 2)[kind]
        row[i] = (row[i] + nearest) & 0xFF


def test_the_feed_shows_and_plays_every_post(
    relay: RelayProcess, posts: list[AudioPost], watched: Watched
) -> None:
    page = watched.page
    page.goto(relay.url)
    assert page.locator(".card").count() == len(posts)
    assert page.locator(".card .title").all_inner_texts() == [each.title for each in reversed(posts)]
    first = page.locator(".card").first
    for text in ("128 BPM", "F minor", "4 bars", "mira.k", "Ardour", "LUFS", "dBTP"):
        assert text in first.inner_text()
    for index, post in enumerate(reversed(posts)):
        state = play(page, index)
        expected = post.frames // 2 if post.sample_rate_hz == 96_000 else post.frames
        assert state["state"] == "playing"
        assert int(state["decodedFrames"]) == int(state["frames"]) == expected
    playing = [state_of(page, each)["state"] for each in range(len(posts))]
    assert playing == ["paused"] * 3 + ["playing"]  # one at a time
    name = f"feed-{page.viewport_size['width']}"  # type: ignore[index]
    width, height, colours = colours_of(watched.screenshot(name))
    assert (width, height) == (page.viewport_size["width"], page.viewport_size["height"])  # type: ignore[index]
    assert colours > 60
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing sticks out sideways


def test_a_long_name_sticks_out_of_no_page(relay: RelayProcess, browser: Browser) -> None:
    watched = Watched(browser, WIDE)
    watched.sign_in(relay.url, "a.very.long.name.that.may.be")
    watched.page.goto(f"{relay.url}/settings/profile")
    for width in (1400, 1300, 1200, 1081, 1080, 861, 561, 360):
        watched.page.set_viewport_size({"width": width, "height": 900})
        assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
    watched.close()
    assert watched.complaints == []


def test_a_post_has_a_page_whose_player_seeks_loops_and_obeys_keys(
    relay: RelayProcess, posts: list[AudioPost], watched: Watched
) -> None:
    page, post = watched.page, posts[-1]
    page.goto(post.page_url)
    assert page.title() == "Night bus by mira.k · Sidechain"
    figures = " ".join(page.locator(".figures > div").all_inner_texts())
    for text in ("from the DAW", "by ear, 81% sure", "Range"):
        assert text in figures
    play(page)
    box = page.locator("[data-seek]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    length_s = post.frames / post.sample_rate_hz
    near_end = float(state_of(page)["currentTime"])
    page.wait_for_function("() => Number(document.querySelector('[data-player]').dataset.currentTime) > 6.5")
    assert near_end <= length_s
    shot = watched.screenshot(f"post-{page.viewport_size['width']}")  # type: ignore[index]
    assert colours_of(shot)[2] > 60
    wrapped = "() => Number(document.querySelector('[data-player]').dataset.currentTime) < 2"
    page.wait_for_function(wrapped)  # the loop went round
    assert state_of(page)["state"] == "playing"
    page.locator("[data-seek]").press("Enter")
    assert state_of(page)["state"] == "paused"
    page.locator("[data-seek]").press("Home")
    assert float(state_of(page)["currentTime"]) == 0.0
    page.locator("[data-seek]").press("ArrowRight")
    assert float(state_of(page)["currentTime"]) == 1.0
    width = float(page.locator("[data-played]").get_attribute("width") or 0)
    assert width == pytest.approx(640 / length_s, rel=0.01)


SEEN_NODES = """
const create = AudioContext.prototype.createBufferSource;
AudioContext.prototype.createBufferSource = function () {
  return (window.node = create.call(this));
};
"""
TWO_ROUNDS = """async (frames) => {
  const { buffer, loop, loopStart, loopEnd } = window.node;
  const offline = new OfflineAudioContext(buffer.numberOfChannels, 2 * frames + 999, buffer.sampleRate);
  const node = offline.createBufferSource();
  Object.assign(node, { buffer, loop, loopStart, loopEnd });
  node.connect(offline.destination);
  node.start();
  const played = await offline.startRendering();
  let different = 0;
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    const [sound, heard] = [buffer.getChannelData(c), played.getChannelData(c)];
    for (let i = 0; i < heard.length; i++) different += heard[i] !== sound[i % frames];
  }
  return { different, length: buffer.length, loop, loopStart };
}"""


def test_the_loop_is_as_long_as_the_take_to_the_frame(posts: list[AudioPost], browser: Browser) -> None:
    """What the player set up, rendered for two rounds: every sample of the second is that of the first."""
    watched = Watched(browser, WIDE)
    page = watched.page
    page.add_init_script(SEEN_NODES)
    for post in posts:
        page.goto(post.page_url)
        play(page)
        frames = post.frames // 2 if post.sample_rate_hz == 96_000 else post.frames
        found = page.evaluate(TWO_ROUNDS, frames)
        assert found == {"different": 0, "length": frames, "loop": True, "loopStart": 0}
    assert watched.complaints == []
    watched.close()


def test_without_the_loop_it_ends(posts: list[AudioPost], browser: Browser) -> None:
    watched = Watched(browser, WIDE)
    page = watched.page
    page.goto(posts[-1].page_url)
    page.click("[data-loop]")
    page.locator("[data-seek]").press("End")
    page.locator("[data-seek]").press("ArrowLeft")
    page.click("[data-play]")
    page.wait_for_selector('[data-state="playing"]')
    page.wait_for_selector('[data-state="paused"]')
    assert float(state_of(page)["currentTime"]) == 0.0
    watched.close()
    assert watched.complaints == []


def test_signed_in_one_likes_follows_and_sees_things_arrive(
    relay: RelayProcess, mira: RelayClient, posts: list[AudioPost], watched: Watched
) -> None:
    page = watched.page
    name = f"viewer-{page.viewport_size['width']}"  # type: ignore[index]
    sign_in(page, relay, name)
    before = mira.http.get(f"/audio/{posts[-1].id}").json()["like_count"]
    like = page.locator(f'[data-like="{posts[-1].id}"]')
    like.click()
    page.wait_for_selector(f'[data-like="{posts[-1].id}"][aria-pressed="true"]')
    assert mira.http.get(f"/audio/{posts[-1].id}").json()["like_count"] == before + 1
    fire = f'[data-post="{posts[-1].id}"] [data-react="🔥"]'
    page.click(fire)
    page.wait_for_selector(f'{fire}[aria-pressed="true"]')
    count = mira.http.get(f"/audio/{posts[-1].id}").json()["reactions"]["🔥"]
    assert page.locator(f"{fire} [data-count]").inner_text() == str(count)
    page.goto(f"{relay.url}/u/mira.k")
    page.click("[data-follow]")
    page.wait_for_selector('[data-follow][aria-pressed="true"]')
    followers = mira.http.get("/users/mira.k").json()["follower_count"]
    assert (
        page.locator("[data-followers]").inner_text()
        == f"{followers} follower{'' if followers == 1 else 's'}"
    )
    shot = watched.screenshot(f"person-{page.viewport_size['width']}")  # type: ignore[index]
    assert colours_of(shot)[2] > 60
    page.goto(f"{relay.url}/following")
    assert page.locator(".card").count() >= len(posts)
    socket = mira.socket()
    socket.send(events.Presence(status="producing", daw="Ardour", bpm=128.0))
    page.wait_for_selector(f'[data-user="{mira.user_id}"]')
    audio, _ = loop_flac(9)
    fresh = mira.post(audio, title="Just now")
    page.wait_for_selector("[data-fresh]:visible")
    assert "mira.k" in page.locator("[data-fresh]").inner_text()
    page.click("[data-fresh]")
    page.wait_for_selector(f'[data-like="{fresh.id}"]')
    socket.send(events.Presence(status="offline"))
    page.wait_for_selector(f'[data-user="{mira.user_id}"]', state="detached")
    socket.close()
    page.click(".me")
    page.click("text=Sign out")
    page.wait_for_selector("#username")


def test_the_interface_is_described_without_help_from_elsewhere(
    relay: RelayProcess, watched: Watched
) -> None:
    asked: list[str] = []
    watched.page.on("request", lambda each: asked.append(each.url))
    watched.page.goto(f"{relay.url}/api/docs")
    assert watched.page.locator(".op").count() > 25
    assert "/api/v1/audio/upload" in watched.page.content()
    assert all(each.startswith(relay.url) for each in asked)


def test_nothing_plays_without_script_but_the_browsers_own_player(
    relay: RelayProcess, posts: list[AudioPost], browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(posts[-1].page_url)
    audio = page.locator("audio")
    assert audio.get_attribute("src") == f"/api/v1/audio/{posts[-1].id}/mp3"
    assert audio.is_visible()
    context.close()
