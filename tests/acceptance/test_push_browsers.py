"""Web push, from a like to a click, in real browsers: Firefox subscribes by itself at a push service of this machine, opens what the relay sealed and
shows it on a desktop; Chromium, whose push service is Google's alone, is handed by its debugger what a browser of ours has opened.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from relay.wire.rest import AudioPost
from tests.support.browser import Watched, running_browser
from tests.support.clients import AUDIO, client_of, close_all
from tests.support.deadlines import HANG_S
from tests.support.deliveries import subscribed, urgent
from tests.support.desktop import running_desktop
from tests.support.engines import Engines
from tests.support.mail_server import make_tls
from tests.support.push_line import running_push_line
from tests.support.push_service import Receiver, running_receiver
from tests.support.relay import RelayClient, RelayProcess, running_relay
from tests.support.whole import short_folder

CHOOSE = "/notifications/preferences"
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/notifications");
  return (await registration.getNotifications()).map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }));
}"""

REGISTER = """async () => {
  await navigator.serviceWorker.register("/push-worker.js", { scope: "/notifications" });
  await navigator.serviceWorker.ready;
}"""
CLICK = """async () => {
  const [notification] = await self.registration.getNotifications();
  const opened = new Promise((tell) => { self.clients.openWindow = async (url) => tell(String(url)); });
  self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
  return await opened;
}"""
"""What a click on the desktop makes of a notification; a window is opened for somebody's hand alone, so where it would be opened is looked at."""


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def receiver(tls: tuple[Path, Path]) -> Iterator[Receiver]:
    with running_receiver(*tls) as running:
        yield running


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, tls: tuple[Path, Path]) -> Iterator[RelayProcess]:
    engines = Engines({"SIDECHAIN_RELAY_PRIVATE_TARGETS": "true", "SSL_CERT_FILE": str(tls[0])})
    with running_relay(
        tmp_path_factory.mktemp("push") / "data", "--log-level", "info", engines=engines
    ) as process:
        yield process
    close_all()


def liked(relay: RelayProcess, star: RelayClient) -> AudioPost:
    """A song of theirs, from now on."""
    song = star.post(AUDIO, title="Song")
    fan = client_of(relay, f"fan-of-{star.username}")
    fan.http.post("/social/like", json={"post_id": song.id}).raise_for_status()
    return song


def asked_for(relay: RelayProcess, row: str) -> None:
    """Wait until somebody has asked the relay for it and was answered."""
    log, until = relay.data.parent / f"{relay.data.name}.log", time.monotonic() + HANG_S
    while f'"row": "{row}", "status": 200' not in log.read_text():
        assert time.monotonic() < until, row
        time.sleep(0.05)


def shown_on(page: Page) -> dict[str, str]:
    """The one notification that the page's browser shows."""
    page.wait_for_function(f"async () => (await ({SHOWN})()).length > 0")
    (shown,) = page.evaluate(SHOWN)
    return dict(shown)


def test_firefox_subscribes_opens_a_push_shows_it_and_a_click_leads_to_the_post(
    relay: RelayProcess, receiver: Receiver
) -> None:
    star = client_of(relay, "star")
    urgent(star, "push")
    with (
        short_folder() as folder,
        running_desktop(folder) as desktop,
        running_push_line(receiver.url) as line,
        running_browser("firefox", desktop.environment, line.preferences) as firefox,
    ):
        watched = Watched(firefox)
        watched.sign_in(relay.url, "star")
        watched.page.goto(relay.url + CHOOSE)
        watched.page.click("[data-subscribe]")
        path = line.subscribed()
        watched.page.wait_for_selector("text=Firefox on Linux")
        song = liked(relay, star)
        (got,) = receiver.wait_for(path)
        assert line.deliver(got) == 100, "decrypted by the key that the browser made"
        assert desktop.shown() == "Sidechain fan-of-star liked “Song”"
        shown = shown_on(watched.page)
        assert shown["url"] == f"/p/{song.id}" and shown["tag"] == got.headers["topic"]
        desktop.click()
        asked_for(relay, "/p/{post_id}")
        assert watched.complaints == []
        watched.close()


def test_chromium_shows_what_a_browser_has_opened_and_a_click_leads_to_the_post(
    relay: RelayProcess, receiver: Receiver
) -> None:
    star = client_of(relay, "star2")
    urgent(star, "push")
    ours = subscribed(star, receiver, "/push/star2")
    song = liked(relay, star)
    (got,) = receiver.wait_for("/push/star2")
    with running_browser() as chromium:
        watched = Watched(chromium)
        watched.context.grant_permissions(["notifications"], origin=relay.url)
        watched.sign_in(relay.url, "star2")
        watched.page.goto(relay.url + CHOOSE)
        debugger = watched.context.new_cdp_session(watched.page)
        found = list[dict[str, str]]()
        debugger.on(
            "ServiceWorker.workerRegistrationUpdated", lambda said: found.extend(said["registrations"])
        )
        debugger.send("ServiceWorker.enable")
        with watched.context.expect_event("serviceworker") as started:
            watched.page.evaluate(REGISTER)
        worker = started.value
        handed = {"origin": relay.url, "registrationId": found[-1]["registrationId"]}
        debugger.send("ServiceWorker.deliverPushMessage", handed | {"data": ours.open(got).decode()})
        shown = shown_on(watched.page)
        assert shown == {
            "title": "Sidechain",
            "body": "fan-of-star2 liked “Song”",
            "tag": got.headers["topic"],
            "url": f"/p/{song.id}",
        }
        assert worker.evaluate(CLICK) == f"{relay.url}/p/{song.id}"
        assert watched.page.evaluate(SHOWN) == [], "it is shown no more"
        watched.close()
