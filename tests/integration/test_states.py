"""States of a real daemon that the world around it makes, each reached and left again: what `status` and `doctor` say of them."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import soundfile

from relay.app.certificates import make_certificate
from relay.wire import events
from tests.support.between import Between, page
from tests.support.claims import FormBrowser, type_code
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device
from tests.support.hosts import noise
from tests.support.relay import RelayClient, RelayProcess, running_relay
from tests.support.whole import short_folder

NAME = "relay.test"  # of no machine: only a proxy can lead there
PORTALS = {
    "a page": page("200 OK", "<html>Welcome to the hotel", "Content-Type: text/html"),
    "a redirect": page("302 Found", "", "Location: https://portal.example/"),
    "511": page("511 Network Authentication Required", "<html>Sign in", "Content-Type: text/html"),
}
FROZEN_S = 40
PROXY_ENV = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_ENV:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def until(device: Device, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Its status, as soon as that holds of it; each question is a process, so this is no busy loop."""
    deadline = time.monotonic() + HANG_S
    while not holds(status := device.json("status")):
        assert time.monotonic() < deadline, status
    return status


def until_state(device: Device, state: str) -> dict[str, Any]:
    return until(device, lambda status: status["state"] == state)


def keep_a_file(device: Device, folder: Path, seed: int) -> str:
    file = folder / f"take {seed}.wav"
    soundfile.write(file, noise(9_000 + seed), 48_000, subtype="FLOAT")
    return str(device.json("import", str(file), "--duplicates")["takes"][0]["take_id"])


def found_by_doctor(device: Device, outcome: str) -> dict[str, str]:
    """Sentence and next step of each check that ended so."""
    done = device.command("doctor", "--json")
    checks = json.loads(done.stdout)["checks"]
    return {
        each["name"]: f"{each['sentence']} {each['next_step']}"
        for each in checks
        if each["outcome"] == outcome
    }


def port_of(relay: RelayProcess) -> int:
    port = urlsplit(relay.url).port
    assert port
    return port


@contextmanager
def online(folder: Path, relay_url: str, **env: str) -> Iterator[Device]:
    """A device of nightowl's, connected."""
    with pytest.MonkeyPatch.context() as outside:
        for name, value in env.items():
            outside.setenv(name, value)
        with running_device(folder, relay_url, undo_seconds="0") as device:
            assert device.json("claim", "--dev-user", "nightowl")["account"] == "nightowl"
            until_state(device, "connected")
            yield device


def test_a_claim_is_a_state_until_it_is_answered_or_given_up(tmp_path: Path) -> None:
    with (
        running_relay(tmp_path / "relay") as relay,
        short_folder() as folder,
        running_device(folder / "d", relay.url) as device,
        FormBrowser(relay.url) as browser,
    ):
        assert "sidechain claim" in until_state(device, "unclaimed")["next_step"]
        with device.command_under_way("claim", "--device-code") as asking:
            assert "browser" in until_state(device, "claiming")["next_step"]
            asking.send_signal(signal.SIGINT)
            asking.communicate(timeout=HANG_S)
        until_state(device, "unclaimed")
        with device.command_under_way("claim", "--device-code") as asking:
            assert asking.stderr
            (code,) = re.findall(r"type:\s+(\S+)", asking.stderr.readline())
            until_state(device, "claiming")
            browser.sign_in("nightowl")
            browser.press(type_code(browser, code))
            said, _ = asking.communicate(timeout=HANG_S)
        assert "belongs to nightowl" in said
        assert until_state(device, "connected")["next_step"] == ""


def test_a_portal_is_told_and_left_and_what_waited_goes_out(tmp_path: Path) -> None:
    """Whatever a network answers with that wants people to sign in first."""
    with (
        running_relay(tmp_path / "relay") as relay,
        Between(port_of(relay)) as portal,
        short_folder() as folder,
        online(folder / "d", f"http://127.0.0.1:{portal.port}") as device,
    ):
        for kind, answer in PORTALS.items():
            portal.become(answer)
            status = until_state(device, "captive_portal")
            assert "sign in" in status["next_step"] and "nothing is lost" in status["sentence"], kind
            if kind == "a page":
                assert "ign in to the network" in found_by_doctor(device, "problem")["relay answer"]
                device.json("post", keep_a_file(device, tmp_path, 1), "--title", "meanwhile")
            portal.become(None)
            until_state(device, "connected")
        until(device, lambda status: status["outbox"] == {"accepted": 1})
        assert [each["title"] for each in device.json("posts")["posts"]] == ["meanwhile"]


def test_a_proxy_that_bars_the_way_is_told_and_so_is_a_strangers_certificate(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    own, other = (make_certificate(tmp_path / name, NAME, now) for name in ("own", "other"))
    with (
        _secure(tmp_path / "relay", own) as relay,
        _secure(tmp_path / "stranger", other) as stranger,
        Between(port_of(relay), is_proxy=True) as proxy,
        short_folder() as folder,
        online(
            folder / "d",
            f"https://{NAME}",
            HTTPS_PROXY=f"http://anna:hunter2@127.0.0.1:{proxy.port}",
            SIDECHAIN_RELAY_CERTIFICATE=str(own[0]),
        ) as device,
    ):
        proxy.become(page("407 Proxy Authentication Required"))
        assert "bars the way" in until_state(device, "proxy_or_tls_problem")["sentence"]
        said = found_by_doctor(device, "problem")
        assert "answers 407 and lets nothing through to relay.test" in said["proxy answer"]
        assert "hunter2" not in str(said)
        proxy.become(None)
        until_state(device, "connected")
        proxy.become(None, to=port_of(stranger))
        until_state(device, "proxy_or_tls_problem")
        found = found_by_doctor(device, "problem")
        assert "relay.test is not accepted" in found["relay certificate"] and "proxy answer" not in found
        proxy.become(None, to=port_of(relay))
        until_state(device, "connected")


@contextmanager
def _secure(data: Path, certificate: tuple[Path, Path]) -> Iterator[RelayProcess]:
    chain, key = certificate
    with running_relay(
        data, "--tls-certificate", str(chain), "--tls-key", str(key), "--public-url", f"https://{NAME}"
    ) as relay:
        yield relay


def test_a_relay_that_freezes_for_40_s_is_told_and_taken_up_where_it_was(tmp_path: Path) -> None:
    """SIGSTOP: the kernel goes on taking connections and bytes, and nothing answers.

    It takes its 40 seconds: a line that is quiet counts as well for PING_INTERVAL_MS, and is given PONG_LIMIT_MS to answer.
    """
    with (
        running_relay(tmp_path / "relay") as relay,
        short_folder() as folder,
        online(folder / "d", relay.url) as device,
    ):
        friend = RelayClient(relay.url)
        friend.sign_in("friend")
        friend.follow("nightowl")
        before = friend.socket()
        before.close()
        began_s = time.monotonic()
        os.kill(relay.process.pid, signal.SIGSTOP)
        try:
            device.json("post", keep_a_file(device, tmp_path, 1), "--title", "meanwhile")
            status = until_state(device, "offline")
            assert "1 take to post, and nothing is lost" in status["sentence"], status
            until(device, lambda now: time.monotonic() - began_s >= FROZEN_S and now["state"] == "offline")
        finally:
            os.kill(relay.process.pid, signal.SIGCONT)
        until_state(device, "connected")
        until(device, lambda now: now["outbox"] == {"accepted": 1})
        after = friend.socket(cursor=before.connected.cursor)
        told = [events.read_payload(each) for each in after.connected.events]
        after.close()
        friend.close()
        assert [each.post.title for each in told if isinstance(each, events.FeedNewPost)] == ["meanwhile"]
        assert [each["title"] for each in device.json("posts")["posts"]] == ["meanwhile"]
