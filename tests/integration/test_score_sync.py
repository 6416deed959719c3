"""Loops between a device and a real relay: pushed, changed without a line, sent once by the next daemon after kill -9."""

import json
import os
import signal
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import soundfile

from daemon.cli.answers import schema_of
from tests.integration.test_relay_commands import relay_command
from tests.support.between import Between
from tests.support.clients import client_of
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device, until_state
from tests.support.json_schema import misfits
from tests.support.loops import as_file
from tests.support.relay import RelayProcess
from tests.support.scores import LOOP_JSON
from tests.support.whole import short_folder

RATE_HZ = 48_000


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


def test_a_pattern_sounds_with_an_instrument_of_the_relay_and_is_silent_where_it_is_gone(
    device: Device, relay: RelayProcess, line: Between
) -> None:
    admin = client_of(relay, "drummer")
    relay_command("users", "--data", relay.data, "role", admin.username, "admin")
    click = np.zeros((2_400, 2))
    click[0] = 0.9
    file = {"file": ("a.wav", as_file(click, RATE_HZ, format="WAV", subtype="PCM_16"), "audio/wav")}
    sample = admin.http.post(f"{relay.url}/api/samples/upload", files=file).raise_for_status().json()["id"]
    given = {"title": "Cajon", "sampleId": sample}
    made = admin.http.post(f"{relay.url}/api/instruments", json=given).raise_for_status().json()["data"]["id"]
    listed = device.json("instruments")
    assert misfits(listed, schema_of("instruments")) == []
    assert {"name": made, "title": "Cajon", "source": "sample", "pitched": False, "silent": False} in listed[
        "instruments"
    ]
    rows = [{"sound": made, "steps": [1, 0, 1, 0]}, {"sound": "custom-gone-1", "steps": [1, 1, 1, 1]}]
    score = {"kind": "pattern", "name": "Own", "bpm": 120, "beats": 4, "steps_per_beat": 1, "rows": rows}
    (device.home.parent / "own.json").write_text(json.dumps(score))
    device.json("patterns", "import", str(device.home.parent / "own.json"))
    drawn = device.command("patterns", "show", "own", COLUMNS="80").stdout
    assert "Cajon" in drawn and "custom-" not in drawn
    wav = device.home.parent / "own.wav"
    done = device.command("patterns", "render", "own", str(wav))
    assert done.returncode == 0 and "Without Gone (custom-gone-1)" in done.stderr
    sound = np.abs(soundfile.read(wav)[0][:, 0])
    loud = np.flatnonzero(sound > 0.5 * sound.max())
    starts = loud[np.flatnonzero(np.diff(loud, prepend=-RATE_HZ) > RATE_HZ // 10)]
    assert list(starts) == [0, RATE_HZ], "a frame as the grid says"

    again = score | {"name": "Kept", "rows": rows[:1]}
    (device.home.parent / "kept.json").write_text(json.dumps(again))
    device.json("patterns", "import", str(device.home.parent / "kept.json"))
    line.become(b"")
    try:
        device.json("patterns", "render", "kept", str(wav), "--force")
        assert "Those of a relay are not known now" in device.command("instruments").stderr
        refused = device.command("patterns", "render", "own", str(wav), "--force")
        assert refused.returncode != 0 and "relay" in refused.stderr.lower()
    finally:
        line.become(None)
