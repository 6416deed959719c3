"""What the relay says to who has no business there: other names, worthless tokens, slow bodies, cookies of others, lies about
a device. The attacks on a claim are in claiming/.
"""

import asyncio
import itertools
import socket
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import relay.app.http_request as asked
from relay.app.build import build
from relay.app.config import Config
from relay.core.limits import LIMITS, Kind
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

LIMIT_S = HANG_S
PUBLIC = "https://loops.example"


# by which name ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8700", "127.0.0.1.evil.example", ""])
def test_a_relay_for_development_is_no_use_to_a_page_whose_name_was_bound_anew(
    relay: RelayProcess, host: str
) -> None:
    """DNS rebinding: to the browser it is the page's own origin, so cookies and forms of it are in order."""
    with httpx.Client(base_url=relay.url, trust_env=False) as page:
        same = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
        signed_in = page.post("/session", data={"username": "victim"}, headers=same)
        assert (signed_in.status_code, signed_in.json()["code"]) == (421, "misdirected")
        assert "set-cookie" not in signed_in.headers and signed_in.headers["x-frame-options"] == "DENY"
        assert page.get("/api/v1/feed/global", headers={"host": host}).status_code == 421
        own = {"origin": relay.url}
        assert page.post("/session", data={"username": "holder"}, headers=own).status_code == 303
    answer = raw(
        relay,
        f"GET /api/v1/ws HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 421 ")


def raw(relay: RelayProcess, request: str) -> bytes:
    """What is answered to these bytes, until the relay closes the connection."""
    host, port = relay.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=LIMIT_S) as line:
        line.sendall(request.encode())
        return b"".join(iter(lambda: line.recv(4096), b""))


# cookies ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """One that the world reaches by https, through a proxy on this machine."""
    with running_relay(tmp_path_factory.mktemp("public") / "data", "--public-url", PUBLIC) as process:
        yield process


def test_with_https_only_this_very_host_can_set_the_session(public: RelayProcess) -> None:
    own = {"origin": PUBLIC, "host": "loops.example"}
    with httpx.Client(base_url=public.url, trust_env=False, headers=own) as http:
        opened = http.post("/session", data={"username": "surfer"})
        ((name, morsel),) = SimpleCookie(opened.headers["set-cookie"]).items()
        assert name == "__Host-sidechain_session"
        assert (morsel["path"], morsel["domain"], morsel["secure"], morsel["httponly"]) == (
            "/",
            "",
            True,
            True,
        )
        assert morsel["samesite"].lower() == "lax" and len(morsel.value) >= 22
        assert opened.headers["strict-transport-security"].startswith("max-age=")
        session = {"cookie": f"{name}={morsel.value}"}
        assert http.get("/api/v1/users/me", headers=session).json()["username"] == "surfer"
        planted = {"cookie": f"sidechain_session={morsel.value}"}  # what a host below the same name could set
        assert http.get("/api/v1/users/me", headers=planted).status_code == 401
        csrf = http.get("/", headers=session).text.split('name="csrf" content="')[1].split('"')[0]
        closed = http.post("/session/close", headers=session, data={"csrf": csrf})
        ((name, morsel),) = SimpleCookie(closed.headers["set-cookie"]).items()
        assert (name, morsel.value, morsel["max-age"], morsel["secure"]) == (
            "__Host-sidechain_session",
            "",
            "0",
            True,
        )
        assert http.get("/api/v1/users/me", headers=session).status_code == 401


# tokens -----------------------------------------------------------------------------------------------------------


def test_showing_worthless_tokens_is_not_free(tmp_path: Path) -> None:
    """By REST and by WebSocket, counted by address; whoever has a good one goes on."""
    with running_relay(tmp_path / "data", dev=False) as relay:
        limit = LIMITS[Kind.STRANGER].count
        with httpx.Client(base_url=relay.url, trust_env=False) as http:
            guess = {"authorization": "Bearer x.y.z", "x-forwarded-for": "192.0.2.9"}
            tries = (
                http.get("/api/v1/users/me", headers=guess) for _ in range(2 * limit)
            )  # it refills meanwhile
            early = list(itertools.takewhile(lambda answer: answer.status_code == 401, tries))
            late = http.get("/api/v1/users/me", headers=guess)
            assert limit <= len(early) < 2 * limit
            assert late.status_code == 429 and int(late.headers["retry-after"]) > 0
            address = relay.url.replace("http", "ws", 1) + "/api/v1/ws"
            with (
                pytest.raises(InvalidStatus) as refused,
                connect(address, additional_headers=guess, proxy=None),
            ):
                pass
            assert refused.value.response.status_code == 429
            elsewhere = guess | {"x-forwarded-for": "192.0.2.10"}
            assert http.get("/api/v1/users/me", headers=elsewhere).status_code == 401
            assert (
                http.get("/api/v1/feed/global", headers={"x-forwarded-for": "192.0.2.9"}).status_code == 200
            )


# bodies -----------------------------------------------------------------------------------------------------------


async def test_a_body_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "BODY_LIMIT_S", 0.2)
    sent: list[dict[str, Any]] = []
    pieces = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> dict[str, Any]:
        for piece in pieces:
            return piece
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/auth/refresh",
        "raw_path": b"/api/v1/auth/refresh",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"host", b"relay")],
        "client": ("192.0.2.1", 1),
        "server": ("relay", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }
    relay = await build(Config(data=tmp_path / "data"), "http://relay")
    try:
        async with asyncio.timeout(LIMIT_S):
            await relay.app(scope, receive, send)
    finally:
        await relay.close()
    assert sent[0]["status"] == 408 and (b"connection", b"close") in sent[0]["headers"]


# what a device says of itself -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["studio\u202eelgoog", "a\nb", "\x1b[2J", "\u2066x", "a\x00"])
@pytest.mark.parametrize("field", ["name", "platform", "version"])
def test_a_device_cannot_be_called_what_is_read_otherwise(relay: RelayProcess, field: str, text: str) -> None:
    """The page that asks for a yes shows these words."""
    with httpx.Client(base_url=relay.url, trust_env=False) as http:
        facts = {"public_key": "A" * 43, "name": "n", "platform": "p", "version": "0"} | {field: text}
        answer = http.post("/api/v1/auth/device", json=facts)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation")


# uploads ----------------------------------------------------------------------------------------------------------


def test_an_upload_of_another_is_not_there(relay: RelayProcess) -> None:
    """Neither to look at, to go on with, to end, nor to make a post of; and nobody disturbs it by trying."""
    anna, eve = RelayClient(relay.url), RelayClient(relay.url)
    try:
        anna.sign_in("anna")
        eve.sign_in("eve")
        begun = anna.tus("POST", "/uploads/", upload_length="9").headers["location"]
        upload_id = begun.rsplit("/", 1)[1]
        absent = begun.replace(upload_id, "0" * 32)
        for method, body in (("HEAD", None), ("PATCH", b"evil"), ("DELETE", None)):
            tried, nothing = (eve.tus(method, each, body, upload_offset="0") for each in (begun, absent))
            assert tried.status_code == nothing.status_code == 404 and tried.content == nothing.content, (
                method
            )
        asked = {"upload_id": upload_id, "meta": {"title": "mine now", "sha256": "0" * 64}}
        stolen = eve.http.post("/audio/process", json=asked, headers={"idempotency-key": "e" * 32})
        assert stolen.status_code == 404
        assert anna.tus("HEAD", begun).headers["upload-offset"] == "0"
    finally:
        anna.close()
        eve.close()


@pytest.mark.parametrize(
    "name", ["../../relay.db", "/etc/passwd", "..\\..\\x", "a\0b", "x" * 2000, "CON", "%2e%2e%2f"]
)
def test_a_file_name_is_no_path(relay: RelayProcess, name: str) -> None:
    """Whatever a part of a form or an upload's metadata calls itself, nothing is written under that name."""
    owner = RelayClient(relay.url)
    try:
        owner.sign_in("namer")
        before = {path.name for path in relay.data.parent.iterdir()}
        audio = short_flac(4800)
        quoted = name.encode().hex()
        sent = owner.http.post(
            "/audio/upload",
            files={"meta": (name, "{}", "application/json"), "audio": (name, audio, "audio/flac")},
            headers={"idempotency-key": "f" * 32},
        )
        assert sent.status_code in (200, 201)  # the same key, and so the same post, for all of these names
        owner.tus("POST", "/uploads/", upload_length="9", upload_metadata=f"filename {quoted}")
        assert {path.name for path in relay.data.parent.iterdir()} == before
        stored = [path.name for path in relay.data.rglob("*")]
        assert not any("passwd" in each or "xxxx" in each or each == "CON" for each in stored)
    finally:
        owner.close()
