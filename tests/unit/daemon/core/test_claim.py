"""Which request to the loopback address is the answer that was asked for, and which is anything else."""

import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest

from daemon.core.claim import (
    Attempt,
    Denied,
    Granted,
    Ignored,
    authorize_url,
    b64url,
    fault_of_metadata,
    next_poll_s,
    read_callback,
    without_a_browser,
)
from relay.wire.oauth import Metadata

RELAY = "https://relay.example"
PORT = 49_152
ATTEMPT = Attempt.of(bytes(range(128)))
METADATA = Metadata(
    issuer=RELAY,
    authorization_endpoint=f"{RELAY}/oauth/authorize",
    token_endpoint=f"{RELAY}/oauth/token",
    device_authorization_endpoint=f"{RELAY}/oauth/device",
    response_types_supported=["code"],
    grant_types_supported=["authorization_code"],
    code_challenge_methods_supported=["S256"],
    token_endpoint_auth_methods_supported=["none"],
    authorization_response_iss_parameter_supported=True,
    claimed_page=f"{RELAY}/claimed",
    unclaimed_page=f"{RELAY}/unclaimed",
)
CODE = "c" * 43
ANSWER = {"code": CODE, "state": ATTEMPT.state, "iss": RELAY}


def request(
    query: dict[str, str] | str = ANSWER,
    *,
    method: str = "GET",
    path: str = ATTEMPT.path,
    **headers: str | None,
) -> bytes:
    """A request as Chromium sends it. headers: with _ for -; None leaves one out."""
    text = query if isinstance(query, str) else urlencode(query)
    sent: dict[str, str | None] = {
        "Host": f"127.0.0.1:{PORT}",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    } | {name.replace("_", "-").title(): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in sent.items() if value is not None]
    return "\r\n".join([f"{method} {path}?{text} HTTP/1.1", *lines]).encode()


def read(head: bytes) -> Ignored | Granted | Denied:
    return read_callback(head, ATTEMPT, PORT, RELAY)


def test_the_answer_is_taken() -> None:
    assert read(request()) == Granted(code=CODE)
    assert read(request(sec_fetch_site=None, sec_fetch_mode=None, sec_fetch_dest=None)) == Granted(code=CODE)
    denial = {"error": "access_denied", "state": ATTEMPT.state, "iss": RELAY}
    assert read(request(denial)) == Denied(error="access_denied")


STRANGERS = {
    "wrong state": request(ANSWER | {"state": "x" * 43}),
    "no state": request({"code": CODE, "iss": RELAY}),
    "state twice": request(urlencode(ANSWER) + f"&state={ATTEMPT.state}"),
    "another server's answer": request(ANSWER | {"iss": "https://evil.example"}),
    "no iss": request({"code": CODE, "state": ATTEMPT.state}),
    "error of another server": request({"error": "x", "state": ATTEMPT.state, "iss": "https://evil.example"}),
    "no code": request({"state": ATTEMPT.state, "iss": RELAY}),
    "two codes": request(urlencode(ANSWER) + "&code=" + "d" * 43),
    "odd code": request(ANSWER | {"code": "../" * 20}),
    "broken query": request("=&=&%"),
    "many fields": request("&".join(f"f{n}=x" for n in range(99))),
    "name instead of number": request(host=f"localhost:{PORT}"),
    "rebound name": request(host=f"evil.example:{PORT}"),
    "other port": request(host=f"127.0.0.1:{PORT + 1}"),
    "no port": request(host="127.0.0.1"),
    "no host": request(host=None),
    "two hosts": request() + b"\r\nhost: evil.example",
    "post": request(method="POST"),
    "preflight": request(method="OPTIONS"),
    "head": request(method="HEAD"),
    "other path": request(path="/callback/" + "x" * 43),
    "path prefix": request(path=ATTEMPT.path[:-1]),
    "path and more": request(path=ATTEMPT.path + "/"),
    "absolute address": request(path=f"http://127.0.0.1:{PORT}{ATTEMPT.path}"),
    "fetch of a page": request(sec_fetch_mode="cors"),
    "image": request(sec_fetch_mode="no-cors", sec_fetch_dest="image"),
    "frame": request(sec_fetch_dest="iframe"),
    "web socket": request(upgrade="websocket"),
    "not http": b"\x16\x03\x01\x02\x00\x01",
    "half a line": b"GET",
    "header without colon": request() + b"\r\nnonsense",
    "nothing": b"",
}


@pytest.mark.parametrize("who", STRANGERS)
def test_everything_else_is_a_stranger(who: str) -> None:
    verdict = read(STRANGERS[who])
    assert isinstance(verdict, Ignored) and verdict.counts and verdict.status in (400, 403, 404, 405)


def test_a_favicon_is_nobody() -> None:
    head = f"GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nSec-Fetch-Mode: no-cors".encode()
    assert read(head) == Ignored(status=404, counts=False)


def test_the_secrets_of_an_attempt_are_four() -> None:
    parts = {ATTEMPT.verifier, ATTEMPT.state, ATTEMPT.nonce, ATTEMPT.path.removeprefix("/callback/")}
    assert len(parts) == 4 and all(len(part) == 43 for part in parts)
    url = authorize_url(METADATA, ATTEMPT, PORT, "0" * 32)
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge"] == [b64url(hashlib.sha256(ATTEMPT.verifier.encode()).digest())]
    assert query["redirect_uri"] == [f"http://127.0.0.1:{PORT}{ATTEMPT.path}"]
    assert ATTEMPT.verifier not in url and len(url) < 1024


def test_a_relay_that_is_another_is_not_trusted() -> None:
    assert fault_of_metadata(METADATA, RELAY) is None
    assert "calls itself" in str(fault_of_metadata(METADATA, "https://other.example"))
    for field in (
        "authorization_endpoint",
        "token_endpoint",
        "device_authorization_endpoint",
        "claimed_page",
    ):
        for foreign in ("https://evil.example/x", "https://relay.example.evil/x", "http://relay.example/x"):
            moved = msgspec.structs.replace(METADATA, **{field: foreign})
            assert fault_of_metadata(moved, RELAY), (field, foreign)
    weak = msgspec.structs.replace(METADATA, code_challenge_methods_supported=["plain"])
    assert fault_of_metadata(weak, RELAY)


def test_polls_slow_down_when_told_to() -> None:
    assert next_poll_s(5, "authorization_pending") == 5
    assert next_poll_s(5, "slow_down") == 10
    assert next_poll_s(5, "offline") == 10 and next_poll_s(40, "offline") == 60
    for over in ("access_denied", "expired_token", "invalid_grant", "anything"):
        assert next_poll_s(5, over) is None


def test_a_browser_is_opened_where_somebody_sees_it() -> None:
    assert without_a_browser({"DISPLAY": ":0"}, "linux") is None
    assert without_a_browser({"WAYLAND_DISPLAY": "w"}, "linux") is None
    assert without_a_browser({"BROWSER": "firefox"}, "linux") is None
    assert without_a_browser({}, "darwin") is None
    assert without_a_browser({}, "linux")
    assert without_a_browser({"DISPLAY": ":0", "SSH_CONNECTION": "1"}, "linux")
    assert without_a_browser({"BROWSER": "firefox", "SSH_TTY": "/dev/pts/1"}, "darwin")
