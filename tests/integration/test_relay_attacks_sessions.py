"""Attacks through a browser that somebody is signed in with: pages of others, planted devices, sockets that stay."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from relay.features.devices import families
from relay.wire import events
from relay.wire.identity import Sessions, SessionsEnded
from relay.wire.oauth import CLIENT_ID, grant_message
from tests.support.asgi_peer import relay_in_memory
from tests.support.claims import Claim, FormBrowser, type_code
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, b64, device_facts, running_relay

AT_HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def device(relay: RelayProcess) -> Iterator[RelayClient]:
    client = RelayClient(relay.url)
    yield client
    client.close()


# pages of others ----------------------------------------------------------------------------------------------

# What browsers add by themselves, and no page can take away (Fetch, "forbidden request-header").
FOREIGN = {
    "a form, or fetch without cors": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    "a frame without an origin": {"origin": "null", "sec-fetch-site": "cross-site"},
    "a page of a sibling": {"origin": "http://relay.evil.example", "sec-fetch-site": "same-site"},
    "an old browser": {"origin": "https://evil.example"},
    "one that says no origin": {"sec-fetch-site": "cross-site"},
    "our address before an @": {"origin": "http://127.0.0.1@evil.example"},
}
FORMS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
"""What a page may send elsewhere without asking first (Fetch, "CORS-safelisted request-header")."""


def register(device: RelayClient, headers: dict[str, str]) -> httpx.Response:
    key = device.key.public_key().public_bytes_raw()
    body = msgspec.json.encode(device_facts(device.key, b64(key)))
    return httpx.post(
        f"{device.url}/api/v1/auth/device",
        content=body,
        headers={"content-type": "application/json"} | headers,
        trust_env=False,
    )


def begin_grant(
    device: RelayClient, device_id: str, signature: str, headers: dict[str, str]
) -> httpx.Response:
    fields = {"client_id": CLIENT_ID, "device_id": device_id, "signature": signature}
    return httpx.post(f"{device.url}/oauth/device", data=fields, headers=headers, trust_env=False)


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_page_of_another_origin_moves_no_device(device: RelayClient, kind: str) -> None:
    device_id = device.register().device_id
    signature = b64(device.key.sign(grant_message(device_id)))
    for answer in (register(device, FOREIGN[kind]), begin_grant(device, device_id, signature, FOREIGN[kind])):
        assert answer.status_code == 403 and "csrf" in answer.text, answer.text
        assert "access-control-allow-origin" not in answer.headers
    assert (
        register(device, {}).status_code == begin_grant(device, device_id, signature, {}).status_code == 200
    )


@pytest.mark.parametrize("media_type", FORMS)
def test_a_device_is_registered_by_json_only(device: RelayClient, media_type: str) -> None:
    assert register(device, {"content-type": media_type}).status_code == 415


def test_no_preflight_lets_a_foreign_page_in(relay: RelayProcess) -> None:
    for path in ("/api/v1/auth/device", "/oauth/device", "/session", "/api/v1/auth/sessions/end"):
        asked = {
            "origin": "https://evil.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        }
        answer = httpx.options(relay.url + path, headers=asked, trust_env=False)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_page_that_is_let_in_uses_no_cookie_and_no_form(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data", "--cors-origins", "*") as relay, FormBrowser(relay.url) as browser:
        browser.sign_in("anna")
        foreign = FOREIGN["a form, or fetch without cors"]
        device = RelayClient(relay.url)
        device.sign_in("anna")
        let_in = device.http.post("/social/follow", json={"username": "anna"}, headers=foreign)
        assert let_in.status_code != 403, "with a token, it may call"
        assert browser.http.get("/api/v1/users/me", headers=foreign).status_code == 401
        for path in ("/session/close", "/sessions/end", "/session"):
            form = {"csrf": csrf_of(browser), "username": "eve"}
            assert browser.http.post(path, data=form, headers=foreign).status_code == 403
        signature = b64(device.key.sign(grant_message(device.register().device_id)))
        assert register(device, foreign).status_code == 403
        assert begin_grant(device, "0" * 32, signature, foreign).status_code == 403
        assert browser.http.get("/api/v1/users/me").status_code == 200
        device.close()


# media --------------------------------------------------------------------------------------------------------


def test_media_need_no_cookie_and_set_none(relay: RelayProcess, device: RelayClient) -> None:
    device.sign_in("anna")
    post_id = device.post(short_flac()).id
    with FormBrowser(relay.url) as browser:
        browser.sign_in("ben")
        for path in ("mp3", "waveform"):
            address = f"/api/v1/audio/{post_id}/{path}"
            known, unknown = browser.http.get(address), httpx.get(relay.url + address, trust_env=False)
            assert known.status_code == unknown.status_code == 200 and known.content == unknown.content
            for answer in (known, unknown):
                assert "set-cookie" not in answer.headers and "vary" not in answer.headers
                assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "sandbox" in answer.headers["content-security-policy"]
        assert browser.http.get("/").headers["cross-origin-resource-policy"] == "same-origin"
        assert "SameSite=Lax; " in browser.sign_in("ben").headers["set-cookie"] + "; "
    original = device.http.get(f"/audio/{post_id}/flac")
    assert original.headers["cross-origin-resource-policy"] == "same-origin"


# planted devices ----------------------------------------------------------------------------------------------


def test_facts_and_grants_are_signed_by_the_device(device: RelayClient) -> None:
    device_id, other = device.register().device_id, Ed25519PrivateKey.generate()
    key = b64(device.key.public_key().public_bytes_raw())
    facts = device_facts(device.key, key)
    for changed in (
        facts | {"name": "Anna's laptop"},
        facts | {"signature": b64(other.sign(b"x"))},
        device_facts(other, key),
    ):
        assert device.http.post("/auth/device", json=changed).status_code == 401
    unsigned = {name: value for name, value in facts.items() if name != "signature"}
    assert device.http.post("/auth/device", json=unsigned).status_code == 422
    for signature in (
        b64(other.sign(grant_message(device_id))),
        b64(device.key.sign(grant_message("0" * 32))),
    ):
        assert begin_grant(device, device_id, signature, {}).status_code == 400


def test_the_warning_stays_wherever_the_device_is_seen_later(
    relay: RelayProcess, device: RelayClient
) -> None:
    """The attacker begins at home, and has the device seen in the victim's network afterwards."""
    device.http.headers["x-forwarded-for"] = ELSEWHERE
    code = Claim(device).begin().user_code
    assert register(device, {"x-forwarded-for": AT_HOME}).status_code == 200
    with FormBrowser(relay.url, AT_HOME) as victim:
        victim.sign_in("victim")
        page = type_code(victim, code)
        assert "198.51.100" in page.text and "203.0.113" not in page.text
        answer = victim.press(page)
        assert answer.status_code == 200, "a yes within the seconds of the warning is none"
    with FormBrowser(relay.url, ELSEWHERE) as owner:
        owner.sign_in("traveller")
        assert owner.press(type_code(owner, code)).status_code == 303, "there it is no stranger"


# sockets and sessions -----------------------------------------------------------------------------------------


def csrf_of(browser: FormBrowser) -> str:
    found = re.search(r'name="csrf" content="([^"]+)"', browser.http.get("/").text)
    assert found is not None
    return found[1]


def page_socket(stack: ExitStack, browser: FormBrowser) -> ClientConnection:
    """As a page opens it: by a ticket."""
    ticket = browser.http.post("/api/v1/auth/ws-ticket", headers={"x-csrf-token": csrf_of(browser)}).json()[
        "ticket"
    ]
    opened = connect(
        f"{browser.url.replace('http', 'ws', 1)}/api/v1/ws?ticket={ticket}",
        origin=Origin(browser.url),
        subprotocols=[Subprotocol(events.SUBPROTOCOL_JSON)],
        compression=None,
        proxy=None,
    )
    socket = stack.enter_context(opened)
    socket.recv()
    socket.send(b"[" + msgspec.json.encode(events.Connect()) + b"]", text=True)
    socket.recv()
    return socket


def code_at_its_end(receive: Callable[[], Any]) -> int:
    """Once the socket has been ended, before its token is over."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            receive()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_signing_out_ends_the_sockets_of_that_browser_only(relay: RelayProcess) -> None:
    with ExitStack() as stack, FormBrowser(relay.url) as one, FormBrowser(relay.url) as two:
        one.sign_in("anna")
        two.sign_in("anna")
        ending, staying = page_socket(stack, one), page_socket(stack, two)
        assert one.http.post("/session/close", data={"csrf": csrf_of(one)}).status_code == 303
        assert code_at_its_end(lambda: ending.recv(timeout=HANG_S)) == events.CLOSE_REVOKED
        staying.send(b"[" + msgspec.json.encode(events.Ping(r=1)) + b"]", text=True)
        assert "pong" in str(staying.recv(timeout=HANG_S))


def test_a_ticket_of_a_browser_that_signed_out_opens_nothing(relay: RelayProcess) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("anna")
        token = {"x-csrf-token": csrf_of(browser)}
        ticket = browser.http.post("/api/v1/auth/ws-ticket", headers=token).json()["ticket"]
        browser.http.post("/session/close", data={"csrf": token["x-csrf-token"]})
        address = f"{relay.url.replace('http', 'ws', 1)}/api/v1/ws?ticket={ticket}"
        with pytest.raises(InvalidStatus, match="401"):
            connect(address, subprotocols=[events.SUBPROTOCOL_JSON], compression=None, proxy=None)  # type: ignore[list-item]


def test_sessions_are_listed_and_all_others_ended_at_once(relay: RelayProcess, device: RelayClient) -> None:
    device.sign_in("wanderer")
    with ExitStack() as stack, FormBrowser(relay.url) as here, FormBrowser(relay.url) as cafe:
        here.sign_in("wanderer")
        cafe.sign_in("wanderer")
        listed = msgspec.json.decode(here.http.get("/api/v1/auth/sessions").content, type=Sessions).sessions
        assert sorted(each.kind for each in listed) == ["browser", "browser", "device"]
        assert [each.current for each in listed].count(True) == 1
        assert "/sessions/end" in here.http.get("/devices").text, "the page has a button for it"
        link, of_cafe = device.socket(), page_socket(stack, cafe)
        assert here.http.post("/sessions/end", data={"csrf": csrf_of(here)}).status_code == 303
        for receive in (lambda: link.raw.recv(timeout=HANG_S), lambda: of_cafe.recv(timeout=HANG_S)):
            assert code_at_its_end(receive) == events.CLOSE_REVOKED
        link.close()
        assert device.http.get("/users/me").status_code == 401
        assert device.pair is not None
        body = {"refresh_token": device.pair.refresh_token}
        assert device.http.post("/auth/refresh", json=body).status_code == 401
        assert cafe.http.get("/api/v1/users/me").status_code == 401
        assert here.http.get("/api/v1/users/me").status_code == 200


async def test_sign_ins_beyond_what_is_listed_end_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(families, "MAX_LISTED", 1)
    async with relay_in_memory(tmp_path / "data") as relay:
        hidden, listed, here = [await relay.claimed("wanderer") for _ in range(3)]
        answer = await relay.ask("/auth/sessions/end", {}, here.access_token)
        assert msgspec.json.decode(answer.content, type=SessionsEnded).ended == 2
        for pair, status in ((hidden, 401), (listed, 401), (here, 200)):
            headers = {"authorization": f"Bearer {pair.access_token}"}
            assert (await relay.http.get("/api/v1/users/me", headers=headers)).status_code == status


def test_a_page_of_another_origin_signs_nobody_out(relay: RelayProcess) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("anna")
        for path in ("/session/close", "/sessions/end"):
            foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
            assert (
                browser.http.post(path, data={"csrf": csrf_of(browser)}, headers=foreign).status_code == 403
            )
            assert browser.http.post(path, data={"csrf": "x"}).status_code == 403
        assert browser.http.get("/api/v1/users/me").status_code == 200


# names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["admin", "adm1n", "a.d.m.i.n", "sidechain", "s1dechain", "support", "root", "www"]
)
def test_a_name_of_the_relay_itself_is_nobodys(relay: RelayProcess, device: RelayClient, name: str) -> None:
    body = device.claim_body(device.register(), name)
    answer = device.http.post("/auth/claim", json=body)
    assert answer.status_code == 422 and "not given" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["rnoon_l1ght", "moon.light", "m00nlight", "moonlighl" + "t"])
def test_a_name_that_looks_like_anothers_is_not_given(
    relay: RelayProcess, device: RelayClient, name: str
) -> None:
    owner = RelayClient(relay.url)
    owner.sign_in("moonlight")
    owner.close()
    answer = device.http.post("/auth/claim", json=device.claim_body(device.register(), name))
    if name == "moonlighlt":
        assert answer.status_code == 200, "that one can be told apart"
    else:
        assert answer.status_code == 422 and "looks like" in answer.json()["detail"]
