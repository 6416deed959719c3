"""A relay process as who runs it sees it: settings that take effect, figures, logs, readiness, going down."""

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from relay.wire import events
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import CALL_LIMIT_S, RelayClient, RelayProcess, running_relay

AUDIO = short_flac(4800)
PAGE = "https://app.example"
SECRET = "a-secret-that-nobody-reads"
SETTINGS = Engines(
    {
        "CORS_ORIGINS": PAGE,
        "MAX_UPLOAD_SIZE": "64k",
        "AUDIO_CACHE_TTL": "3600",
        "FEED_CACHE_TTL": "300",
        "GOOGLE_CLIENT_ID": "id",
        "GOOGLE_CLIENT_SECRET": SECRET,
        "SIDECHAIN_RELAY_LOG_LEVEL": "info",
        "SIDECHAIN_RELAY_METRICS_PORT": "0",
    }
)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    with running_relay(tmp_path_factory.mktemp("relay") / "data", engines=SETTINGS) as process:
        yield process


@pytest.fixture(scope="module")
def anna(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("anna")
        yield client


def log_of(relay: RelayProcess) -> str:
    return Path(f"{relay.data}.log").read_text()


# settings that take effect --------------------------------------------------------------------------------------------


def test_a_page_that_is_let_in_calls_with_a_token(relay: RelayProcess, anna: RelayClient) -> None:
    asked = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    preflight = httpx.options(f"{relay.url}/api/v1/social/follow", headers=asked, trust_env=False)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in preflight.headers
    answer = anna.http.get("/users/me", headers={"origin": PAGE})
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "RateLimit-Remaining" in answer.headers["access-control-expose-headers"]
    assert "origin" in answer.headers["vary"]
    changed = anna.http.post("/auth/ws-ticket", headers={"origin": PAGE, "sec-fetch-site": "cross-site"})
    assert changed.status_code == 200 and changed.headers["access-control-allow-origin"] == PAGE


def test_other_pages_and_cookies_get_nothing(relay: RelayProcess) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    preflight = httpx.options(f"{relay.url}/api/v1/social/follow", headers=asked, trust_env=False)
    assert "access-control-allow-origin" not in preflight.headers
    with httpx.Client(base_url=relay.url, trust_env=False) as browser:
        browser.post("/session", data={"username": "ben"}, headers={"origin": relay.url})
        assert browser.get("/api/v1/users/me").status_code == 200, "the cookie signs in where it is ours"
        assert browser.get("/api/v1/users/me", headers={"origin": PAGE}).status_code == 401


def test_the_largest_upload(relay: RelayProcess, anna: RelayClient) -> None:
    assert anna.tus("OPTIONS", "/uploads").headers["tus-max-size"] == str(64 << 10)
    refused = anna.tus("POST", "/uploads/", upload_length=str((64 << 10) + 1))
    assert refused.status_code == 413 and "64 KiB" in refused.json()["detail"]
    assert anna.tus("POST", "/uploads/", upload_length=str(64 << 10)).status_code == 201
    assert anna.upload(b"\0" * (64 << 10 | 1)).status_code == 413


def test_how_long_sound_and_feeds_are_kept_by_others(relay: RelayProcess, anna: RelayClient) -> None:
    posted = anna.post(AUDIO)
    sound = httpx.get(posted.audio_url, trust_env=False)
    assert sound.headers["cache-control"] == "public, max-age=3600, immutable"
    feed = f"{relay.url}/api/v1/feed/global"
    assert httpx.get(feed, trust_env=False).headers["cache-control"] == "public, max-age=300"
    assert anna.http.get("/feed/global").headers["cache-control"] == "no-store"


def test_a_process_that_makes_no_posts_leaves_them_to_others(tmp_path: Path) -> None:
    off = Engines({"AUDIO_PROCESSING_ENABLED": "false", "SIDECHAIN_RELAY_METRICS_PORT": "0"})
    with running_relay(tmp_path / "data", engines=off) as relay, closing(RelayClient(relay.url)) as anna:
        anna.sign_in("anna")

        def ask() -> None:
            with pytest.raises(httpx.HTTPError):  # the relay is killed meanwhile
                anna.upload(AUDIO)

        asking = threading.Thread(target=ask)
        asking.start()
        until = time.monotonic() + CALL_LIMIT_S
        while 'relay_jobs{state="ready"} 1' not in figures(relay):
            assert time.monotonic() < until
        relay.kill()
        asking.join()
    with running_relay(tmp_path / "data") as relay, closing(RelayClient(relay.url, anna.key)) as again:
        again.sign_in("anna")
        until = time.monotonic() + CALL_LIMIT_S
        while len(again.http.get("/feed/global").json()["posts"]) != 1:
            assert time.monotonic() < until


def test_sign_in_by_the_first_description_s_names(relay: RelayProcess) -> None:
    assert "Google" in httpx.get(f"{relay.url}/sign-in", trust_env=False).text


# figures --------------------------------------------------------------------------------------------------------------


def figures(relay: RelayProcess) -> str:
    answer = httpx.get(relay.metrics, trust_env=False)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return answer.text


def figure(relay: RelayProcess, sample: str) -> float:
    found = re.search(rf"^{re.escape(sample)} (\S+)$", figures(relay), re.MULTILINE)
    assert found, figures(relay)
    return float(found[1])


def test_figures_are_well_formed_and_all_there(relay: RelayProcess, anna: RelayClient) -> None:
    anna.http.get("/users/me")
    text = figures(relay)
    sample = re.compile(r'[a-z_]+(\{([a-z]+="[^"\n]*",?)*\})? -?[0-9.e+-]+')
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    for line in text.splitlines():
        assert line.startswith("# ") or sample.fullmatch(line), line
        assert (
            line.startswith("# ") or re.match(r"[a-z_]+?(?=(_bucket|_sum|_count)?(\{| ))", line)[0] in kinds
        )  # type: ignore[index]
    assert {
        "relay_requests_total",
        "relay_request_seconds",
        "relay_connections",
        "relay_events_told_total",
        "relay_jobs",
        "relay_commit_applied",
        "relay_commits_waiting",
        "relay_task_failures_total",
        "relay_database_seconds",
        "relay_disk_free_bytes",
        "relay_bus_up",
    } <= set(kinds)


def test_figures_count_rows_and_never_addresses(relay: RelayProcess, anna: RelayClient) -> None:
    row = 'relay_requests_total{method="GET",row="/api/v1/feed/user/{name}",status="404"}'
    httpx.get(f"{relay.url}/api/v1/feed/user/nobody", trust_env=False)
    before = figure(relay, row)
    httpx.get(f"{relay.url}/api/v1/feed/user/nobody-else", trust_env=False)
    httpx.get(f"{relay.url}/some/where", trust_env=False)
    assert figure(relay, row) == before + 1
    assert "nobody" not in figures(relay) and "/some/where" not in figures(relay)


def test_connections_and_events_told(relay: RelayProcess, anna: RelayClient) -> None:
    told = figure(relay, "relay_events_told_total")
    with closing(anna.socket()) as listening:
        assert figure(relay, "relay_connections") == 1
        anna.post(short_flac(4801))
        assert isinstance(listening.next(), events.Event)
        assert figure(relay, "relay_events_told_total") == told + 1


def test_figures_are_not_where_the_world_calls(relay: RelayProcess) -> None:
    assert httpx.get(f"{relay.url}/metrics", trust_env=False).status_code == 404
    assert httpx.get(relay.metrics.replace("/metrics", "/"), trust_env=False).status_code == 404


# logs -----------------------------------------------------------------------------------------------------------------


def test_requests_have_names_that_the_log_tells(relay: RelayProcess, anna: RelayClient) -> None:
    answer = anna.http.get("/users/me", headers={"x-request-id": "proxy-1.a_b"})
    assert answer.headers["x-request-id"] == "proxy-1.a_b"
    until = time.monotonic() + CALL_LIMIT_S
    while "proxy-1.a_b" not in log_of(relay).rpartition("\n")[0]:  # said when the answer has gone out
        assert time.monotonic() < until
    lines = [json.loads(line) for line in log_of(relay).splitlines()]
    (said,) = [each for each in lines if each.get("request_id") == "proxy-1.a_b"]
    assert (said["method"], said["row"], said["status"], said["level"]) == (
        "GET",
        "/api/v1/users/me",
        200,
        "info",
    )
    assert said["milliseconds"] > 0


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, 'quote"', "ünï"])
def test_a_name_that_is_none_is_replaced(relay: RelayProcess, name: str) -> None:
    answer = httpx.get(f"{relay.url}/health/live", headers={"x-request-id": name.encode()}, trust_env=False)
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


def test_no_secret_stands_in_the_log(relay: RelayProcess, anna: RelayClient) -> None:
    assert anna.pair is not None
    httpx.get(f"{relay.url}/api/v1/users/me?access_token={anna.pair.access_token}", trust_env=False)
    httpx.get(f"{relay.url}/sign-in/google", trust_env=False)
    text = log_of(relay)
    assert SECRET not in text and anna.pair.access_token not in text and anna.pair.refresh_token not in text
    assert all(json.loads(line)["time"] for line in text.splitlines())


# going down -----------------------------------------------------------------------------------------------------------


def test_going_down_it_says_so_parts_with_sockets_and_lets_uploads_end(tmp_path: Path) -> None:
    notice = Engines({"SIDECHAIN_RELAY_DRAIN_NOTICE": "2", "SIDECHAIN_RELAY_DRAIN_LIMIT": "30"})
    with running_relay(tmp_path / "data", engines=notice) as relay, closing(RelayClient(relay.url)) as anna:
        anna.sign_in("anna")
        begun = anna.tus("POST", "/uploads/", upload_length=str(len(AUDIO)))
        place = begun.headers["location"].partition("/api/v1")[2]
        head = (
            f"PATCH /api/v1{place} HTTP/1.1\r\nHost: {relay.url.removeprefix('http://')}\r\nTus-Resumable: 1.0.0\r\n"
            f"Authorization: {anna.http.headers['authorization']}\r\nUpload-Offset: 0\r\n"
            f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(AUDIO)}\r\n\r\n"
        )
        host, port = relay.url.removeprefix("http://").split(":")
        with (
            socket.create_connection((host, int(port)), CALL_LIMIT_S) as sending,
            closing(anna.socket()) as listening,
        ):
            sending.sendall(head.encode() + AUDIO[:1000])
            relay.process.send_signal(signal.SIGTERM)
            until = time.monotonic() + CALL_LIMIT_S
            while (ready := anna.http.get(f"{relay.url}/health/ready")).status_code == 200:
                assert time.monotonic() < until
            assert "It is going down." in ready.text
            assert httpx.get(f"{relay.url}/health/live", trust_env=False).status_code == 200
            goodbye = listening.expect(events.Disconnect)
            assert goodbye.code == events.CLOSE_SHUTDOWN and goodbye.retry_after_ms is not None
            with pytest.raises(ConnectionClosed):
                listening.next()
            sending.sendall(AUDIO[1000:])
            assert sending.recv(1000).startswith(b"HTTP/1.1 204")
        assert relay.process.wait(CALL_LIMIT_S) == 0
