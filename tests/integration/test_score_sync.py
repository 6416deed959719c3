"""Loops between a device and a real relay: pushed, changed without a line, sent once by the next daemon after kill -9."""

import os
import signal
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.between import Between
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device, until_state
from tests.support.relay import RelayProcess
from tests.support.scores import LOOP_JSON
from tests.support.whole import short_folder


@pytest.fixture(scope="module")
def line(relay: RelayProcess) -> Iterator[Between]:
    port = urlsplit(relay.url).port
    assert port
    with Between(port) as between:
        yield between


@pytest.fixture(scope="module")
def device(line: Between) -> Iterator[Device]:
    with short_folder() as folder, running_device(folder / "d", f"http://127.0.0.1:{line.port}") as running:
        running.json("claim", "--dev-user", "nightowl")
        (folder / "loop.json").write_bytes(LOOP_JSON)
        running.json("loops", "import", str(folder / "loop.json"))
        pushed = running.json("loops", "push", "night drive")["creation"]
        assert (pushed["state"], pushed["relay_version"]) == ("relay", 1)
        yield running


def until_there(device: Device, name: str) -> dict[str, object]:
    """Each question is a process, so this is no busy loop."""
    until_s = time.monotonic() + HANG_S
    while True:
        one: dict[str, object] = device.json("loops", "show", name)["creation"]
        if one["state"] == "relay":
            return one
        assert time.monotonic() < until_s, one


def test_a_change_without_a_line_is_sent_once_by_the_daemon_after_a_kill(
    device: Device, line: Between
) -> None:
    line.become(b"")
    device.json("loops", "import", str(device.home.parent / "loop.json"), "--name", "Offline")
    faster = device.home / "fast.json"
    faster.write_bytes(LOOP_JSON.replace(b"96", b"140"))
    device.json("loops", "import", str(faster), "--into", "night drive")
    assert device.json("loops", "push", "offline")["creation"]["state"] == "waiting"
    os.kill(device.json("status")["pid"], signal.SIGKILL)
    assert device.command("up", "--detach").returncode == 0
    assert device.json("loops", "show", "night drive")["creation"]["state"] == "waiting"
    line.become(None)
    until_state(device, "connected")
    assert until_there(device, "night drive")["relay_version"] == 2
    until_there(device, "offline")
    there = device.json("loops", "list", "--relay")["creations"]
    assert {("Night drive", 2), ("Offline", 1)} <= {(each["name"], each["version"]) for each in there}
    assert len(there) == len({each["name"] for each in there}), "each once"
    assert device.command("sync").stdout == "Nothing to do: library and relay are alike.\n"


def test_a_loop_of_the_relay_comes_to_an_empty_library(device: Device, line: Between) -> None:
    device.json("loops", "import", str(device.home.parent / "loop.json"), "--name", "Second")
    device.json("loops", "push", "second")
    with short_folder() as folder, running_device(folder / "d", f"http://127.0.0.1:{line.port}") as other:
        other.json("claim", "--dev-user", "nightowl")
        assert other.json("loops", "pull", "night drive")["creation"]["state"] == "relay"
        assert "loop “Second”" in other.command("sync").stdout
        assert other.command("loops", "pull", "nobody").returncode == 2
        other.json("loops", "rename", "second", "From there")
        until_there(other, "from there")
    assert "Fetched: loop “From there”." in device.command("sync").stdout
    device.json("loops", "delete", "from there")
    until_s = time.monotonic() + HANG_S
    while "From there" in device.command("loops", "list", "--relay").stdout:
        assert time.monotonic() < until_s


def test_a_link_shows_it_until_it_is_ended(device: Device) -> None:
    (made,) = device.json("loops", "share", "night drive", "--days", "7")["links"]
    assert httpx.get(made["url"]).status_code == 200
    other = device.json("loops", "share", "night drive")["links"][0]
    listed = device.json("loops", "links", "night drive")["links"]
    assert [(each["link_id"], each["url"]) for each in listed] == [
        (other["link_id"], None),
        (made["link_id"], None),
    ]
    assert other["expires_at"] is None and made["expires_at"] > made["created_at"]
    left = device.json("loops", "unshare", "night drive", "--link", made["link_id"][:12])["links"]
    assert [each["link_id"] for each in left] == [other["link_id"]]
    assert httpx.get(made["url"]).status_code == 410 and httpx.get(other["url"]).status_code == 200
    assert device.command("loops", "unshare", "night drive").stdout == "Ended. Left: 0.\n"
    assert device.command("loops", "unshare", "night drive", "--link", "0").returncode == 2
