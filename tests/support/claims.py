"""Claiming a device as a program does it that knows the RFCs: a browser that fills in forms, a device that signs."""

import base64
import hashlib
import re
import secrets
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import msgspec

from relay.wire.identity import TokenPair
from relay.wire.oauth import (
    CLIENT_ID,
    CODE_GRANT,
    DEVICE_GRANT,
    DeviceAuthorization,
    grant_message,
    token_message,
)
from tests.support.relay import CALL_LIMIT_S, RelayClient, b64


class FormBrowser:
    """A browser without a screen: cookies, forms, and never a redirect that was not asked for."""

    def __init__(self, url: str, address: str | None = None) -> None:
        """address: where it says it comes from; the relay believes a proxy on this machine."""
        headers = {"origin": url, "accept": "text/html", "sec-fetch-site": "same-origin"}
        if address is not None:
            headers["x-forwarded-for"] = address
        self.url = url
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=CALL_LIMIT_S, headers=headers)

    def __enter__(self) -> "FormBrowser":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def sign_in(self, username: str, **fields: str) -> httpx.Response:
        """Whoever is signed in already uses the form of a page that knows it."""
        found = re.search(r'name="csrf" content="([^"]+)"', self.http.get("/").text)
        if found is not None:
            fields.setdefault("csrf", found[1])
        answer = self.http.post("/session", data={"username": username, **fields})
        assert answer.status_code == 303, answer.text
        return answer

    @property
    def cookie(self) -> str:
        return self.http.cookies["sidechain_session"]

    def press(
        self, page: httpx.Response, answer: str = "yes", *, to: str = "", **changes: str
    ) -> httpx.Response:
        """Press a button of the page's last form. to: how the form's address begins."""
        assert page.status_code == 200, page.text
        action, fields = last_form(page.text, to)
        return self.http.post(action, data={**fields, "answer": answer, **changes})


def last_form(html: str, to: str = "") -> tuple[str, dict[str, str]]:
    """Where the page's last form goes that goes to an address beginning so, and what is hidden in it."""
    forms = [form for form in html.split("<form")[1:] if f'action="{to}' in form]
    action = re.search(r'action="([^"]*)"', forms[-1])
    assert action is not None
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', forms[-1])
    return unescape(action[1]), {name: unescape(value) for name, value in hidden}


class Claim:
    """One attempt of one device. All that is sent can be changed by who wants to cheat."""

    def __init__(self, device: RelayClient, port: int = 45_678) -> None:
        self.device = device
        self.device_id = device.register().device_id
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": f"http://127.0.0.1:{port}/callback/{secrets.token_urlsafe(32)}",
            "state": secrets.token_urlsafe(32),
            "nonce": secrets.token_urlsafe(32),
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            "device_id": self.device_id,
        }

    def address(self, **changes: str | None) -> str:
        """Path and query of the page that asks. None leaves a field out."""
        fields = {name: value for name, value in {**self.query, **changes}.items() if value is not None}
        return f"/oauth/authorize?{urlencode(fields)}"

    def approve(self, browser: FormBrowser) -> str:
        """Open the page, press yes; the code."""
        answer = browser.press(browser.http.get(self.address()))
        assert answer.status_code == 303, answer.text
        location = answer.headers["location"]
        assert location.startswith(self.query["redirect_uri"] + "?"), location
        sent = parse_qs(urlsplit(location).query)
        assert sent["state"] == [self.query["state"]] and sent["iss"] == [self.device.url]
        return sent["code"][0]

    def exchange(self, code: str, **changes: str | None) -> httpx.Response:
        """Ask for tokens. None leaves a field out."""
        signature = b64(self.device.key.sign(token_message(CODE_GRANT, self.device_id, code)))
        fields: dict[str, str | None] = {
            "grant_type": CODE_GRANT,
            "client_id": CLIENT_ID,
            "code": code,
            "redirect_uri": self.query["redirect_uri"],
            "code_verifier": self.verifier,
            "device_id": self.device_id,
            "signature": signature,
        }
        return post_form(self.device, "/oauth/token", {**fields, **changes})

    def complete(self, browser: FormBrowser) -> TokenPair:
        answer = self.exchange(self.approve(browser))
        assert answer.status_code == 200, answer.text
        return self.device.use(msgspec.json.decode(answer.content, type=TokenPair))

    # the device grant ---------------------------------------------------------------------------------------------

    def begin(self) -> DeviceAuthorization:
        signature = b64(self.device.key.sign(grant_message(self.device_id)))
        fields: dict[str, str | None] = {
            "client_id": CLIENT_ID,
            "device_id": self.device_id,
            "signature": signature,
        }
        answer = post_form(self.device, "/oauth/device", fields)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=DeviceAuthorization)

    def poll(self, device_code: str, **changes: str | None) -> httpx.Response:
        signature = b64(self.device.key.sign(token_message(DEVICE_GRANT, self.device_id, device_code)))
        fields: dict[str, str | None] = {
            "grant_type": DEVICE_GRANT,
            "client_id": CLIENT_ID,
            "device_code": device_code,
            "device_id": self.device_id,
            "signature": signature,
        }
        return post_form(self.device, "/oauth/token", {**fields, **changes})


def post_form(device: RelayClient, path: str, fields: dict[str, str | None]) -> httpx.Response:
    sent: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    return device.http.post(device.url + path, data=sent)


def type_code(browser: FormBrowser, user_code: str) -> httpx.Response:
    """Type a code on the page for it; the page that comes."""
    return browser.press(browser.http.get("/device"), answer="", user_code=user_code)
