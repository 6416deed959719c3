"""The daily letter, from three acts to a real mail server, while a relay's clock goes on to the end of somebody's night; and the link that stops it."""

import datetime
import re
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from tests.support.claims import FormBrowser
from tests.support.clients import AUDIO, client_of
from tests.support.deliveries import KINDS, confirm_mail, deliveries, letters_to, told_by, wait_for_state
from tests.support.engines import EMBEDDED, Engines
from tests.support.mail_server import MailServer, make_tls, running_mail_server
from tests.support.relay import RelayClient, RelayProcess, running_relay
from tests.support.wrong_clock import WrongClock

DAY_S = 24 * 3600


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> WrongClock:
    return WrongClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with running_mail_server(tmp_path_factory.mktemp("mail")) as running:
        yield running


@pytest.fixture(scope="module")
def band(
    tmp_path_factory: pytest.TempPathFactory, server: MailServer, clock: WrongClock
) -> Iterator[RelayProcess]:
    chain, _ = make_tls(tmp_path_factory.mktemp("tls"))
    engines = Engines({**told_by(EMBEDDED, server, chain).environment, **clock.env})
    with running_relay(tmp_path_factory.mktemp("band") / "data", engines=engines) as process:
        yield process


def daily(client: RelayClient, quiet_from: str, quiet_to: str) -> None:
    """A letter a day of all kinds, and no push."""
    kinds = [{"kind": kind, "mail": True, "push": False} for kind in KINDS]
    chosen = {"kinds": kinds, "letters": "daily", "time_zone": "UTC"}
    quiet = {"quiet_from": quiet_from, "quiet_to": quiet_to}
    client.http.put("/notifications/channels", json=chosen | quiet).raise_for_status()


def seconds_until(due_at: str) -> int:
    due = datetime.datetime.fromisoformat(due_at)
    return int((due - datetime.datetime.now(datetime.UTC)).total_seconds())


def text_of(letter: EmailMessage) -> str:
    return str(letter.get_content())


def test_a_day_is_told_of_in_one_letter_when_the_night_is_over(
    band: RelayProcess, server: MailServer, clock: WrongClock
) -> None:
    star, *fans = (client_of(band, name) for name in ("star", "anna", "ben", "cleo"))
    address = confirm_mail(band.url, "star", server)
    daily(star, "22:00", "09:30")
    song = star.post(AUDIO, title="Song")
    for fan in fans[:2]:
        fan.http.post("/social/like", json={"post_id": song.id}).raise_for_status()
    fans[1].follow("star")
    (waiting,) = wait_for_state(star, "queued")
    while waiting["notifications"] < 3:
        (waiting,) = wait_for_state(star, "queued")
    assert waiting["due_at"].endswith("T09:30:00.000000Z"), "not at 8:00, which is night here"
    left_s = seconds_until(waiting["due_at"])
    assert 0 < left_s <= DAY_S
    assert letters_to(server, address, 0) == []
    clock.wall(left_s + 60)
    client_of(band, "next").follow("ben")  # whatever is new makes the relay look for what is due
    (letter,) = letters_to(server, address, 1)
    clock.wall(0)
    assert letter["subject"] == "2 notifications today" and letter["to"] == address
    said = text_of(letter)
    assert "ben and anna liked" in said and "“Song”" in said and f"{band.url}/p/{song.id}" in said
    assert "ben follows you" in said and "Choose what you get" in said
    (sent,) = wait_for_state(star, "sent")
    assert sent["notifications"] == 3 and sent["attempts"] == 1


def test_the_link_of_a_letter_stops_all_of_them(band: RelayProcess, server: MailServer) -> None:
    star, cleo = client_of(band, "star"), client_of(band, "cleo")
    (letter,) = letters_to(server, "star@example.com", 1)
    link = letter["list-unsubscribe"].strip("<>")
    assert letter["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    (in_words,) = re.findall(
        r"^Stop these letters, without signing in: (\S+)$", text_of(letter), re.MULTILINE
    )
    assert in_words == link and link.startswith(band.url)
    with FormBrowser(band.url) as anybody:
        page = anybody.http.get(urlsplit(link).path)
        assert page.status_code == 200 and "data-stopped" not in page.text, "programs open links, too"
        assert "data-stopped" in anybody.press(page, to="/stop-letters").text
    cleo.follow("star")
    told = star.http.get("/notifications").json()["notifications"]
    assert "cleo" in told[0]["sentence"]
    assert [each["state"] for each in deliveries(star)] == ["sent"], "nothing waits to be written"
