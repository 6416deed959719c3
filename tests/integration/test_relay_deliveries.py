"""Notifications by mail, push and webhook at a real relay, to real counterparts of this machine: a mail server, and a receiver over TLS
that opens what is sealed and checks what is signed.
"""

import datetime
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from relay.features.deliveries.choices import MAX_BROWSERS, MAX_WEBHOOKS
from relay.features.deliveries.push import b64, unb64
from relay.wire.rest import AudioPost
from tests.support.claims import FormBrowser
from tests.support.clients import AUDIO, client_of, problem
from tests.support.deliveries import (
    PushBrowser,
    confirm_mail,
    deliveries,
    is_signed,
    letters_to,
    subscribed,
    told_by,
    urgent,
    wait_for_state,
)
from tests.support.engines import Engines
from tests.support.mail_server import MailServer, make_tls, running_mail_server
from tests.support.push_service import Receiver, running_receiver
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def receiver(tls: tuple[Path, Path]) -> Iterator[Receiver]:
    with running_receiver(*tls) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with running_mail_server(tmp_path_factory.mktemp("mail")) as running:
        yield running


@pytest.fixture(scope="module")
def band(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, server: MailServer, tls: tuple[Path, Path]
) -> Iterator[RelayProcess]:
    data = tmp_path_factory.mktemp("band") / "data"
    with running_relay(data, engines=told_by(engines, server, tls[0])) as process:
        yield process


@pytest.fixture(scope="module")
def fans(band: RelayProcess) -> list[RelayClient]:
    return [client_of(band, f"fan{number}") for number in range(3)]


@pytest.fixture
def star(band: RelayProcess) -> RelayClient:
    """Somebody new."""
    return client_of(band, f"star-{secrets.token_hex(4)}")


@pytest.fixture
def song(star: RelayClient) -> AudioPost:
    return star.post(AUDIO, title="Song")


def like(by: RelayClient, post: AudioPost) -> None:
    by.http.post("/social/like", json={"post_id": post.id}).raise_for_status()


def test_a_letter_says_what_happened_and_how_to_get_no_more_without_signing_in(
    band: RelayProcess, server: MailServer, star: RelayClient, song: AudioPost, fans: list[RelayClient]
) -> None:
    address = confirm_mail(band.url, star.username, server)
    like(fans[0], song)
    assert deliveries(star) == [], "an address for passwords gets nothing else unless it is asked for"
    urgent(star, "mail")
    fans[1].follow(star.username)
    (letter,) = letters_to(server, address, 1)
    assert letter["subject"] == "fan1 follows you" and band.url + "/u/fan1" in letter.get_content()
    (sent,) = wait_for_state(star, "sent")
    assert letter["message-id"] == f"<{sent['id']}@band.example>", "in every try the same"
    assert letter["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    stop = letter["list-unsubscribe"].strip("<>")
    assert stop in letter.get_content() and stop.startswith(band.url)
    with FormBrowser(band.url) as anybody:
        page = anybody.http.get(stop)
        assert star.username in page.text and "data-stopped" not in page.text
        assert anybody.http.get(stop + "x").status_code == 404
    program = client_of(band)
    assert "data-stopped" in program.http.post(stop, data={"List-Unsubscribe": "One-Click"}).text
    assert not any(each["mail"] for each in star.http.get("/notifications/channels").json()["kinds"])
    fans[2].follow(star.username)
    assert "fan2" in star.http.get("/notifications").json()["notifications"][0]["sentence"]
    assert len(deliveries(star)) == 1


def test_a_push_is_signed_sealed_and_opened_by_the_browser_alone(
    band: RelayProcess, receiver: Receiver, star: RelayClient, song: AudioPost, fans: list[RelayClient]
) -> None:
    urgent(star, "push")
    path = f"/push/{star.username}"
    browser = subscribed(star, receiver, path)
    like(fans[0], song)
    (got,) = receiver.wait_for(path)
    assert got.headers["content-encoding"] == "aes128gcm" and got.headers["urgency"] == "high"
    assert int(got.headers["ttl"]) > 0
    token, key = re.fullmatch(r"vapid t=(\S+), k=(\S+)", got.headers["authorization"]).groups()  # type: ignore[union-attr]
    assert key == star.http.get("/notifications/channels").json()["push_key"]
    point = unb64(key)
    jwk = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])})
    claims = jwt.decode(token, jwk, algorithms=["ES256"]).claims
    assert claims["aud"] == receiver.url and claims["sub"] == "mailto:relay@band.example"
    (sent,) = wait_for_state(star, "sent")
    said = browser.open(got).decode()
    assert f'"fan0 liked “Song”"' in said and f'"url":"/p/{song.id}"' in said  # noqa: F541
    assert sent["id"] == got.headers["topic"] and f'"tag":"{sent["id"]}"' in said, "shown once, sent twice"
    assert sent["target"] == "127.0.0.1" and sent["notifications"] == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_takes_no_more_is_forgotten(
    receiver: Receiver, star: RelayClient, song: AudioPost, fans: list[RelayClient], status: int
) -> None:
    urgent(star, "push")
    path = f"/gone/{star.username}"
    receiver.answers[path] = [status]
    subscribed(star, receiver, path)
    like(fans[0], song)
    (given_up,) = wait_for_state(star, "given_up")
    assert given_up["error"] == "This browser takes no more pushes." and given_up["attempts"] == 1
    assert star.http.get("/notifications/browsers").json() == {"browsers": []}


def test_a_webhook_is_signed_and_a_failure_is_shown_and_tried_again(
    receiver: Receiver, star: RelayClient, song: AudioPost, fans: list[RelayClient]
) -> None:
    urgent(star, "webhook")
    path = f"/hook/{star.username}"
    made = star.http.post("/notifications/webhooks", json={"url": receiver.url + path}).json()
    (listed,) = star.http.get("/notifications/webhooks").json()["webhooks"]
    assert listed == {**made, "secret": None}, "the secret is shown once"
    like(fans[0], song)
    (got,) = receiver.wait_for(path)
    assert is_signed(got, made["secret"]) and not is_signed(got, made["secret"] + "x")
    (sent,) = wait_for_state(star, "sent")
    said = got.json
    assert said["id"] == got.headers["sidechain-delivery"] == sent["id"] and said["type"] == "notification"
    (told,) = star.http.get("/notifications").json()["notifications"]
    assert said["notification"] == told and got.headers["sidechain-attempt"] == "1"
    receiver.answers[path] = [302]
    fans[1].follow(star.username)
    (failed,) = wait_for_state(star, "failed")
    assert failed["error"] == "It answered 302. No redirect is followed." and receiver.at("/elsewhere") == []
    assert failed["due_at"] > failed["created_at"] and failed["attempts"] == 1
    assert star.http.get("/notifications/webhooks").json()["webhooks"][0]["failures"] == 1
    address = f"/notifications/webhooks/{made['id']}"
    assert star.http.delete(address).json() == {"id": made["id"]}
    assert problem(star.http.delete(address)) == (404, "not_found")


def test_quiet_hours_hold_for_all_but_what_is_urgent_and_what_waits_is_gathered(
    receiver: Receiver, star: RelayClient, song: AudioPost, fans: list[RelayClient]
) -> None:
    path = f"/quiet/{star.username}"
    subscribed(star, receiver, path)
    now = datetime.datetime.now(datetime.UTC)
    start, end = now - datetime.timedelta(hours=2), now + datetime.timedelta(hours=2)
    kinds = [{"kind": "reaction", "priority": "high"}, {"kind": "follow", "priority": "urgent"}]
    body = {
        "kinds": kinds,
        "time_zone": "UTC",
        "quiet_from": f"{start:%H:%M}",
        "quiet_to": f"{end:%H:%M}",
    }
    chosen = star.http.put("/notifications/channels", json=body).json()
    assert (chosen["quiet_from"], chosen["quiet_to"]) == (f"{start:%H:%M}", f"{end:%H:%M}")
    for fan in fans:
        like(fan, song)
    (waiting,) = wait_for_state(star, "queued")
    assert waiting["due_at"] == f"{end:%Y-%m-%dT%H:%M}:00.000000Z", "one for all three"
    fans[0].follow(star.username)
    wait_for_state(star, "sent")
    assert len(receiver.at(path)) == 1
    states = {each["state"]: each["notifications"] for each in deliveries(star)}
    assert states == {"queued": 3, "sent": 1}


def test_what_can_be_chosen_is_bounded_and_ones_own(
    receiver: Receiver, star: RelayClient, fans: list[RelayClient]
) -> None:
    def put(**body: object) -> tuple[int, str]:
        return problem(star.http.put("/notifications/channels", json=body))

    invalid = (422, "validation")
    assert put(time_zone="Middle/Earth") == put(quiet_from="10:00") == put(letters="hourly") == invalid
    assert put(kinds=[{"kind": "poke"}]) == put(kinds=[{"kind": "follow"}] * 2) == invalid
    assert put(quiet_from="24:00", quiet_to="01:00") == put(kinds=[{"kind": "follow", "priority": "x"}])
    for url in ("http://example.com/", "https://user:word@example.com/", "https://exa mple.com/"):
        assert problem(star.http.post("/notifications/webhooks", json={"url": url})) == invalid
    urls = [f"https://hooks.example/{number}" for number in range(MAX_WEBHOOKS + 1)]
    answers = [star.http.post("/notifications/webhooks", json={"url": url}) for url in [urls[0], *urls]]
    assert [each.status_code for each in answers] == [200, 422, *[200] * (MAX_WEBHOOKS - 1), 422]
    browsers = [PushBrowser(f"https://push.example/{star.username}/{n}") for n in range(MAX_BROWSERS + 1)]
    for browser in browsers[:-1]:
        star.http.post("/notifications/browsers", json=browser.subscription).raise_for_status()
    full = star.http.post("/notifications/browsers", json=browsers[-1].subscription)
    assert problem(full) == invalid
    mended = PushBrowser(browsers[0].endpoint).subscription
    assert star.http.post("/notifications/browsers", json=mended).status_code == 200, "with its new keys"
    mended["keys"]["auth"] = "AAAA"
    assert problem(star.http.post("/notifications/browsers", json=mended)) == invalid
    hook = star.http.get("/notifications/webhooks").json()["webhooks"][0]["id"]
    other = fans[0].http
    absent = (404, "not_found")
    assert problem(other.delete(f"/notifications/webhooks/{hook}")) == absent
    assert problem(other.post(f"/notifications/webhooks/{hook}/on")) == absent
    mine = star.http.get("/notifications/browsers").json()["browsers"][0]["id"]
    assert problem(other.delete(f"/notifications/browsers/{mine}")) == absent
    assert other.get("/notifications/deliveries").json()["deliveries"] == []
