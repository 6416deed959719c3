"""tus 1.0 at a real relay, sentence by sentence of the specification, and what happens to lines that break."""

import base64
import hashlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from relay.core.limits import LIMITS, Kind
from relay.core.tus import ALGORITHMS, MAX_METADATA_BYTES
from relay.engine.objects.door import PIECE_BYTES
from relay.features.uploads.body import CHECKPOINT_BYTES
from relay.wire.rest import MAX_UPLOAD_BYTES
from tests.support.deadlines import HANG_S
from tests.support.engines import EMBEDDED
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True
AUDIO = short_flac()
PIECE = 1024
CALL_LIMIT_S = HANG_S


@pytest.fixture(scope="module")
def client(relay: RelayProcess) -> Iterator[RelayClient]:
    made = RelayClient(relay.url)
    made.sign_in("holder")
    yield made
    made.close()


def stored(relay: RelayProcess, location: str) -> bytes:
    """What is stored of an upload, in the order of its parts."""
    return relay.engines.parts_of(relay.data, location.rpartition("/")[2])


def begin(client: RelayClient, size_bytes: int, body: bytes | None = None, **headers: str) -> str:
    """Its Location."""
    answer = client.tus("POST", "/uploads/", body, upload_length=str(size_bytes), **headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def stands_at(client: RelayClient, location: str) -> int:
    answer = client.tus("HEAD", location)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def send(client: RelayClient, location: str, at: int, body: bytes, **headers: str) -> httpx.Response:
    return client.tus("PATCH", location, body, upload_offset=str(at), **headers)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def checksum(algorithm: str, body: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}"


# the protocol ---------------------------------------------------------------------------------------------------


def test_options_says_what_is_spoken(relay: RelayProcess, client: RelayClient) -> None:
    for address in ("/api/v1/uploads", "/api/v1/uploads/" + "0" * 32):
        answer = httpx.options(relay.url + address, trust_env=False)
        assert answer.status_code == 204
        assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["tus-max-size"] == str(MAX_UPLOAD_BYTES)
        assert set(answer.headers["tus-extension"].split(",")) == {
            "creation",
            "creation-with-upload",
            "checksum",
            "expiration",
            "termination",
        }
        assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


@pytest.mark.parametrize("version", [None, "0.2.2", "1.0"])
def test_another_version_is_refused_and_nothing_is_done(client: RelayClient, version: str | None) -> None:
    location = begin(client, 9)
    headers = {"upload-length": "9", "upload-offset": "0", "content-type": "application/offset+octet-stream"}
    if version:
        headers["tus-resumable"] = version
    for method, path in (("POST", "/uploads"), ("HEAD", location), ("PATCH", location), ("DELETE", location)):
        address = path if path == "/uploads" else client.url + path
        answer = client.http.request(method, address, content=b"123456789", headers=headers)
        assert answer.status_code == 412 and answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert stands_at(client, location) == 0


def test_a_file_arrives_in_pieces_and_becomes_a_post(client: RelayClient) -> None:
    location = begin(client, len(AUDIO))
    for at in range(0, len(AUDIO), PIECE):
        answer = send(client, location, at, AUDIO[at : at + PIECE])
        assert answer.status_code == 204 and answer.content == b""
        assert int(answer.headers["upload-offset"]) == min(at + PIECE, len(AUDIO))
        assert answer.headers["tus-resumable"] == "1.0.0" and answer.headers["upload-expires"].endswith("GMT")
    assert process(client, location, "pieces").status_code == 201
    assert stands_at(client, location) == len(AUDIO), "the bytes have gone, and are never asked for again"
    assert client.tus("HEAD", location).headers["upload-length"] == str(len(AUDIO))


def process(
    client: RelayClient, location: str, title: str, key: str | None = None, audio: bytes = AUDIO
) -> httpx.Response:
    meta = {"title": title, "sha256": hashlib.sha256(audio).hexdigest()}
    body = {"upload_id": location.rpartition("/")[2], "meta": meta}
    return client.http.post(
        "/audio/process", json=body, headers={"idempotency-key": key or secrets.token_hex(16)}
    )


def test_creation_may_bring_the_whole_file_or_its_beginning(client: RelayClient) -> None:
    for part in (AUDIO, AUDIO[:PIECE], b""):
        answer = client.tus("POST", "/uploads/", part, upload_length=str(len(AUDIO)))
        assert (answer.status_code, answer.headers["upload-offset"]) == (201, str(len(part)))
        assert stands_at(client, answer.headers["location"]) == len(part)


def test_a_part_goes_where_the_upload_stands_and_nowhere_else(client: RelayClient) -> None:
    location = begin(client, 9, b"123")
    for at in (0, 2, 4, 9, 10**14):
        assert code(send(client, location, at, b"x")) == (409, "offset_mismatch")
    assert stands_at(client, location) == 3


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "٣", "1e3", "9" * 16])
def test_an_offset_is_a_number_of_bytes(client: RelayClient, offset: str) -> None:
    location = begin(client, 9)
    headers = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}
    raw = [*headers.items(), ("upload-offset", offset.encode())]
    answer = client.http.request("PATCH", client.url + location, content=b"x", headers=raw)  # type: ignore[arg-type]
    assert code(answer) == (400, "malformed")


def test_a_part_has_its_own_media_type(client: RelayClient) -> None:
    location = begin(client, 9)
    answer = send(client, location, 0, b"x", content_type="application/octet-stream")
    assert code(answer) == (415, "unsupported_media_type")


def test_no_more_than_was_announced(client: RelayClient) -> None:
    location = begin(client, 9, b"123")
    assert code(send(client, location, 3, b"4567890")) == (413, "too_large")
    whole = client.tus("POST", "/uploads/", upload_length=str(MAX_UPLOAD_BYTES + 1))
    assert code(whole) == (413, "too_large")
    unknown = client.tus("POST", "/uploads/", upload_defer_length="1")
    assert code(unknown) == (400, "malformed")
    assert code(client.tus("POST", "/uploads")) == (400, "malformed")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_part_with_its_checksum_counts_whole_or_not_at_all(client: RelayClient, algorithm: str) -> None:
    location = begin(client, 9)
    damaged = send(client, location, 0, b"1234x", upload_checksum=checksum(algorithm, b"12345"))
    assert code(damaged) == (460, "checksum_mismatch")
    assert stands_at(client, location) == 0
    good = send(client, location, 0, b"12345", upload_checksum=checksum(algorithm, b"12345"))
    assert (good.status_code, good.headers["upload-offset"]) == (204, "5")


@pytest.mark.parametrize("value", ["crc32 AAAA", "sha1", "sha1 ???", "sha1 AAAA", "SHA1 " + "A" * 27 + "="])
def test_a_checksum_that_is_not_understood_is_refused(client: RelayClient, value: str) -> None:
    location = begin(client, 9)
    assert code(send(client, location, 0, b"1", upload_checksum=value)) == (400, "malformed")
    assert stands_at(client, location) == 0


def test_metadata_come_back_as_they_were_given(client: RelayClient) -> None:
    given = "filename dGFrZS5mbGFj,mine,empty ,last"
    assert client.tus("HEAD", begin(client, 9, upload_metadata=given)).headers["upload-metadata"] == given
    assert "upload-metadata" not in client.tus("HEAD", begin(client, 9)).headers


@pytest.mark.parametrize("value", [",", "a !", "a AAAA,a AAAA", "a,, AAAA", "n " + "A" * MAX_METADATA_BYTES])
def test_metadata_that_are_none_are_refused(client: RelayClient, value: str) -> None:
    answer = client.tus("POST", "/uploads/", upload_length="9", upload_metadata=value)
    assert code(answer) == (400, "malformed")


def test_an_ended_upload_is_gone(relay: RelayProcess, client: RelayClient) -> None:
    location = begin(client, 9, b"123")
    assert stored(relay, location) == b"123"
    assert client.tus("DELETE", location).status_code == 204
    assert stored(relay, location) == b""
    for method in ("HEAD", "PATCH", "DELETE"):
        assert (
            client.tus(method, location, b"" if method == "PATCH" else None, upload_offset="3").status_code
            == 410
        )
    assert client.tus("HEAD", "/uploads/" + "0" * 32).status_code == 404


def test_a_method_may_be_named_in_a_header(client: RelayClient) -> None:
    location = begin(client, 9)
    patched = client.tus("POST", location, b"123", upload_offset="0", x_http_method_override="PATCH")
    assert (patched.status_code, patched.headers["upload-offset"]) == (204, "3")
    assert client.tus("POST", location, x_http_method_override="DELETE").status_code == 204
    # Only for uploads: elsewhere the method is what it is.
    elsewhere = client.http.post("/users/me", headers={"x-http-method-override": "GET"})
    assert elsewhere.status_code == 405


def test_parts_have_a_limit_of_their_own(client: RelayClient) -> None:
    """A line that breaks all the time needs thousands; posts are limited where they are made."""
    location = begin(client, 9)
    limit = str(LIMITS[Kind.CHUNK].times(100).count)  # a relay for development has a hundred times the limits
    for answer in (send(client, location, 0, b"1"), client.tus("HEAD", location)):
        assert answer.headers["ratelimit-limit"] == limit
    published = process(client, location, "early")
    assert published.headers["ratelimit-limit"] == str(LIMITS[Kind.UPLOAD].times(100).count)


def test_an_empty_upload_is_whole_at_once(client: RelayClient) -> None:
    location = begin(client, 0)
    assert stands_at(client, location) == 0
    assert code(process(client, location, "nothing", audio=b"")) == (422, "audio_refused")


# one key, one post ----------------------------------------------------------------------------------------------


def test_creating_twice_with_a_key_is_creating_once(client: RelayClient) -> None:
    key = secrets.token_hex(16)
    location = begin(client, 9, b"123", idempotency_key=key)
    again = client.tus("POST", "/uploads/", b"123", upload_length="9", idempotency_key=key)
    assert (again.headers["location"], again.headers["upload-offset"]) == (location, "3")
    other = begin(client, 10, idempotency_key=key)
    assert other != location, "another file under the same key begins anew"
    assert client.tus("HEAD", location).status_code == 410


def test_a_key_makes_one_post_however_often_it_is_asked(client: RelayClient) -> None:
    key = secrets.token_hex(16)
    location = begin(client, len(AUDIO), AUDIO, idempotency_key=key)
    first = process(client, location, "once", key)
    again = process(client, location, "once", key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert client.tus("DELETE", location).status_code == 204
    assert process(client, location, "once", key).json() == first.json(), "the upload may be gone"
    anew = client.tus("POST", "/uploads/", AUDIO, upload_length=str(len(AUDIO)), idempotency_key=key)
    assert anew.headers["upload-offset"] == str(len(AUDIO)), "nobody needs the bytes a second time"
    assert process(client, anew.headers["location"], "once", key).json() == first.json()
    other = short_flac(12_000)
    wrong = process(client, location, "once", key, audio=other)
    assert code(wrong) == (422, "idempotency_mismatch")
    one_shot = client.upload(AUDIO, entry_id=key, title="once")
    assert (one_shot.status_code, one_shot.json()) == (200, first.json())


def test_only_a_whole_upload_becomes_a_post(client: RelayClient) -> None:
    location = begin(client, len(AUDIO), AUDIO[:-1])
    assert code(process(client, location, "early")) == (409, "upload_incomplete")
    assert send(client, location, len(AUDIO) - 1, AUDIO[-1:]).status_code == 204
    assert process(client, location, "whole").status_code == 201
    assert code(process(client, location, "a second post of it")) == (410, "gone")


def test_what_arrived_is_what_meta_names_or_it_begins_anew(client: RelayClient) -> None:
    damaged = bytes([*AUDIO[:-1], AUDIO[-1] ^ 1])
    location = begin(client, len(AUDIO), damaged)
    assert code(process(client, location, "damaged")) == (422, "sha256_mismatch")
    assert client.tus("HEAD", location).status_code == 410


# lines that break -----------------------------------------------------------------------------------------------


def half_sent(client: RelayClient, location: str, at: int, body: bytes, announced: int) -> socket.socket:
    """A PATCH of which body has been sent, and more is announced."""
    assert client.pair is not None
    host, port = client.url.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=CALL_LIMIT_S)
    head = (
        f"PATCH {location} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {announced}\r\nTus-Resumable: 1.0.0\r\n"
        f"Authorization: Bearer {client.pair.access_token}\r\nUpload-Offset: {at}\r\n"
        "Content-Type: application/offset+octet-stream\r\n\r\n"
    )
    line.sendall(head.encode() + body)
    return line


def until_written(relay: RelayProcess, location: str, size_bytes: int) -> None:
    """Until so many bytes of an upload are on the disk or wait to be written there, a block at a time."""
    writing = relay.data / "objects" / "writing"
    deadline = time.monotonic() + CALL_LIMIT_S
    while relay.engines is not EMBEDDED:  # a store shows a part when it is whole
        if location.rpartition("/")[2] in relay.engines.being_sent(relay.data):
            return
        assert time.monotonic() < deadline
        time.sleep(0.005)
    while True:
        with suppress(FileNotFoundError):  # it was just stored
            under_way = [each.stat().st_size for each in writing.iterdir()]
            here_bytes = len(stored(relay, location)) + sum(under_way)
            if under_way and here_bytes >= size_bytes - PIECE_BYTES:
                return
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_came_before_the_line_broke_is_kept(relay: RelayProcess, client: RelayClient) -> None:
    location = begin(client, 9)
    with half_sent(client, location, 0, b"1234", 9):
        until_written(relay, location, 4)
    deadline = time.monotonic() + CALL_LIMIT_S
    while stands_at(client, location) < 4:
        assert time.monotonic() < deadline
    assert send(client, location, 4, b"56789").headers["upload-offset"] == "9"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_a_line_that_nobody_closed_is_taken_over(
    relay: RelayProcess, client: RelayClient, method: str
) -> None:
    """The client is back before we have noticed that it was gone."""
    location = begin(client, 9)
    with half_sent(client, location, 0, b"1234", 9) as old:
        until_written(relay, location, 4)
        body = b"" if method == "PATCH" else None
        answer = client.tus(method, location, body, upload_offset="4")
        if method == "PATCH" and answer.status_code == 409:  # it ended the old one, and then looked
            answer = client.tus(method, location, body, upload_offset=str(stands_at(client, location)))
        assert answer.status_code in (200, 204)
        assert method == "DELETE" or answer.headers["upload-offset"] == "4"
        told = old.recv(4096)
        assert told.startswith(b"HTTP/1.1 409") and b"upload_taken_over" in told, (
            "nobody waited for the old one's end"
        )


def test_many_at_once_leave_a_whole_file(client: RelayClient) -> None:
    """Each takes the upload from the others, all the time; no byte is written twice or out of place."""
    key, size = secrets.token_hex(16), len(AUDIO)
    location = begin(client, size, idempotency_key=key)

    def push() -> None:
        mine = RelayClient(client.url)
        assert client.pair is not None
        mine.use(client.pair)
        while (at := stands_at(mine, location)) < size:
            send(mine, location, at, AUDIO[at : at + 4 * PIECE])
        mine.close()

    threads = [threading.Thread(target=push) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert process(client, location, "by four", key).status_code == 201


@pytest.mark.parametrize("checked", [False, True])
def test_after_a_kill_the_upload_goes_on_where_it_was_safe(tmp_path: Path, checked: bool) -> None:
    body = os.urandom(2 * CHECKPOINT_BYTES + PIECE)
    with running_relay(tmp_path / "data") as first:
        client = RelayClient(first.url)
        pair = client.sign_in("anna")
        location = begin(client, len(body), body[:PIECE] if checked else b"")
        already = PIECE if checked else 0
        sent = len(body) - PIECE
        if checked:  # a part with a checksum that is not whole counts for nothing
            line = half_sent(client, location, already, body[already:sent], len(body) - already)
        else:
            line = half_sent(client, location, 0, body[:sent], len(body))
        until_written(first, location, sent)
        first.kill()
        line.close()
        client.close()
    with running_relay(tmp_path / "data") as again:
        client = RelayClient(again.url)
        client.use(pair)
        at = stands_at(client, location)
        assert at >= sent - CHECKPOINT_BYTES
        answer = send(client, location, at, body[at:])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(body)))
        assert stored(again, location) == body
        client.close()
