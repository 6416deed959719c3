"""A real relay process over HTTP: who may do what, and what it answers to anything else."""

import json
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from relay.app.config import BadConfig, Config
from relay.core.access import POLICY, Action, Relation
from relay.core.calls import Row
from relay.core.limits import LIMITS, Kind
from relay.engine.database.archive import save
from relay.wire.rest import MAX_UPLOAD_BYTES, AudioPost
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay
from tests.support.rows import every_change, every_operation, every_row

BOTH_ENGINES = True
AUDIO = short_flac()


@pytest.fixture(scope="module")
def relay(
    no_client_stays_open: None, engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RelayProcess]:
    with running_relay(tmp_path_factory.mktemp("relay") / "data", engines=engines) as process:
        yield process


OPEN: list[RelayClient] = []


def client_of(relay: RelayProcess, name: str | None = None) -> RelayClient:
    """Closed when the module ends."""
    client = RelayClient(relay.url)
    OPEN.append(client)
    if name is not None:
        client.sign_in(name)
    return client


@pytest.fixture(scope="module", autouse=True)
def no_client_stays_open() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture(scope="module")
def owner(relay: RelayProcess) -> RelayClient:
    return client_of(relay, "holder")


@pytest.fixture(scope="module")
def other(relay: RelayProcess) -> RelayClient:
    return client_of(relay, "other")


@pytest.fixture(scope="module")
def anonymous(relay: RelayProcess) -> RelayClient:
    return client_of(relay)


@pytest.fixture(scope="module")
def post(owner: RelayClient) -> AudioPost:
    return owner.post(
        AUDIO, title="Owned", bpm=128.0, genre=["house"], duration_bars=1, bar_frames=[0, 12_000]
    )


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that must be a problem document."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    body = answer.json()
    assert body["status"] == answer.status_code and body["title"] and body["detail"]
    return answer.status_code, body["code"]


# who may do what ------------------------------------------------------------------------------------------------


# What a request to each operation needs beyond its path to be meant seriously.
JSON: dict[str, Any] = {
    "/api/v1/social/follow": {"username": "holder"},
    "/api/v1/social/unfollow": {"username": "holder"},
    "/api/v1/social/block": {"username": "blocked"},
    "/api/v1/social/unblock": {"username": "blocked"},
    "/api/v1/auth/refresh": {"refresh_token": "x" * 43},
    "/api/v1/auth/verify": {"token": "x" * 43},
}


@pytest.mark.parametrize(("method", "path", "action"), every_operation())
@pytest.mark.parametrize("who", Relation)
def test_every_operation_admits_whom_the_table_admits(
    request: pytest.FixtureRequest,
    relay: RelayProcess,
    post: AudioPost,
    method: str,
    path: str,
    action: Action,
    who: Relation,
) -> None:
    client: RelayClient = request.getfixturevalue(who.value)
    named = {"post_id": post.id, "name": "holder", "username": "holder"}
    if "{device_id}" in path or path.endswith(
        ("/unclaim", "/sessions/end")
    ):  # it ends sign-ins: of more devices, then
        client_of(relay, "blocked")
        spare = client_of(relay, "holder")
        assert spare.pair is not None
        named["device_id"] = spare.pair.device_id
        if "{device_id}" not in path and who is not Relation.ANONYMOUS:
            client = client_of(relay, "spare")
    if "{upload_id}" in path:
        begun = request.getfixturevalue("owner").tus("POST", "/uploads/", upload_length="9")
        named["upload_id"] = begun.headers["location"].rsplit("/", 1)[1]
    if "{reaction_id}" in path:
        owners = request.getfixturevalue("owner").http
        made = owners.post("/social/react", json={"post_id": post.id, "emoji": "🔥"}).json()
        named["reaction_id"] = made["reaction"]["id"]
    if "{job_id}" in path:
        named["job_id"] = request.getfixturevalue("owner").http.get("/jobs").json()["jobs"][0]["id"]
    if action is Action.POST_DELETE and method != "GET" and who is Relation.OWNER:  # the others' stays
        named["post_id"] = client.post(AUDIO, title="Spare").id
    address = client.url + path.format(**named)
    if path.endswith(("/social/react", "/social/unreact")):
        body: dict[str, Any] | None = {"post_id": post.id, "emoji": "🚀"}
    elif "/social/like" in path or "/social/unlike" in path:
        body = {"post_id": post.id}
    else:
        body = JSON.get(path, {}) if method in ("POST", "PUT", "PATCH") else None
    if path.startswith("/api/v1/uploads"):
        answer = client.tus(method, address, b"" if method == "PATCH" else None, upload_offset="0")
    else:
        answer = client.http.request(method, address, json=body)
    if method == "HEAD" and answer.status_code >= 400:  # its body, which says why, is not sent
        assert who not in POLICY[action] and answer.status_code == (401 if who is Relation.ANONYMOUS else 404)
    elif who in POLICY[action]:
        may_be_token = path in ("/api/v1/auth/refresh", "/api/v1/auth/verify")
        assert answer.status_code < 500
        assert may_be_token or answer.status_code not in (401, 403), answer.text
        is_elsewhere = path.startswith(("/static/", "/sign-in/")) or path.endswith(
            ("block", "farewell", "claim")
        )
        assert answer.status_code != 404 or is_elsewhere, answer.text
    elif who is Relation.ANONYMOUS:
        assert problem(answer) == (401, "sign_in_required")
    else:
        assert problem(answer) == (404, "not_found")


@pytest.mark.parametrize("path", [path for method, path, _ in every_operation() if method == "GET"])
def test_head_is_get_without_its_body(owner: RelayClient, post: AudioPost, path: str) -> None:
    job_id = owner.http.get("/jobs").json()["jobs"][0]["id"]
    address = owner.url + path.format(post_id=post.id, name="holder", username="holder", job_id=job_id)
    with httpx.Client(headers=owner.http.headers, trust_env=False) as client:
        got, head = client.get(address), client.head(address)
    assert head.status_code == got.status_code and head.content == b""
    if got.is_success and "set-cookie" not in got.headers:
        assert head.headers["content-length"] == str(len(got.content))
        assert head.headers["content-type"] == got.headers["content-type"]


def test_what_one_may_not_see_looks_like_what_is_not_there(other: RelayClient, post: AudioPost) -> None:
    hidden, absent = (other.http.get(f"/audio/{each}/flac") for each in (post.id, "0" * 32))
    assert hidden.status_code == absent.status_code == 404
    assert other.http.get(f"/audio/{post.id}").status_code == 200


def test_every_answer_has_the_security_headers(anonymous: RelayClient, post: AudioPost) -> None:
    for path in (
        "/",
        "/p/" + post.id,
        "/api/v1/feed/global",
        f"/api/v1/audio/{post.id}/mp3",
        "/nope",
        f"/api/v1/audio/{post.id}/waveform",
        "/api/docs",
        "/api/docs/openapi.json",
        "/health/live",
    ):
        headers = anonymous.http.get(anonymous.url + path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "unsafe-inline" not in headers["content-security-policy"].replace(
            "style-src 'unsafe-inline'", ""
        )
        assert headers["x-frame-options"] == "DENY", path
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


# bodies of strangers --------------------------------------------------------------------------------------------

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


def test_the_document_names_every_operation_of_the_interface(anonymous: RelayClient) -> None:
    document = anonymous.http.get(anonymous.url + "/api/docs/openapi.json").json()
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    rows = [row.operation for row in every_row() if isinstance(row, Row)]
    ours = {(each.method, each.path) for each in rows if each.method != "OPTIONS"}
    assert all(path.startswith(("/api/v1", "/health")) for _, path in ours)
    assert listed == ours
    page = anonymous.http.get(anonymous.url + "/api/docs").text
    assert "http://" not in page.replace(anonymous.url, "") and "https://" not in page


# signing in -----------------------------------------------------------------------------------------------------


def test_a_device_is_its_key(relay: RelayProcess) -> None:
    client = client_of(relay)
    first, second = client.register(), client.register()
    assert first.device_id == second.device_id and first.challenge != second.challenge
    assert first.claimed_by is None
    client.sign_in("device-owner")
    assert client.register().claimed_by == "device-owner"


def test_a_claim_needs_the_device_and_a_fresh_challenge(relay: RelayProcess) -> None:
    client, thief = client_of(relay), client_of(relay)
    device = client.register()
    forged = thief.claim_body(device, "victim")
    assert problem(client.http.post("/auth/claim", json=forged)) == (401, "signature_invalid")
    body = client.claim_body(client.register(), "victim")
    assert client.http.post("/auth/claim", json=body).status_code == 200
    assert problem(client.http.post("/auth/claim", json=body)) == (401, "challenge_invalid")
    again = client.claim_body(client.register(), "somebody-else")
    assert problem(client.http.post("/auth/claim", json=again)) == (409, "device_claimed")


def test_refresh_tokens_rotate_and_an_old_one_ends_the_sign_in(relay: RelayProcess) -> None:
    client = client_of(relay)
    first = client.sign_in("rotating")

    def exchange(token: str) -> httpx.Response:
        return client.http.post("/auth/refresh", json={"refresh_token": token})

    second = exchange(first.refresh_token)
    lost_answer = exchange(first.refresh_token)  # nobody used the second one yet
    assert second.status_code == lost_answer.status_code == 200
    third = exchange(lost_answer.json()["refresh_token"])
    assert third.status_code == 200
    verify = {"token": third.json()["access_token"]}
    assert client.http.post("/auth/verify", json=verify).json()["user_id"] == client.user_id
    assert problem(exchange(first.refresh_token)) == (401, "token_reused")
    assert problem(exchange(third.json()["refresh_token"])) == (401, "token_invalid")
    assert problem(client.http.post("/auth/verify", json=verify)) == (401, "token_invalid")
    assert problem(client.http.get("/users/me")) == (401, "token_invalid")


def test_secrets_are_not_stored_as_they_are(relay: RelayProcess, engines: Engines, tmp_path: Path) -> None:
    pair = client_of(relay).sign_in("secretive")
    manifest = save(engines.database_of(relay.data), tmp_path / "rows")
    assert {each.table for each in manifest.contents if each.rows} >= {"account", "refresh_token"}
    stored = [*(tmp_path / "rows").iterdir(), *(each for each in relay.data.glob("relay.db*"))]
    for file in stored:
        content = file.read_bytes()
        assert pair.refresh_token.encode() not in content and pair.access_token.encode() not in content


def test_the_development_sign_in_needs_a_loopback_host() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "relay.example", "127.0.0.1.example"):
        with pytest.raises(BadConfig):
            Config(data=Path("x"), host=host, dev=True)
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        Config(data=Path("x"), host=host, dev=True)


def test_a_relay_for_the_world_signs_nobody_in_by_name(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data", dev=False) as relay:
        client = client_of(relay)
        body = client.claim_body(client.register(), "anybody")
        assert problem(client.http.post("/auth/claim", json=body)) == (403, "dev_mode_only")
        form = client.http.post(relay.url + "/session", data={"username": "anybody"})
        assert problem(form) == (403, "dev_mode_only")
        limit = LIMITS[Kind.CLAIM].count
        answers = [client.http.post("/auth/device", json={}) for _ in range(limit + 1)]
        assert problem(answers[-1]) == (429, "rate_limited")
        assert int(answers[-1].headers["retry-after"]) > 0
        assert answers[-1].headers["ratelimit-limit"] == str(limit)
        whole_64 = [f"2001:db8:1:2::{number:x}" for number in range(limit + 1)]
        moving = [from_address(client, address) for address in whole_64]
        assert moving == [422] * limit + [429], "who has a /64 has no end of addresses"
        assert from_address(client, "2001:db8:1:3::1") == 422


def from_address(client: RelayClient, address: str) -> int:
    """The status of a registration without content, told by a proxy on this machine to be of that address."""
    headers = {"x-forwarded-for": address}
    return client.http.post("/auth/device", json={}, headers=headers).status_code


# browsers -------------------------------------------------------------------------------------------------------


def test_a_browser_session_changes_nothing_without_the_token_of_its_page(
    relay: RelayProcess, post: AudioPost
) -> None:
    with httpx.Client(base_url=relay.url, trust_env=False) as browser:
        evil = browser.post(
            "/session", data={"username": "surfer"}, headers={"origin": "https://evil.example"}
        )
        assert problem(evil) == (403, "csrf")
        opened = browser.post("/session", data={"username": "surfer"}, headers={"origin": relay.url})
        assert opened.status_code == 303
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie
        like = {"post_id": post.id}
        assert problem(browser.post("/api/v1/social/like", json=like)) == (403, "csrf")
        token = browser.get("/").text.split('name="csrf" content="')[1].split('"')[0]
        headers = {"x-csrf-token": token}
        assert browser.post("/api/v1/social/like", json=like, headers=headers).json()["liked"] is True
        assert browser.get("/api/v1/users/me").json()["username"] == "surfer"
        assert problem(browser.post("/session/close", headers={"origin": relay.url})) == (403, "csrf")
        assert browser.get("/api/v1/users/me").status_code == 200
        browser.post("/session/close", headers={"origin": relay.url}, data={"csrf": token})
        assert problem(browser.get("/api/v1/users/me")) == (401, "sign_in_required")


@pytest.mark.parametrize(("method", "path", "form"), every_change())
def test_no_change_is_made_by_a_page_of_somebody_else(
    relay: RelayProcess, method: str, path: str, form: bool
) -> None:
    """With a cookie and without the page's token; and forms not even with it, from another origin."""
    address = re.sub(r"{\w+}", "0" * 32, path)
    with httpx.Client(base_url=relay.url, trust_env=False) as browser:
        browser.post("/session", data={"username": "surfer"}, headers={"origin": relay.url})
        token = browser.get("/").text.split('name="csrf" content="')[1].split('"')[0]
        evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        if form:
            body = {"username": "other", "csrf": token, "answer": "yes"}
            assert problem(browser.request(method, address, data=body, headers=evil)) == (403, "csrf")
        if not path.startswith("/session"):
            answer = browser.request(method, address, data={"answer": "yes"}, headers={"origin": relay.url})
            assert problem(answer) == (403, "csrf")


def test_titles_are_text_on_every_page(relay: RelayProcess, owner: RelayClient) -> None:
    nasty = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    made = owner.post(AUDIO, title=nasty, daw="<b>daw</b>", key="<i>", genre=["'><u>"])
    for page in ("/", f"/p/{made.id}", "/u/holder"):
        text = httpx.get(relay.url + page, trust_env=False).text
        assert "<script>alert" not in text and "<img src=x" not in text and "<b>daw" not in text
        assert "&lt;script&gt;alert(1)" in text


# reactions ------------------------------------------------------------------------------------------------------


def test_reactions_are_counted_once_each_and_taken_back_by_emoji_or_by_id(
    relay: RelayProcess, owner: RelayClient
) -> None:
    post = owner.post(AUDIO, title="react to me")
    fan, rival = client_of(relay, "fan"), client_of(relay, "rival")

    def react(who: RelayClient, emoji: str, path: str = "react") -> httpx.Response:
        return who.http.post(f"/social/{path}", json={"post_id": post.id, "emoji": emoji})

    for _ in range(2):
        made = react(fan, "🔥").json()
    assert (made["post"]["reactions"], made["post"]["reacted"]) == ({"🔥": 1}, ["🔥"])
    assert (made["reaction"]["type"], made["reaction"]["emoji"]) == ("react", "🔥")
    seen = react(rival, "🎵").json()["post"]
    assert (seen["reactions"], seen["reacted"], seen["liked"]) == ({"🎵": 1, "🔥": 1}, ["🎵"], False)
    for emoji in ("🚀", "💯"):
        assert react(fan, emoji).status_code == 200
    assert problem(react(fan, "😍")) == (422, "validation"), "three are enough"
    assert problem(react(rival, "👍")) == (422, "validation")
    assert problem(rival.http.delete(f"/social/react/{made['reaction']['id']}")) == (404, "not_found")
    gone = fan.http.delete(f"/social/react/{made['reaction']['id']}").json()
    assert (gone["reactions"], sorted(gone["reacted"])) == ({"🎵": 1, "🚀": 1, "💯": 1}, ["💯", "🚀"])
    for _ in range(2):
        assert react(rival, "🎵", "unreact").json()["reactions"] == {"🚀": 1, "💯": 1}
    listed = next(p for p in fan.http.get("/feed/global").json()["posts"] if p["id"] == post.id)
    assert sorted(listed["reacted"]) == ["💯", "🚀"] and len(listed["outline"]) == 216


# following, liking, feeds ---------------------------------------------------------------------------------------


def test_a_title_in_any_script_is_published(owner: RelayClient) -> None:
    for title in ("Kellerlicht ♪", "夜のバス", "🔥"):
        assert owner.post(AUDIO, title=title).title == title


def test_following_and_liking_twice_is_once(relay: RelayProcess, owner: RelayClient, post: AudioPost) -> None:
    fan = client_of(relay, "fan")
    before = fan.http.get("/users/holder").json()["follower_count"]
    for _ in range(2):
        answer = fan.http.post("/social/follow", json={"user_id": owner.user_id}).json()
        assert answer["following"] is True and answer["user"]["follower_count"] == before + 1
    likes = fan.http.get(f"/audio/{post.id}").json()["like_count"]
    for emoji in ("🔥", "❤️"):
        liked = fan.http.post("/social/like", json={"post_id": post.id, "emoji": emoji}).json()
        assert (liked["like_count"], liked["liked"]) == (likes + 1, True)
    assert any(
        each["id"] == post.id and each["liked"] for each in fan.http.get("/feed/timeline").json()["posts"]
    )
    assert not any(each["liked"] for each in owner.http.get("/feed/timeline").json()["posts"])
    for _ in range(2):
        assert fan.http.post("/social/unlike", json={"post_id": post.id}).json()["like_count"] == likes
        assert (
            fan.http.post("/social/unfollow", json={"username": "holder"}).json()["user"]["follower_count"]
            == before
        )
    assert fan.http.get("/feed/timeline").json()["posts"] == []
    assert problem(fan.http.post("/social/follow", json={"username": "fan"})) == (422, "validation")


def test_what_a_like_came_with_is_counted_and_shown(relay: RelayProcess, owner: RelayClient) -> None:
    post, fans = owner.post(AUDIO, title="liked"), [client_of(relay, f"fan{number}") for number in range(3)]

    def like(fan: int, emoji: str) -> tuple[int, dict[str, int]]:
        said = fans[fan].http.post("/social/like", json={"post_id": post.id, "emoji": emoji}).json()
        return said["like_count"], said["liked_with"]

    assert like(0, "❤️") == (1, {})
    assert like(0, "🚀") == (1, {"🚀": 1})
    assert like(0, "🚀") == (1, {"🚀": 1})
    assert like(1, "🔥") == (2, {"🔥": 1, "🚀": 1})
    assert like(2, "buy this") == (3, {"🔥": 1, "🚀": 1}), "what anybody may write is counted, not shown"
    for page in (post.page_url, f"{relay.url}/u/{owner.username}"):
        assert "🔥 1 🚀 1" in httpx.get(page, trust_env=False).text
        assert "buy this" not in httpx.get(page, trust_env=False).text
    fans[1].http.post("/social/unlike", json={"post_id": post.id})
    assert like(0, "❤️") == (2, {})
    for fan in fans:
        fan.close()


def test_who_sees_a_post_is_its_authors_to_say(relay: RelayProcess, owner: RelayClient) -> None:
    post = owner.post(AUDIO, title="shown to some")
    follower, stranger = client_of(relay, "follower"), client_of(relay, "stranger")
    follower.follow(owner.username)
    path = f"/audio/{post.id}"

    def seen(by: RelayClient) -> tuple[bool, bool]:
        """By its address, and on lists."""
        listed = by.http.get(f"/feed/user/{owner.username}").json()["posts"]
        by_address = {
            by.http.get(each).status_code
            for each in (f"/audio/{post.id}", f"/audio/{post.id}/mp3", post.page_url)
        }
        assert by_address in ({200}, {404})
        return by_address == {200}, post.id in {each["id"] for each in listed}

    for visibility, of_follower, of_stranger in (
        ("private", (False, False), (False, False)),
        ("followers", (True, True), (False, False)),
        ("unlisted", (True, False), (True, False)),
        ("public", (True, True), (True, True)),
    ):
        assert owner.http.patch(path, json={"visibility": visibility}).json()["visibility"] == visibility
        assert owner.http.get(path).json()["visibility"] == visibility
        assert (seen(owner), seen(follower), seen(stranger)) == ((True, True), of_follower, of_stranger)
        embedded = httpx.get(f"{relay.url}/embed/{post.id}", trust_env=False).status_code
        assert embedded == (200 if visibility == "public" else 404)
    assert problem(stranger.http.patch(path, json={"visibility": "private"})) == (404, "not_found")
    assert problem(owner.http.patch(path, json={"visibility": "sometimes"})) == (422, "validation")


def test_followers_are_listed(relay: RelayProcess) -> None:
    star, fan = client_of(relay, "star"), client_of(relay, "stargazer")
    fan.follow("star")
    assert [each["username"] for each in star.http.get("/users/star/followers").json()["users"]] == [
        "stargazer"
    ]
    following = star.http.get(f"/users/{fan.user_id}/following").json()["users"]
    assert [each["username"] for each in following] == ["star"]


# uploads --------------------------------------------------------------------------------------------------------


def test_a_post_says_what_was_uploaded_and_plays(owner: RelayClient, post: AudioPost) -> None:
    assert (post.title, post.bpm, post.key, post.genre) == ("Owned", 128.0, None, ["house"])
    assert (post.frames, post.sample_rate_hz, post.duration_bars) == (24_000, 48_000, 1)
    whole = owner.http.get(post.audio_url)
    assert (
        whole.headers["content-type"] == "audio/mpeg"
        and "sandbox" in whole.headers["content-security-policy"]
    )
    part = owner.http.get(post.audio_url, headers={"range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == whole.content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    beyond = owner.http.get(post.audio_url, headers={"range": "bytes=999999999-"})
    assert problem(beyond) == (416, "range_not_satisfiable")
    asked_for_head = owner.http.head(post.audio_url, headers={"range": "bytes=100-199"})
    assert asked_for_head.headers["content-length"] == str(len(whole.content)), "ranges are for GET alone"
    tag = whole.headers["etag"]
    for named in (tag, f"W/{tag}", f'"other", W/{tag}', "*"):
        unchanged = owner.http.get(post.audio_url, headers={"if-none-match": named})
        assert unchanged.status_code == 304 and unchanged.content == b""
    assert owner.http.get(post.audio_url, headers={"if-none-match": '"other"'}).status_code == 200
    svg = owner.http.get(post.waveform_svg)
    assert svg.headers["content-type"] == "image/svg+xml" and svg.text.startswith("<svg")
    assert "<script" not in svg.text and "Owned" not in svg.text
    assert owner.http.get(f"/audio/{post.id}/flac").content.startswith(b"fLaC")


def test_the_same_upload_makes_one_post(owner: RelayClient) -> None:
    entry_id = secrets.token_hex(16)
    first = owner.upload(AUDIO, entry_id=entry_id, title="once")
    again = owner.upload(AUDIO, entry_id=entry_id, title="once")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other_audio = owner.upload(short_flac(12_000), entry_id=entry_id)
    assert problem(other_audio) == (422, "idempotency_mismatch")


def test_a_key_belongs_to_its_account(owner: RelayClient, other: RelayClient) -> None:
    entry_id = secrets.token_hex(16)
    mine, theirs = owner.upload(AUDIO, entry_id=entry_id), other.upload(AUDIO, entry_id=entry_id)
    assert mine.status_code == theirs.status_code == 201
    assert mine.json()["id"] != theirs.json()["id"]


def test_duplicates_at_the_same_time_make_one_post(owner: RelayClient) -> None:
    entry_id, answers = secrets.token_hex(16), list[httpx.Response]()
    threads = [
        threading.Thread(target=lambda: answers.append(owner.upload(AUDIO, entry_id=entry_id)))
        for _ in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    statuses = sorted(each.status_code for each in answers)
    assert statuses.count(201) == 1 and set(statuses) <= {200, 201, 409}
    for each in answers:
        if each.status_code == 409:
            assert problem(each) == (409, "upload_running") and each.headers["retry-after"] == "2"
    settled = owner.upload(AUDIO, entry_id=entry_id)
    created = next(each for each in answers if each.status_code == 201)
    assert (settled.status_code, settled.json()["id"]) == (200, created.json()["id"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sha256": "0" * 64}, "sha256_mismatch"),
        ({"sha256": "x"}, "validation"),
        ({"title": "x" * 121}, "validation"),
        ({"title": "a\0b"}, "validation"),
        ({"title": "\u202etxet"}, "validation"),
        ({"bpm": 0}, "validation"),
        ({"bpm": 1001}, "validation"),
        ({"genre": ["x"] * 9}, "validation"),
        ({"like_count": 7}, "validation"),
        ({"user_id": "0" * 32}, "validation"),
        ({"bar_frames": [-1]}, "validation"),
        ({"duration_bars": 10**30}, "validation"),
    ],
)
def test_meta_is_checked(owner: RelayClient, change: dict[str, Any], code: str) -> None:
    assert problem(owner.upload(AUDIO, **change)) == (422, code)


def test_uploads_need_their_key_their_parts_and_an_account(
    owner: RelayClient, anonymous: RelayClient
) -> None:
    assert problem(anonymous.upload(AUDIO)) == (401, "sign_in_required")
    assert problem(owner.upload(AUDIO, entry_id="short")) == (400, "idempotency_key_required")
    headers = {"idempotency-key": secrets.token_hex(16)}
    only_audio = owner.http.post("/audio/upload", files={"audio": ("x", AUDIO)}, headers=headers)
    assert problem(only_audio) == (400, "malformed")
    plain = owner.http.post("/audio/upload", content=AUDIO, headers=headers)
    assert problem(plain) == (415, "unsupported_media_type")
    broken = {**headers, "content-type": "multipart/form-data; boundary=x"}
    assert problem(owner.http.post("/audio/upload", content=b"--x\r\nbroken", headers=broken)) == (
        400,
        "malformed",
    )
    for meta, expected in (
        ("[" * 30_000, (422, "validation")),
        ("{", (400, "malformed")),
        ("\ufffe", (400, "malformed")),
    ):
        parts = {"meta": ("", meta), "audio": ("x", AUDIO)}
        assert problem(owner.http.post("/audio/upload", files=parts, headers=headers)) == expected


def upload_line(client: RelayClient, length: str) -> socket.socket:
    """A connection on which the head of an upload has been sent. length: the header that says how long it is."""
    assert client.pair is not None
    host, port = client.url.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=30)
    head = (
        f"POST /api/v1/audio/upload HTTP/1.1\r\nHost: {host}\r\n{length}\r\n"
        f"Authorization: Bearer {client.pair.access_token}\r\nIdempotency-Key: {secrets.token_hex(16)}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    line.sendall(head.encode())
    return line


def test_too_much_is_refused_while_it_streams(owner: RelayClient) -> None:
    """Without a length to believe, the counter has to notice, and the line is cut."""
    opening = b'--x\r\nContent-Disposition: form-data; name="audio"; filename="a"\r\n\r\n'
    mebibyte, sent = b"\0" * 2**20, 0
    with upload_line(owner, "Transfer-Encoding: chunked") as line:
        line.sendall(b"%x\r\n%b\r\n" % (len(opening), opening))
        with pytest.raises(OSError):
            while sent < 4 * MAX_UPLOAD_BYTES:
                line.sendall(b"%x\r\n%b\r\n" % (len(mebibyte), mebibyte))
                sent += len(mebibyte)
        answer = line.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413")
    assert sent < 2 * MAX_UPLOAD_BYTES


def test_what_says_itself_that_it_is_too_large_is_not_read(owner: RelayClient) -> None:
    with upload_line(owner, f"Content-Length: {10 * MAX_UPLOAD_BYTES}") as line:
        assert line.recv(4096).startswith(b"HTTP/1.1 413")


def test_health(anonymous: RelayClient) -> None:
    for name in ("live", "ready"):
        assert anonymous.http.get(f"{anonymous.url}/health/{name}").json()["status"] == name


def test_json_is_as_the_wire_says(owner: RelayClient, post: AudioPost) -> None:
    fields = json.loads(owner.http.get(f"/audio/{post.id}").text)
    assert set(fields) == set(AudioPost.__struct_fields__)
