"""Requests of strangers, over HTTP to a real relay process: bodies, addresses, hosts and headers of any kind."""

import socket

import httpx
import pytest

from tests.support.clients import problem
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True

HOSTILE = {
    "empty": b"",
    "not json": b"{",
    "null": b"null",
    "list": b"[]",
    "nan": b'{"post_id": NaN}',
    "deep list": b"[" * 30_000,
    "deep unknown field": b'{"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "huge int": b'{"post_id": ' + b"9" * 20_000 + b"}",
    "huge float": b'{"post_id": 1e999999}',
    "nul": b'{"post_id": "\\u0000"}',
    "lone surrogate": b'{"post_id": "\\ud800"}',
    "invalid utf-8": b'{"post_id": "\xff\xfe"}',
    "unknown field": b'{"post_id": "' + b"0" * 32 + b'", "admin": true}',
    "wrong type": b'{"post_id": 5, "username": 7, "token": {}, "public_key": []}',
    "long string": b'{"post_id": "' + b"a" * 60_000 + b'"}',
}


BODIES = [
    "/auth/device",
    "/auth/claim",
    "/auth/verify",
    "/auth/refresh",
    "/social/follow",
    "/social/unfollow",
    "/social/like",
    "/social/unlike",
    "/social/react",
    "/social/unreact",
]


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_body_is_answered_with_our_mistake(owner: RelayClient, kind: str) -> None:
    for path in BODIES:
        answer = owner.http.post(path, content=HOSTILE[kind], headers={"content-type": "application/json"})
        status, code = problem(answer)
        assert (status, code) in ((400, "malformed"), (422, "validation")), (path, answer.text)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing/here", (404, "not_found")),
        ("PUT", "/feed/global", (405, "method_not_allowed")),
        ("GET", "/feed/global?limit=0", (422, "validation")),
        ("GET", "/feed/global?limit=101", (422, "validation")),
        ("GET", "/feed/global?limit=nan", (422, "validation")),
        ("GET", "/feed/global?limit=" + "9" * 6000, (422, "validation")),
        ("GET", "/feed/global?cursor=%00%ff", (400, "malformed")),
        ("GET", "/feed/global?cursor=%00", (422, "validation")),
        ("GET", "/feed/global?cursor=abc", (400, "cursor_invalid")),
        ("GET", "/feed/global?limit=5&limit=6", (400, "malformed")),
        ("GET", "/feed/global?genre=", (422, "validation")),
        ("GET", "/feed/global?page=2", (422, "validation")),
        ("GET", "/feed/user/abc?x=1", (422, "validation")),
        ("GET", "/feed/global?cursor=" + "a" * 129, (422, "validation")),
        ("GET", "/feed/user/%00", (404, "not_found")),
        ("GET", "/feed/user/..%2f..%2fetc", (404, "not_found")),
        ("GET", "/users/%ED%A0%80", (404, "not_found")),
        ("GET", "/audio/' OR 1=1 --", (404, "not_found")),
        ("GET", "/audio/" + "x" * 5000, (404, "not_found")),
        ("GET", "/audio/..%2f..%2frelay.db/mp3", (404, "not_found")),
    ],
)
def test_addresses_of_strangers(
    anonymous: RelayClient, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert problem(anonymous.http.request(method, path)) == expected


UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@pytest.mark.parametrize(
    ("path", "kind"), [("/health/live", "Connection: close\r\n"), ("/api/v1/ws", UPGRADE)]
)
@pytest.mark.parametrize("hosts", [0, 2])
def test_a_request_names_one_host(relay: RelayProcess, hosts: int, path: str, kind: str) -> None:
    """RFC 9112, 3.2: a proxy may have believed the other one."""
    name, _, port = relay.url.removeprefix("http://").partition(":")
    head = f"GET {path} HTTP/1.1\r\n{kind}" + f"Host: {name}:{port}\r\n" * hosts + "\r\n"
    with socket.create_connection((name, int(port))) as sock, sock.makefile("rb") as answer:
        sock.sendall(head.encode())
        assert answer.readline().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("path", "kind"), [("/health/live", "Connection: close\r\n"), ("/api/v1/ws", UPGRADE)]
)
def test_the_host_of_an_absolute_target_goes_before_the_header(
    relay: RelayProcess, path: str, kind: str
) -> None:
    """RFC 9112, 3.2.2: a relay for development is reached by a name of its own, whatever the header says, and by no other."""
    ours = relay.url.removeprefix("http://")

    def status(target: str, *hosts: str) -> int:
        named = "".join(f"Host: {each}\r\n" for each in hosts)
        name, _, port = ours.partition(":")
        with socket.create_connection((name, int(port))) as sock, sock.makefile("rb") as answer:
            sock.sendall(f"GET {target} HTTP/1.1\r\n{kind}{named}\r\n".encode())
            return int(answer.readline().split()[1])

    served = 200 if path == "/health/live" else 401
    assert status(f"http://{ours}{path}", "evil.example") == served
    assert status(f"HTTP://{ours}{path}?", ours) == served
    assert status(f"http://evil.example{path}", ours) == 421
    assert status(f"http://{ours}{path}") == 400, "a request names a host in any case"
    assert status(f"http://{ours}", ours) in (200, 401), "the path of nothing is /"


def test_of_a_header_that_is_given_twice_none_goes_before_the_other(owner: RelayClient) -> None:
    token = owner.http.headers["authorization"]
    for first, second in ((token, "Bearer other"), ("Bearer other", token), (token, token)):
        named = [("authorization", first), ("authorization", second)]
        with httpx.Client(trust_env=False) as client:
            assert problem(client.get(f"{owner.url}/api/v1/users/me", headers=named)) == (
                401,
                "token_invalid",
            )


def test_a_large_body_is_refused(owner: RelayClient) -> None:
    body = b'{"post_id": "' + b"a" * 200_000 + b'"}'
    answer = owner.http.post("/social/like", content=body, headers={"content-type": "application/json"})
    assert problem(answer) == (413, "too_large")
