"""How the daemon behaves as a neighbour: settings that change while it runs, crash loops, one instance, starts side by side."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from bridge.system import process_lives
from daemon.core.crash_loop import CRASHES
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device
from tests.support.hosts import noise
from tests.support.whole import short_folder


@pytest.fixture
def device() -> Iterator[Device]:
    with short_folder() as folder, running_device(folder / "d", "") as running:
        yield running


def until(what: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + HANG_S
    while not holds(found := what()):
        assert time.monotonic() < deadline, found
    return found


def kill(device: Device) -> None:
    pid = device.json("status")["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: process_lives(pid), lambda lives: not lives)


def keep_a_file(device: Device, folder: Path) -> dict[str, Any]:
    soundfile.write(folder / "kept.wav", noise(9_000), 48_000, subtype="FLOAT")
    return device.json("import", str(folder / "kept.wav"), "--duplicates")["takes"][0]


def until_ready(device: Device, take: dict[str, Any]) -> None:
    until(lambda: device.json("takes", "show", take["take_id"])["take"]["state"], lambda s: s == "ready")


def test_config_set_says_truly_what_holds_at_once_and_what_waits(device: Device) -> None:
    said = device.json("config", "set", "default_bars", "4")
    assert said["holds"] == "now" and device.json("config", "get", "default_bars") == {"default_bars": 4}
    said = device.json("config", "set", "prefetch_items", "3")
    assert said["holds"] == "next_start" and device.json("config", "get", "prefetch_items") == {
        "prefetch_items": 12
    }
    assert any("prefetch_items will hold from the next start" in n for n in device.json("status")["notices"])
    assert device.json("config", "set", "device_name", "another")["holds"] == "overridden", (
        "the environment counts more"
    )
    pid = device.json("status")["pid"]
    assert device.json("restart")["pid"] != pid
    assert device.json("config", "get", "prefetch_items") == {"prefetch_items": 3}
    assert not any("next start" in notice for notice in device.json("status")["notices"])


def test_an_edited_file_holds_without_anybody_asking(device: Device, tmp_path: Path) -> None:
    file = device.home / "config.toml"
    file.write_text(f'history_minutes = 25\nmin_free_bytes = {2**60}\nlog_level = "debug"\n')
    told = until(lambda: device.json("config"), lambda values: values["history_minutes"] == 25.0)
    assert told["log_level"] == "debug" and device.json("history")["minutes"] == 25.0
    soundfile.write(tmp_path / "x.wav", noise(9_000), 48_000)
    assert device.command("import", str(tmp_path / "x.wav")).returncode == 9, "there is never so much room"
    file.write_text("history_minutes = 1000000\n")
    told = until(lambda: device.json("config"), lambda values: values["min_free_bytes"] != 2**60)
    assert told["history_minutes"] == 10.0
    assert any("history_minutes must be at most" in notice for notice in device.json("status")["notices"])
    file.unlink()
    until(lambda: device.json("status")["notices"], lambda notices: not any("history" in n for n in notices))
    assert device.json("import", str(tmp_path / "x.wav"), "--duplicates")["takes"]


def test_after_a_crash_loop_keeping_works_and_the_rest_is_off_until_it_is_restarted(
    device: Device, tmp_path: Path
) -> None:
    for _ in range(CRASHES):
        assert device.json("status")["state"] == "no_relay", "not yet"
        kill(device)
        assert device.command("up", "--detach").returncode == 0
    status = device.json("status")
    assert status["state"] == "safe_mode" and "keeping works" in status["sentence"]
    assert re.search(r"tried again in (9|10) minutes", status["next_step"])
    kept = keep_a_file(device, tmp_path)
    kill(device)
    assert device.command("up", "--detach").returncode == 0
    assert device.json("status")["state"] == "safe_mode", "it lasts"
    assert device.json("takes", "show", kept["take_id"])["take"]["state"] == "kept", (
        "and nothing is made of it"
    )
    kill(device)
    device.env["SIDECHAIN_SAFE_MODE"] = "false"  # as who wants it to start whole, whatever happened
    assert device.command("up", "--detach").returncode == 0
    assert device.json("status")["state"] == "no_relay"
    del device.env["SIDECHAIN_SAFE_MODE"]
    kill(device)
    assert device.command("up", "--detach").returncode == 0
    assert device.json("restart")["state"] == "no_relay"
    until_ready(device, kept)


def test_safe_mode_is_left_by_itself_and_that_is_told() -> None:
    with short_folder() as folder, running_device(folder / "d", "", safe_mode_minutes="0.02") as device:
        for _ in range(CRASHES):
            kill(device)
            assert device.command("up", "--detach").returncode == 0
        over = until(
            lambda: json.loads(device.command("status", "--json").stdout),  # an error while it starts anew
            lambda status: any("Safe mode has ended by itself" in each for each in status.get("notices", ())),
        )
        log = (device.data / "daemon.log").read_text()
        assert log.rindex("it starts in safe mode") < log.rindex("safe mode ends") < log.rindex("ready in")
        assert over["state"] == "no_relay" and over["pid"] == device.json("status")["pid"]


def test_an_end_in_peace_is_no_crash(device: Device) -> None:
    for _ in range(CRASHES + 1):
        assert device.json("restart")["state"] == "no_relay"
    assert not (device.data / "starts.json").read_text().count(",")


def test_twenty_starts_at_once_are_one_daemon() -> None:
    with short_folder() as folder, running_device(folder / "d", "") as device:
        device.command("down")
        starts = [
            subprocess.Popen(
                [sys.executable, "-m", "daemon", "up", "--detach"],
                env=device.env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(20)
        ]
        said = [(start.communicate(timeout=2 * HANG_S), start.returncode) for start in starts]
        codes = sorted(code for _, code in said)
        assert codes == [0] + [77] * 19, said
        assert device.json("status")["state"] == "no_relay"


def test_a_recycled_number_in_the_lock_is_no_daemon(device: Device) -> None:
    """As after a crash, when another program has the number by now: the lock is what counts, not the number."""
    kill(device)
    (device.run / "daemon.lock").write_text(f"{os.getpid()}\n")
    assert device.command("status").returncode == 3
    assert device.command("up", "--detach").returncode == 0
    assert device.json("status")["pid"] != os.getpid()


def test_a_daemon_that_stood_still_goes_on(device: Device, tmp_path: Path) -> None:
    """SIGSTOP: as when the computer sleeps. What is asked meanwhile is answered after it, and nothing is lost."""
    pid = device.json("status")["pid"]
    before = keep_a_file(device, tmp_path)
    until_ready(device, before)  # from here on its answer is the same whenever it is given
    os.kill(pid, signal.SIGSTOP)
    shown = "takes", "show", before["take_id"], "--json"
    with device.command_under_way(*shown) as asking, device.at_a_terminal(*shown) as (person, screen):
        told = screen.readline()
        assert f"Waiting for the daemon (pid {pid})" in told and "Ctrl-C" in told
        assert asking.poll() is None and person.poll() is None
        os.kill(pid, signal.SIGCONT)
        said, complaints = asking.communicate(timeout=HANG_S)
        assert complaints == "", "a script waits without a word"
        assert json.loads(person.communicate(timeout=HANG_S)[0]) == json.loads(said)
    assert json.loads(said)["take"]["take_id"] == before["take_id"] and device.json("status")["pid"] == pid


def test_what_is_not_there_is_no_wrong_usage(device: Device) -> None:
    for typed in ("undo", "recover keep last", "takes show last", "takes restore last", "sets show"):
        done = device.command(*typed.split(), "--json")
        said = done.returncode, json.loads(done.stdout)["error"]["code"]
        assert said == (7, "nothing_there"), done.stdout
