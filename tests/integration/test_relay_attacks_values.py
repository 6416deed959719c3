"""Values that nobody means well: each is refused in words, none is stored, none ends what serves the others."""

import json
import random
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.exceptions import ConnectionClosed, InvalidStatus

from relay.app.dispatch import method_of, path_of
from relay.core.calls import AnyRow, Page
from relay.wire.events import CLOSE_BAD_MESSAGE
from relay.wire.health import Ready
from tests.support.claims import Claim, FormBrowser
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, b64, device_facts, running_relay
from tests.support.rows import every_row

ODD_STATUSES = ["idle\n", "idle ", "", "producing\x00", "recording" * 100]


@pytest.fixture(scope="module")
def anna(relay: RelayProcess) -> Iterator[RelayClient]:
    client = RelayClient(relay.url)
    client.sign_in("anna")
    yield client
    client.close()


def is_well(relay: RelayProcess) -> bool:
    return httpx.get(f"{relay.url}/health/ready", trust_env=False).status_code == 200


# texts with what is not seen ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ODD_STATUSES)
def test_a_presence_that_is_none_costs_only_its_own_socket(
    relay: RelayProcess, anna: RelayClient, status: str
) -> None:
    socket_ = anna.socket()
    socket_.raw.send(msgspec.msgpack.encode([{"t": "presence", "status": status}]))
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket_.next()
    socket_.close()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == CLOSE_BAD_MESSAGE
    assert httpx.get(f"{relay.url}/u/anna", trust_env=False).status_code in (200, 404)
    ben = RelayClient(relay.url)
    ben.sign_in("benjamin")
    ben.follow("anna")
    connected = ben.socket()  # it is told what those do whom it follows
    connected.close()
    ben.close()
    assert is_well(relay)


def test_a_name_with_a_line_feed_is_no_second_account(relay: RelayProcess, anna: RelayClient) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("alice1")
    for name in ("alice1\n", "alice1\x00", "alice1\u202e", "\nalice1x"):
        body = anna.claim_body(anna.register(), name)
        assert anna.http.post("/auth/claim", json=body).status_code == 422, name
    for name in ("alice1\x00", "alice1\u202e", "ali\nce1"):  # what stands around a form's value is trimmed
        with FormBrowser(relay.url) as browser:
            assert browser.http.post("/session", data={"username": name}).status_code == 422, name
    assert anna.http.get("/users/alice1%0A").status_code == 404


def test_a_challenge_with_a_line_feed_is_refused(anna: RelayClient) -> None:
    body = anna.claim_body(anna.register(), "anna")
    for challenge in (body["challenge"] + "\n", "\n", "x" * 5000):
        answer = anna.http.post("/auth/claim", json=body | {"challenge": challenge})
        assert answer.status_code == 422, answer.text


def test_a_number_of_5000_digits_in_a_form_is_no_number(relay: RelayProcess, anna: RelayClient) -> None:
    code = Claim(anna).begin().user_code
    with FormBrowser(relay.url) as browser:
        browser.sign_in("anna")
        csrf = csrf_of(browser)
        for shown in ("9" * 5000, "-1", "1e9", "١٢٣", "0x10", " 1", "1\n"):
            form = {"csrf": csrf, "user_code": code, "answer": "yes", "shown": shown}
            answer = browser.http.post("/device", data=form)
            assert answer.status_code == 200 and "shown" in answer.text, "asked anew, not answered"


def csrf_of(browser: FormBrowser) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.http.get("/device").text)
    assert found is not None
    return found[1]


# keys ---------------------------------------------------------------------------------------------------------

P = (1 << 255) - 19
SMALL = [
    0,
    1,
    P - 1,
    P,
    P + 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
]


@pytest.mark.parametrize("y", SMALL)
@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_under_which_one_signature_fits_many_messages_is_none(
    anna: RelayClient, y: int, sign: int
) -> None:
    key = (y | sign << 255).to_bytes(32, "little")
    facts = device_facts(Ed25519PrivateKey.generate(), b64(key))
    answer = anna.http.post("/auth/device", json=facts)
    assert answer.status_code == 422 and "public_key" in answer.json()["detail"]


# addresses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/u/%00", "/p/a%00b", "/%00", "/api/v1/users/%00", "/static/%00.js", "/u/%0d%0a", "/%e2%80%ae"]
)
def test_what_is_not_seen_in_an_address_is_not_there(relay: RelayProcess, path: str) -> None:
    assert httpx.get(relay.url + path, trust_env=False).status_code == 404


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:80@evil.example",
        "localhost@evil.example",
        "evil.example",
        "127.0.0.1.evil.example",
        "[::1]@evil.example",
        "",
    ],
)
def test_a_relay_for_development_is_not_known_by_another_name(relay: RelayProcess, host: str) -> None:
    parts = urlsplit(relay.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=HANG_S) as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert sock.recv(12) in (b"HTTP/1.1 421", b"HTTP/1.1 400")


# background tasks ---------------------------------------------------------------------------------------------


def ready(relay: RelayProcess) -> tuple[int, dict[str, str]]:
    answer = httpx.get(f"{relay.url}/health/ready", trust_env=False)
    said = msgspec.json.decode(answer.content, type=Ready)
    return answer.status_code, {check.name: check.detail for check in said.checks if not check.ok}


def test_a_task_that_stumbles_goes_on_and_is_seen(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data", module="tests.support.hasty_relay") as relay:
        assert ready(relay) == (200, {})
        bad = relay.data / "objects" / "zz"
        bad.write_bytes(b"a file where a folder belongs")
        while (seen := ready(relay))[0] == 200:
            pass
        assert list(seen[1]) == ["task stray objects"] and "failed" in seen[1]["task stray objects"]
        client = RelayClient(relay.url)
        client.sign_in("anna")  # everything else is served
        client.close()
        bad.unlink()
        while ready(relay)[0] != 200:
            pass


# the log ------------------------------------------------------------------------------------------------------


def log_of(relay: RelayProcess) -> str:
    return (relay.data.parent / f"{relay.data.name}.log").read_text()


def test_what_strangers_do_is_not_our_error_and_its_lines_are_short(
    relay: RelayProcess, anna: RelayClient
) -> None:
    from websockets.sync.client import connect

    url = relay.url.replace("http", "ws", 1)
    for path, headers in (
        ("/api/v1/ws", {}),
        ("/api/v1/ws", {"Authorization": "Bearer " + "x" * 3000}),
        ("/api/v1/ws?ticket=" + "x" * 3000, {}),
        ("/nothing/" + "x" * 3000, {}),
        ("/api/v1/ws", {"Origin": "https://evil.example"}),
    ):
        with pytest.raises(InvalidStatus):
            connect(url + path, additional_headers=headers, compression=None, proxy=None)
    parts = urlsplit(relay.url)
    for bad in (
        b"GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ):
        with socket.create_connection((parts.hostname, parts.port), timeout=HANG_S) as sock:
            sock.sendall(bad)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    for character in ("\x1b]0;x\x07", "\u202e", "\n", "x" * 6000):
        httpx.get(f"{relay.url}/u/{quote(character)}", trust_env=False)
    text = log_of(relay)
    assert '"level": "error"' not in text and "ERROR" not in text and "Traceback" not in text, text[-3000:]
    assert max(map(len, text.splitlines()), default=0) <= 1500
    assert "\x1b" not in text and "\u202e" not in text


# anything at all ----------------------------------------------------------------------------------------------

ODD: list[Any] = [
    "", "x", "\n", "a\x00b", "\u202e", "💥" * 40, "x" * 70_000, "../../etc/passwd", "%00", "<script>alert(1)</script>", "' OR 1=1 --",
    "null", "0", "-1", "1e309", "9" * 400, "a" * 32, "A" * 43, "0" * 64, "11d", "https://evil.example", "2026-01-01T00:00:00.000000Z",
    0, -1, 1, 1 << 31, 1 << 53, 1 << 63, 1 << 64, 0.5, -0.0, 1e308, True, False, None, [], {}, [[]], {"a": {"a": []}}, ["x"] * 2000,
]  # fmt: skip
WORDS = ["a\x00b", "\u202e", "9" * 400]
ROUNDS = 60
SEED = 20261129


def field_names(row: AnyRow) -> list[str]:
    """What its body, query or form may have, and a few more."""
    if isinstance(row, Page):
        names = ["username", "next", "csrf", "answer", "shown", "user_code", "code", "state", "grant_type", "device_id",
                 "signature", "client_id", "redirect_uri", "code_verifier", "device_code", "iss"]  # fmt: skip
        return [*names, *(row.query.__struct_fields__ if row.query is not None else ())]
    return [*row.operation.body.__struct_fields__, *row.operation.query.__struct_fields__, "odd"]


class Stranger:
    """Asks any row for anything. known: values that mean something here."""

    def __init__(self, chance: random.Random, known: list[str]) -> None:
        self.chance = chance
        self.known = known

    def value(self) -> Any:
        return self.chance.choice(self.known if self.chance.random() < 0.3 else ODD)

    def word(self, most: int = 2000) -> str:
        return str(self.value())[:most] or "x"

    def fields(self, row: AnyRow) -> dict[str, Any]:
        return {name: self.value() for name in field_names(row) if self.chance.random() < 0.7}

    def request(self, row: AnyRow) -> dict[str, Any]:
        path = re.sub(r"\{[^}]*\}", lambda _: quote(self.word(300), safe=""), path_of(row))
        query = "&".join(
            f"{quote(name)}={quote(self.word(), safe='')}"
            for name in field_names(row)
            if self.chance.random() < 0.15
        )
        headers = {
            name: self.word(200).encode("ascii", "ignore").decode().replace("\n", "").replace("\x00", "") or "x"
            for name in ("idempotency-key", "range", "if-none-match", "upload-offset", "upload-length", "upload-metadata",
                         "upload-checksum", "x-csrf-token", "accept", "content-type", "authorization", "cookie")
            if self.chance.random() < 0.15
        }  # fmt: skip
        if path.startswith("/api/v1/uploads"):
            headers |= {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}
        asked: dict[str, Any] = {
            "method": method_of(row),
            "url": f"{path}?{query}" if query else path,
            "headers": headers,
        }
        if method_of(row) in ("POST", "PATCH", "PUT", "DELETE"):
            fields = self.fields(row)
            if self.chance.random() < 0.1:
                asked["content"] = self.chance.choice(
                    [b"", b"{", b"[" * 5000, b"\xff\xfe", b"nan", b'{"a":1,"a":2}']
                )
            elif isinstance(row, Page):
                asked["data"] = {name: str(value)[:5000] for name, value in fields.items()}
            else:
                asked["content"] = json.dumps(fields).encode()
                asked["headers"] = {"content-type": "application/json"} | headers
        return asked


def test_no_word_in_an_address_makes_the_relay_fail(relay: RelayProcess, anna: RelayClient) -> None:
    """Each field of each query, and each part of each path, one at a time: what chance would seldom try."""
    with FormBrowser(relay.url) as browser:
        browser.sign_in("anna")
        for row in every_row():
            if method_of(row) != "GET":
                continue
            kind = row.query if isinstance(row, Page) else row.operation.query
            path = re.sub(r"\{[^}]*\}", "a" * 32, path_of(row))
            asked = [f"{path}?{field}={{}}" for field in (kind.__struct_fields__ if kind is not None else ())]
            asked += [path_of(row).replace(part, "{}", 1) for part in re.findall(r"\{[^}]*\}", path_of(row))]
            client = browser.http if isinstance(row, Page) else anna.http
            for place in asked:
                place = re.sub(r"\{[^}]+\}", "a" * 32, place)
                for word in WORDS:
                    answer = client.get(relay.url + place.format(quote(word, safe="")))
                    assert answer.status_code < 500, (place, word[:20], answer.text)
    assert "Traceback" not in log_of(relay)


@pytest.mark.slow
def test_no_request_whatever_makes_the_relay_fail(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data") as relay, FormBrowser(relay.url) as browser:
        client = RelayClient(relay.url)
        client.sign_in("anna")
        browser.sign_in("anna")
        csrf = csrf_of(browser)
        post = client.post(short_flac())
        upload = client.tus("POST", "/uploads/", upload_length="9").headers["location"].rpartition("/")[2]
        assert client.pair is not None
        known = [
            post.id,
            client.user_id,
            "anna",
            client.pair.device_id,
            upload,
            client.pair.refresh_token,
            csrf,
            "🔥",
        ]
        chance = random.Random(SEED)
        stranger = Stranger(chance, known)
        asked = 0
        with httpx.Client(base_url=relay.url, trust_env=False, timeout=HANG_S) as nobody:
            sends = [nobody, browser.http, client.http]
            for _ in range(ROUNDS):
                for row in every_row():
                    given = stranger.request(row)
                    who = chance.choice(sends)
                    answer = who.request(**{**given, "url": relay.url + given["url"]})
                    asked += 1
                    assert answer.status_code < 500, (given, answer.text)
                    assert "<script>alert(1)" not in answer.text
                    if answer.status_code == 429 and who is not nobody:
                        assert "retry-after" in answer.headers
        client.close()
        print(f"{asked} requests, seed {SEED}")
        assert asked > 3_654
        assert is_well(relay)
        assert "Traceback" not in log_of(relay)


def test_no_frame_whatever_makes_the_relay_fail(relay: RelayProcess, anna: RelayClient) -> None:
    chance = random.Random(SEED)
    stranger = Stranger(chance, ["connect", "presence", "refresh", "ping", "idle", "producing"])
    names = ["t", "status", "daw", "bpm", "cursor", "global_feed", "access_token", "r", "odd"]
    for _ in range(200):
        socket_ = anna.socket()
        for _ in range(3):
            message = {name: stranger.value() for name in names if chance.random() < 0.6}
            sent = chance.choice(
                [[message], message, [[message]], [message] * 70, chance.randbytes(40), None]
            )
            try:
                socket_.raw.send(sent if isinstance(sent, bytes) else msgspec.msgpack.encode(sent))
                socket_.next(timeout_s=0.01)
            except (TimeoutError, ConnectionClosed):
                pass
            except (OverflowError, UnicodeEncodeError):  # msgpack has no such number
                pass
        socket_.close()
    assert is_well(relay)
    assert "Traceback" not in log_of(relay)
