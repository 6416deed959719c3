"""Somebody who wants to be notified wherever they are: an address that is confirmed, a browser that takes pushes, webhooks."""

import hashlib
import hmac
import re
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from relay.features.deliveries.push import b64, point_of
from tests.support.claims import FormBrowser, last_form
from tests.support.deadlines import HANG_S
from tests.support.engines import Engines
from tests.support.mail_server import MailServer
from tests.support.push_service import Got, Receiver, opened
from tests.support.relay import RelayClient

KINDS = (
    "follow", "follow_request", "follow_accepted", "reaction", "repost", "comment", "reply", "mention", "remix",
)  # fmt: skip


@dataclass
class PushBrowser:
    """What a browser makes when it subscribes."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"sixteen bytes it"

    @property
    def subscription(self) -> dict[str, Any]:
        keys = {"p256dh": b64(point_of(self.key.public_key())), "auth": b64(self.auth)}
        return {"endpoint": self.endpoint, "keys": keys, "expirationTime": None}

    def open(self, got: Got) -> bytes:
        return opened(got.body, self.key, self.auth)


def urgent(client: RelayClient, *ways: str, **more: object) -> None:
    """All kinds at once, by those ways and no other."""
    kinds = [
        {"kind": kind, "priority": "urgent", **{way: way in ways for way in ("mail", "push", "webhook")}}
        for kind in KINDS
    ]
    client.http.put("/notifications/channels", json={"kinds": kinds, **more}).raise_for_status()


def confirm_mail(url: str, username: str, server: MailServer) -> str:
    """Of an account that a development relay lets in by its name; the address."""
    address = f"{username}@example.com"
    with FormBrowser(url) as browser:
        browser.sign_in(username)
        page = browser.http.get("/settings/mail")
        action, hidden = last_form(page.text, "/settings/mail")
        answer = browser.http.post(action, data={**hidden, "do": "give", "address": address})
        assert answer.status_code == 303, answer.text
        (letter,) = server.wait_for(1, lambda each: each["to"] == address)
        (path,) = re.findall(r"^https?://[^/]+(\S+)$", letter.get_content(), re.MULTILINE)
        assert browser.press(browser.http.get(path), to="/confirm-mail").status_code == 200
    return address


def letters_to(server: MailServer, address: str, count: int) -> list[EmailMessage]:
    """So many of notifications, once they are there."""
    return server.wait_for(count, lambda each: each["to"] == address and "list-unsubscribe" in each)


def deliveries(client: RelayClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.http.get("/notifications/deliveries").json()["deliveries"]
    return found


def wait_for_state(client: RelayClient, state: str, count: int = 1) -> list[dict[str, Any]]:
    """So many deliveries in that state, once there are."""
    until = time.monotonic() + HANG_S
    while len(found := [each for each in deliveries(client) if each["state"] == state]) < count:
        assert time.monotonic() < until, deliveries(client)
        time.sleep(0.05)
    return found


def is_signed(got: Got, secret: str) -> bool:
    """As a receiver of webhooks looks at it."""
    said = re.fullmatch(r"t=([0-9]+),v1=([0-9a-f]{64})", got.headers["sidechain-signature"])
    if said is None or abs(int(said[1]) - time.time()) > 300:
        return False
    signed = hmac.new(secret.encode(), said[1].encode() + b"." + got.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signed, said[2])


def subscribed(client: RelayClient, receiver: Receiver, path: str) -> PushBrowser:
    browser = PushBrowser(receiver.url + path)
    client.http.post("/notifications/browsers", json=browser.subscription).raise_for_status()
    return browser


def told_by(engines: Engines, server: MailServer, chain: Path) -> Engines:
    """engines, of a relay that sends mail and calls what is on this machine. chain: of the certificates that it trusts."""
    more = {
        "SIDECHAIN_RELAY_SMTP_URL": server.url,
        "SIDECHAIN_RELAY_MAIL_FROM": "relay@band.example",
        "SIDECHAIN_RELAY_PRIVATE_TARGETS": "true",
        "SSL_CERT_FILE": str(chain),
    }
    return Engines({**engines.environment, **more})
