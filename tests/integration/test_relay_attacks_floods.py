"""Floods of what costs little to send, and readers that do not read: the relay goes on, and ends whoever does it."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from relay.core.limits import AT_ONCE, Open
from relay.engine.descriptors import RESERVED
from relay.features.live.hub import MAX_CONNECTIONS_PER_ACCOUNT
from relay.wire.events import Event, Presence, PresenceUpdate, read_payload
from tests.support.deadlines import HANG_S
from tests.support.loops import short_flac
from tests.support.poor_relay import CONNECTIONS
from tests.support.raw_sockets import (
    PING,
    TEXT,
    Refused,
    closing,
    cpu_s,
    dial,
    frame,
    is_ended,
    is_reset,
    open_socket,
    push,
    resident_bytes,
)
from tests.support.relay import RelayClient, RelayProcess, running_relay

FLOOD_BYTES = 4 << 20
MIB = 1 << 20


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """With the limits of a relay for the world."""
    data = tmp_path_factory.mktemp("strict") / "data"
    with running_relay(data, "--trusted-proxies", "none", module="tests.support.strict_relay") as relay:
        yield relay


@pytest.fixture
def client(relay: RelayProcess) -> Iterator[RelayClient]:
    client = RelayClient(relay.url)
    client.sign_in("flooder")
    yield client
    client.close()


@pytest.fixture
def reader(strict: RelayProcess) -> Iterator[RelayClient]:
    reader = RelayClient(strict.url)
    reader.sign_in("reader")
    yield reader
    reader.close()


def token_of(client: RelayClient) -> str:
    assert client.pair is not None
    return client.pair.access_token


# WebSocket frames ---------------------------------------------------------------------------------------------

FLOODS = {
    "empty pings": frame(PING),
    "full pings": frame(PING, b"x" * 125),
    "pongs nobody asked for": frame(10),
    "one-byte frames": frame(TEXT, b"["),
    "one message in empty pieces": frame(TEXT, b"", fin=False) + frame(0, b"", fin=False) * 1000,
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_frames_ends_its_connection_and_costs_little(
    relay: RelayProcess, client: RelayClient, kind: str
) -> None:
    sock = open_socket(relay.url, token_of(client))
    before_s = cpu_s(relay.process.pid)
    one = FLOODS[kind]
    with closing(sock):
        flooding = threading.Thread(target=push, args=(sock, one * (FLOOD_BYTES // len(one))))
        flooding.start()
        assert is_ended(sock)
        sock.close()
        flooding.join()
    assert httpx.get(f"{relay.url}/health/live", trust_env=False).status_code == 200
    assert cpu_s(relay.process.pid) - before_s < 1.0, "of the 8 s and more that reading it all costs"


def test_who_pings_and_does_not_read_holds_no_memory(relay: RelayProcess, client: RelayClient) -> None:
    before = resident_bytes(relay.process.pid)
    socks = [open_socket(relay.url, token_of(client), receive_bytes=4096) for _ in range(4)]
    with closing(*socks):
        flooding = [
            threading.Thread(target=push, args=(sock, frame(PING, b"x" * 125) * (4 * FLOOD_BYTES // 131)))
            for sock in socks
        ]
        for each in flooding:
            each.start()
        for each in flooding:  # ends only because the relay ended the connection: it took 16 MiB, or said no
            each.join()
        assert resident_bytes(relay.process.pid) - before < 4 * MIB


# HTTP ---------------------------------------------------------------------------------------------------------


def chunked(path: str, token: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n"
        "Upload-Length: 1000000\r\nContent-Type: application/offset+octet-stream\r\n"
        "Idempotency-Key: 0123456789abcdef\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()


def test_a_body_in_one_byte_chunks_is_refused(relay: RelayProcess, client: RelayClient) -> None:
    sock = dial(relay.url)
    before_s = cpu_s(relay.process.pid)
    with closing(sock):
        sock.sendall(chunked("/api/v1/uploads/", token_of(client)))
        flooding = threading.Thread(target=push, args=(sock, b"1\r\nx\r\n" * (FLOOD_BYTES // 6)))
        flooding.start()
        answer = b""
        try:
            while piece := sock.recv(1 << 16):
                answer += piece
        except ConnectionResetError:
            pass
        sock.close()
        flooding.join()
    assert answer.startswith(b"HTTP/1.1 400") or not answer, answer
    assert cpu_s(relay.process.pid) - before_s < 0.5


def test_a_body_in_ordinary_chunks_is_taken(relay: RelayProcess, client: RelayClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(4000):
            yield b"x" * 250

    answer = client.http.post(
        f"{relay.url}/api/v1/uploads/",
        content=pieces(),
        headers={
            "tus-resumable": "1.0.0",
            "upload-length": "1000000",
            "content-type": "application/offset+octet-stream",
        },
    )
    assert answer.status_code == 201 and answer.headers["upload-offset"] == "1000000"


# readers ------------------------------------------------------------------------------------------------------


def long_post(client: RelayClient) -> str:
    """Of which the FLAC is larger than what kernel and relay hold for one reader."""
    import numpy as np

    from audio.encode.flac import encode_flac

    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (48_000 * 60, 2)).astype(np.float32)
    return client.post(encode_flac(noise, 48_000).data, title="long").id


def ask(url: str, post_id: str, token: str) -> socket.socket:
    sock = dial(url, receive_bytes=4096)
    sock.sendall(
        f"GET /api/v1/audio/{post_id}/flac HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    return sock


def test_readers_that_do_not_read_hold_little_memory(relay: RelayProcess, client: RelayClient) -> None:
    post_id, token = long_post(client), token_of(client)
    grown = {}
    for count in (60, 300):
        before = resident_bytes(relay.process.pid)
        socks = [ask(relay.url, post_id, token) for _ in range(count)]
        with closing(*socks):
            for sock in socks:
                assert sock.recv(12) == b"HTTP/1.1 200"
            for _ in range(
                5
            ):  # whoever is behind them is answered: so all have been served as far as they let
                assert client.http.get(f"/audio/{post_id}").status_code == 200
            grown[count] = resident_bytes(relay.process.pid) - before
    print("grown by", {count: f"{size / MIB:.1f} MiB" for count, size in grown.items()})
    assert grown[60] < 16 * MIB and grown[300] < 64 * MIB


def test_a_reader_that_stalls_is_let_go(strict: RelayProcess, reader: RelayClient) -> None:
    sock = ask(strict.url, long_post(reader), token_of(reader))
    with closing(sock):
        assert sock.recv(12) == b"HTTP/1.1 200"
        assert is_reset(sock)


def test_who_asks_much_and_reads_nothing_is_let_go(strict: RelayProcess, reader: RelayClient) -> None:
    sock = dial(strict.url, receive_bytes=4096)
    question = b"GET /api/docs/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with closing(sock):
        sock.sendall(question * 40)
        assert is_reset(sock)


def test_one_address_has_so_many_transfers_open_and_no_more(
    strict: RelayProcess, reader: RelayClient
) -> None:
    post_id, token = long_post(reader), token_of(reader)
    most = AT_ONCE[Open.TRANSFER].of_address
    socks = [ask(strict.url, post_id, token) for _ in range(most)]
    with closing(*socks):
        assert {sock.recv(12) for sock in socks} == {b"HTTP/1.1 200"}
        refused = reader.http.get(f"/audio/{post_id}/flac")
        assert refused.status_code == 429 and refused.json()["code"] == "rate_limited"
        assert int(refused.headers["retry-after"]) > 0
    for _ in range(100):  # the relay hears of the ends one by one
        if (answer := reader.http.get(f"/audio/{post_id}/mp3")).status_code == 200:
            break
    assert answer.status_code == 200


def test_a_hundred_sockets_at_once_get_ten(relay: RelayProcess, client: RelayClient) -> None:
    token, at_once = token_of(client), threading.Barrier(100)
    taken: list[socket.socket] = []
    answers: list[str] = []

    def arrive() -> None:
        at_once.wait()
        try:
            taken.append(open_socket(relay.url, token))
        except Refused as refused:
            answers.append(str(refused))

    threads = [threading.Thread(target=arrive) for _ in range(100)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with closing(*taken):
        assert len(taken) == MAX_CONNECTIONS_PER_ACCOUNT
        assert len(answers) == 90 and all(each.startswith("HTTP/1.1 429") for each in answers)


def test_one_address_has_so_many_connections_and_no_more(strict: RelayProcess) -> None:
    most = AT_ONCE[Open.CONNECTION].of_address
    socks = [dial(strict.url) for _ in range(most + 20)]
    with closing(*socks):
        ended = 0
        for sock in reversed(socks):  # who came last is let go at once, the others may still say something
            sock.settimeout(0.5 if ended >= 20 else HANG_S)
            try:
                ended += sock.recv(1) == b""
            except ConnectionResetError:
                ended += 1
            except TimeoutError:
                break
        assert ended == 20
        socks[0].sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        socks[0].settimeout(HANG_S)
        assert socks[0].recv(12) == b"HTTP/1.1 200"


def test_connections_leave_descriptors_for_files(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data", module="tests.support.poor_relay") as relay:
        first = RelayClient(relay.url)
        first.sign_in("first")
        socks = [dial(relay.url) for _ in range(RESERVED + 2 * CONNECTIONS)]
        with closing(*socks):
            post = first.post(short_flac())  # files, the database and a child of the relay
            assert first.http.get(f"/audio/{post.id}/mp3").status_code == 200
        first.close()
    assert "Too many open files" not in (tmp_path / "data.log").read_text()


def test_a_presence_that_changes_all_the_time_is_told_once_a_second(
    relay: RelayProcess, client: RelayClient
) -> None:
    watcher = RelayClient(relay.url)
    watcher.sign_in("watcher")
    watcher.follow(client.username)
    restless, watching = client.socket(), watcher.socket()
    began_s = time.monotonic()
    for number in range(50):  # within the burst of messages that a socket may send
        restless.send(Presence(status="producing", bpm=100.0 + number))
    told: list[PresenceUpdate] = []
    while not told or told[-1].bpm != 149.0:
        event = watching.expect(Event)
        update = read_payload(event)
        assert isinstance(update, PresenceUpdate)
        told.append(update)
    took_s = time.monotonic() - began_s
    assert len(told) <= took_s + 2, "at once, and then the last one of each second"
    restless.close()
    watching.close()
    watcher.close()
