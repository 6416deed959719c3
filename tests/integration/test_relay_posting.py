"""From a take to a post over HTTP: what it says and plays, once for each key, within its limits."""

import secrets
import socket
import threading
from typing import Any

import httpx
import pytest

from relay.wire.rest import MAX_UPLOAD_BYTES, AudioPost
from tests.support.clients import AUDIO, problem
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.relay import RelayClient

BOTH_ENGINES = True


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
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}", "RFC 9110, 15.5.17"
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
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
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
    for wrong in ({"meta": ("", "{}")}, {"audio": ("x", AUDIO), "plays": ("", "7")}, {"title": ("", "x")}):
        assert problem(owner.http.post("/audio/upload", files=wrong, headers=headers)) == (400, "malformed")
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
    line = socket.create_connection((host, int(port)), timeout=HANG_S)
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
