"""Every page as who cannot see it, has only keys, or holds a phone of 360 pixels: axe-core on each in both themes, and no page forgotten."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from relay.core import calls
from tests.integration.test_relay_commands import relay_command
from tests.integration.test_relay_mail import give, path_in, sending, to
from tests.support.browser import PHONE, WIDE, Watched, running_browser
from tests.support.claims import Claim, FormBrowser
from tests.support.deliveries import PushBrowser, confirm_mail, letters_to, urgent
from tests.support.engines import EMBEDDED
from tests.support.loops import loop_flac
from tests.support.mail_server import MailServer, running_mail_server
from tests.support.node import installed
from tests.support.relay import RelayClient, RelayProcess, running_relay
from tests.support.rows import every_row

FIRST_VIEW_BYTES = 100_000
NOT_SHOWN = {
    "/sign-in/{name}",
    "/sign-in/{name}/callback",
    "/api/v1/auth/oauth/{name}",
    "/static/{name}",
    "/settings",
    "/confirm-mail/{secret}",
    "/stop-letters/{secret}",
}
"""They send on, or are files; or are for who reads a letter, who need not be signed in."""
FOR_STRANGERS = (
    "/",
    "/sign-in",
    "/sign-up",
    "/p/{post_id}",
    "/p/{post_id}/embed",
    "/loop/{token}",
    "/explore",
    "/studio",
    "/links",
    "/nothing/here",
    "/join/{secret}",
    "/reset-password/{secret}",
    "/forgot-password",
    "/confirm-mail/{secret}",
    "/stop-letters/{secret}",
    "/oauth/authorize",
)
LINKS = {
    "/oauth/authorize": "authorize",
    "/join/{secret}": "join",
    "/reset-password/{secret}": "reset",
    "/confirm-mail/{secret}": "confirm",
    "/stop-letters/{secret}": "stop",
    "/loop/{token}": "shared",
    "/creations/{creation_id}/links": "links",
}
"""Pages whose addresses something else gives, such as a device or an invite: of which value."""
LOOP = {
    "kind": "loop",
    "name": "Dusk",
    "bars": 4,
    "chords": [{"beat": beat, "root": root, "quality": "maj7"} for beat, root in ((0, "C"), (8, "F"))],
    "steps": [{"step": step, "sound": "drum-kick"} for step in range(0, 64, 4)],
}
BY_FINGER = """() => {
  const hit = (each, x, y) => {
    const there = document.elementFromPoint(x, y);
    return there && (each.contains(there) || there.closest("label")?.control === each);
  };
  const inText = (each) => getComputedStyle(each).display === "inline" && each.closest("p, li, dd, blockquote, h1, h2, h3")
    && each.closest("p, li, dd, blockquote, h1, h2, h3").textContent.trim() !== each.textContent.trim();
  const small = [];
  for (const each of document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=slider]")) {
    if (each.tabIndex < 0 || each.disabled || each.closest(".marks, .unseen, .skip") || inText(each)) continue;
    if (!each.checkVisibility({ visibilityProperty: true })) continue;
    each.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = (each.matches("[type=radio], [type=checkbox]") ? each.closest("label") : each).getBoundingClientRect();
    if (!box.width) continue;
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const missed = [[0, -21], [0, 21], [-21, 0], [21, 0]].filter(([dx, dy]) => !hit(each, x + dx, y + dy));
    if (missed.length) small.push(`${each.localName}.${each.className} “${each.textContent.trim().slice(0, 20)}” ${Math.round(box.width)}×${Math.round(box.height)}`);
  }
  return [...new Set(small)].slice(0, 8);
}"""
"""What a finger of 44 px does not meet: what one presses, but for links in running text, which WCAG 2.5.5 leaves out."""
PLAIN = """() => {
  const shows = (each, style) => style.textDecorationLine !== "none" || style.borderBottomStyle !== "none" || each.querySelector("img, svg")
    || style.backgroundColor !== "rgba(0, 0, 0, 0)" || +style.fontWeight > +getComputedStyle(each.parentElement).fontWeight;
  const found = [];
  for (const each of document.querySelectorAll("p:not(.tally) a[href], dd a[href], blockquote a[href]")) {
    const words = each.closest("p, dd, blockquote").cloneNode(true);
    words.querySelectorAll("a, button").forEach((one) => one.remove());
    if (/\\p{L}/u.test(words.textContent) && each.checkVisibility() && !shows(each, getComputedStyle(each)))
      found.push(`a link that looks like the words around it: ${each.textContent.trim().slice(0, 30)}`);
  }
  for (const each of document.querySelectorAll("button, input, select, textarea"))
    if (each.checkVisibility() && ["outset", "inset"].includes(getComputedStyle(each).borderTopStyle))
      found.push(`looks as the browser has it, not as ours: ${each.outerHTML.slice(0, 80)}`);
  return [...new Set(found)].slice(0, 8);
}"""
"""Links that nobody sees in their sentence (a tally of figures is none), and what nobody gave a look."""
MOVING = """() => {
  document.querySelectorAll("[data-state]").forEach((each) => { each.dataset.state = "loading"; });
  return [...document.querySelectorAll("body *")].map((each) => [each, getComputedStyle(each)]).filter(([, style]) =>
    style.animationName !== "none" || style.transitionDuration.split(", ").some((each) => each !== "0s"))
    .slice(0, 4).map(([each]) => `${each.localName}.${each.className}`);
}"""
"""What moves though its reader asked for less of that."""
SENT_BYTES = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, each) => sum + each.encodedBodySize, 0)"""
RUN = """async (rules) => {
  const options = rules ? { runOnly: { type: "rule", values: rules } } : {};
  const found = await axe.run(document, { ...options, resultTypes: ["violations"], selectors: false, preload: false });
  return found.violations.filter((each) => ["serious", "critical"].includes(each.impact)).map((each) =>
    `${each.id} (${each.impact}): ${each.nodes.map((node) => node.html.slice(0, 160)).slice(0, 4).join("; ")}`);
}"""
"""Without what takes a third of its time: selectors for all that is right, and loading sounds for a rule about them that is none of these."""
ALIKE = """(most) => {
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  const part = (each) => `${each.localName}.${each.className}[${each.getAttributeNames().join()}]`;
  for (const parent of document.querySelectorAll("main, main *")) {
    const seen = new Map();
    for (const child of [...parent.children]) {
      const kind = [...new Set([child, ...child.querySelectorAll("*")].map(part))].sort().join(" ");
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (seen.get(kind) > most) child.remove();
    }
  }
  return [...new Set(ids.filter((each, n) => ids.indexOf(each) !== n))];
}"""
"""Leaves so many of neighbours that are made of the same parts, and says which ids stood twice. The page of the interface has
hundreds; axe-core takes ten times as long for them all as for any other page, and finds the same.
"""
MOST_ALIKE = 3
TOO_WIDE = """() => document.documentElement.scrollWidth > innerWidth &&
  [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 4).map((each) => `${each.localName}.${each.className}`).join(" ")"""
FOCUSED = """() => {
  const [each, box] = [document.activeElement, document.activeElement.getBoundingClientRect()];
  const style = getComputedStyle(each);
  return [each.dataset.name ?? (each.id || each.className || each.name || each.textContent.trim().slice(0, 20)),
    each === document.body, box.width > 0 && (style.outlineStyle !== "none" || each.matches("[data-file], .marks a"))];
}"""


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with running_mail_server(tmp_path_factory.mktemp("mail")) as server:
        yield server


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, letters: MailServer) -> Iterator[RelayProcess]:
    """With something on every page."""
    data, engines = tmp_path_factory.mktemp("relay") / "data", sending(EMBEDDED, letters.url)
    with running_relay(data, "--registration", "open", engines=engines) as process:
        yield process


@pytest.fixture(scope="module")
def values(relay: RelayProcess, letters: MailServer) -> dict[str, str]:
    """Of the parameters of paths."""
    with closing(RelayClient(relay.url)) as mira, closing(RelayClient(relay.url)) as ben:
        mira.sign_in("mira.k")
        ben.sign_in("ben")
        posts = []
        for seed, facts in enumerate(({"key": "A minor"}, {"visibility": "private"}, {})):
            audio, bars = loop_flac(seed, bpm=128.0)
            posts.append(
                mira.post(audio, title=f"Loop {seed}", bpm=128.0, bar_frames=bars, genre=["dub"], **facts).id
            )
        mira.http.patch(f"/audio/{posts[2]}", json={"archived": True, "licence": "cc-by"}).raise_for_status()
        ben.follow("mira.k")
        ben.http.post("/social/like", json={"post_id": posts[0], "emoji": "🔥"}).raise_for_status()
        ben.http.post("/social/react", json={"post_id": posts[0], "emoji": "🚀"}).raise_for_status()
        mira.http.post("/social/like", json={"post_id": posts[0]}).raise_for_status()
        remix = {"remix_of": posts[0], "title": "Loop 4"}
        mira.post(loop_flac(4, bpm=128.0)[0], visibility="unlisted", **remix)
        mira.http.post("/social/save", json={"post_id": posts[0]}).raise_for_status()
        said = ben.http.post(
            f"/audio/{posts[0]}/comments", json={"text": "How is it made, @mira.k ?", "position_ms": 900}
        )
        ben.http.post("/reports", json={"kind": "post", "id": posts[0], "reason": "other", "text": "Look"})
        mira.http.post("/reports", json={"kind": "account", "id": ben.user_id, "reason": "spam"})
        own = mira.http.post(f"/audio/{posts[0]}/comments", json={"text": "Yes"}).json()["id"]
        mira.http.post(f"/audio/{posts[0]}/comments", json={"text": "No", "parent_id": said.json()["id"]})
        authorize = Claim(ben).address()
        loop = mira.http.post("/creations", json={"score": LOOP, "visibility": "public"}).json()["id"]
        fork = ben.http.post(f"/creations/{loop}/fork").json()["id"]
        ben.http.patch(f"/audio/{fork}", json={"visibility": "public"}).raise_for_status()
        mira.http.post("/notifications/webhooks", json={"url": "https://127.0.0.1/"}).raise_for_status()
        browser = PushBrowser("https://127.0.0.1/push").subscription
        mira.http.post("/notifications/browsers", json=browser).raise_for_status()
        stop = stop_link(relay, mira, ben, letters)
        link = mira.http.post(f"{relay.url}/api/loops/{loop}/share", json={"expiresIn": None}).json()
    relay_command("users", "--data", relay.data, "role", "mira.k", "admin")
    with FormBrowser(relay.url) as somebody:
        somebody.http.post("/sign-up", data={"username": "tess", "password": "eight bars of rain"})
        assert give(somebody, "tess@example.com") == 303
    (letter,) = letters.wait_for(1, to("tess@example.com"))
    return {
        "post_id": posts[0],
        "username": "ben",
        "list": "followers",
        "who": "likes",
        "comment_id": own,
        "tag": "dub",
        "authorize": authorize,
        "confirm": path_in(letter),
        "stop": stop,
        "shared": f"/loop/{link['shareToken']}",
        "links": f"/creations/{loop}/links",
        "join": path_said(relay, "invite"),
        "reset": path_said(relay, "users", "link", "tess"),
    }


def stop_link(relay: RelayProcess, mira: RelayClient, ben: RelayClient, letters: MailServer) -> str:
    """The path of the link by which ben gets no more letters."""
    address = confirm_mail(relay.url, "ben", letters)
    urgent(ben, "mail")
    mira.follow("ben")
    (letter,) = letters_to(letters, address, 1)
    return urlsplit(letter["list-unsubscribe"].strip("<> ")).path


def path_said(relay: RelayProcess, *command: str) -> str:
    """Of the link that a command of the operator makes."""
    path: str = json.loads(relay_command(*command, "--data", relay.data, "--json").stdout)["path"]
    return path


@pytest.fixture(scope="module")
def paths() -> list[str]:
    """The paths of all pages for people."""
    pages = [row for row in every_row() if isinstance(row, calls.Page)]
    return [
        row.path for row in pages if row.method == "GET" and not row.machine and row.path not in NOT_SHOWN
    ]


@pytest.fixture(scope="module")
def browser(paths: list[str]) -> Iterator[Browser]:  # which come first: the browser has the thread's loop
    with running_browser() as running:
        yield running


def address_of(path: str, values: dict[str, str]) -> str:
    return values[LINKS[path]] if path in LINKS else path.format(**values)


def faults_of(page: Page, axe: str) -> list[str]:
    """What axe-core calls serious or critical in light and in dark; what sticks out of a phone, what a finger misses there; what
    comes with too many bytes.
    """
    sent_bytes = page.evaluate(SENT_BYTES)
    found = [f"{sent_bytes} bytes"] if sent_bytes > FIRST_VIEW_BYTES else []
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(axe)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = false; })")
    if too_wide := page.evaluate(TOO_WIDE):
        found.append(f"wider than a phone: {too_wide}")
    found += [f"too small for a finger: {each}" for each in page.evaluate(BY_FINGER)]
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    found += page.evaluate(PLAIN)
    found += [f"an id that stands twice: {each}" for each in page.evaluate(ALIKE, MOST_ALIKE)]
    found += [f"light: {each}" for each in page.evaluate(RUN, None)]
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {each}" for each in page.evaluate(RUN, ["color-contrast", "link-in-text-block"])]
    found += [f"moves: {each}" for each in page.evaluate(MOVING)]
    return found


def test_nothing_serious_on_any_page(
    relay: RelayProcess, browser: Browser, values: dict[str, str], paths: list[str]
) -> None:
    """(It takes long for it is every page that there is.)"""
    axe = (Path(installed("axe")) / "node_modules" / "axe-core" / "axe.min.js").read_text() + "; null"
    watched, found = Watched(browser, WIDE), {}
    page = watched.page

    def look(who: str, path: str) -> None:
        page.goto(relay.url + address_of(path, values))
        if faults := faults_of(page, axe):
            found[f"{who} at {path}"] = faults

    for path in FOR_STRANGERS:
        look("a stranger", path)
    watched.sign_in(relay.url, "mira.k")
    for path in paths:
        look("an admin", path)
    watched.close()
    assert not found, "\n".join(f"{where}\n  " + "\n  ".join(what) for where, what in found.items())


def test_nothing_serious_on_the_ways_of_letters_and_passwords(
    relay: RelayProcess, browser: Browser, letters: MailServer
) -> None:
    """To their ends: what each form says when it was sent, and when it is refused."""
    axe = (Path(installed("axe")) / "node_modules" / "axe-core" / "axe.min.js").read_text() + "; null"
    with FormBrowser(relay.url) as somebody:
        somebody.http.post("/sign-up", data={"username": "uma", "password": "eight bars of rain"})
        assert give(somebody, "uma@example.com") == 303
    (letter,) = letters.wait_for(1, to("uma@example.com"))
    watched, found = Watched(browser, WIDE), {}
    page = watched.page

    def send(path: str, **fields: str) -> None:
        page.goto(relay.url + path)
        for name, value in fields.items():
            page.fill(f"main [name={name}]:visible", value)
        with page.expect_navigation():
            page.locator("main form:not([action='/session']) [type=submit]").first.click()
        if faults := faults_of(page, axe):
            found[path] = faults

    send(path_in(letter))
    send(path_said(relay, "users", "link", "uma"), password="nine bars of rain")
    send("/forgot-password", who="uma")
    watched.context.clear_cookies()
    send("/sign-in", username="uma", password="no bars at all")
    send("/sign-in", username="uma", password="nine bars of rain")
    send("/settings/two-step")
    send("/settings/two-step", code="000000")
    send("/settings/mail")
    watched.close()
    assert not found, "\n".join(f"{where}\n  " + "\n  ".join(what) for where, what in found.items())


def test_every_page_can_be_read_and_every_form_sent_without_a_script(
    relay: RelayProcess, values: dict[str, str], paths: list[str]
) -> None:
    """What the relay sends has the words in it already; but for what sends a file in parts, which says how else it goes."""
    with FormBrowser(relay.url) as browser:
        browser.sign_in("mira.k")
        for path in paths:
            sent = browser.http.get(address_of(path, values))
            body = sent.text.partition("<body>")[2]
            assert re.search(r"<h1\b", body), path
            for form in re.findall(r"<form\b[^>]*>", body):
                assert 'method="' in form or ("data-form" in form and "<noscript>" in body), (path, form)


def test_keys_reach_all_of_a_page_and_one_sees_where_they_are(
    relay: RelayProcess, browser: Browser, values: dict[str, str]
) -> None:
    watched = Watched(browser, WIDE)
    page = watched.page
    watched.sign_in(relay.url, "mira.k")
    page.goto(f"{relay.url}/p/{values['post_id']}")
    reached = []
    for _ in range(80):
        page.keyboard.press("Tab")
        name, is_end, is_seen = page.evaluate(FOCUSED)
        if is_end:
            break
        assert is_seen, f"nobody sees that {name} has the keys"
        reached.append(name)
    assert reached[0] == "skip"
    for part in ("me", "play", "seek", "loop", "like", "button", "at"):
        assert part in reached, f"{part} is not among {reached}"
    page.locator(".me").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Your page"
    page.keyboard.press("Escape")
    assert (
        page.evaluate("document.activeElement.className") == "me"
        and not page.locator(".menu-in").is_visible()
    )
    watched.close()


def test_a_first_view_is_small(relay: RelayProcess, browser: Browser, values: dict[str, str]) -> None:
    """All that comes over the line until a page is there, without sound: as it is sent, with its headers' bodies."""
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("many")
        for seed in range(20):
            audio, bars = loop_flac(seed % 4, bpm=480.0)  # four bars in two seconds
            client.post(
                audio, title=f"One of many, number {seed}", bpm=128.0, bar_frames=bars, genre=["dub", "late"]
            )
    for path in ("/", "/p/{post_id}", "/studio"):
        watched, sizes = Watched(browser, PHONE), {}
        if path == "/studio":  # has most for who is signed in
            watched.sign_in(relay.url, "mira.k")
        watched.page.on("response", lambda each, sizes=sizes: sizes.__setitem__(each.url, each))
        watched.page.goto(relay.url + path.format(**values), wait_until="networkidle")
        sent = {url: each.request.sizes()["responseBodySize"] for url, each in sizes.items()}
        assert not any("/mp3" in url for url in sent), "no sound before somebody wants it"
        assert sum(sent.values()) <= FIRST_VIEW_BYTES, sent
        watched.close()
