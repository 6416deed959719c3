"""`sidechain record` and `sidechain takes play` with real devices: PortAudio, ALSA, and a sound server whose loop is a null sink."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device
from tests.support.hosts import noise
from tests.support.pulse import RATE_HZ, place_of, play_raw, record_raw, sound_server
from tests.support.whole import short_folder

SECONDS = 2


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[Device, dict[str, str]]]:
    """A daemon and a sound server, for all tests of this file."""
    with (
        short_folder() as folder,
        sound_server(folder / "s") as env,
        running_device(folder / "d", "") as device,
    ):
        yield device, env


def until_heard(device: Device, pid: int) -> str:
    """The Instance of that process, once the daemon reads its Ring."""
    until_s = time.monotonic() + HANG_S
    while time.monotonic() < until_s:
        for one in device.json("instances")["instances"]:
            if one["pid"] == pid and one["heard_frames"]:
                return str(one["instance"])
    raise AssertionError(device.json("instances"))


def test_what_a_device_hears_is_kept_as_if_a_plugin_had_heard_it(
    desk: tuple[Device, dict[str, str]], tmp_path: Path
) -> None:
    device, env = desk
    played = noise(SECONDS * RATE_HZ)
    (tmp_path / "played.raw").write_bytes(played.tobytes())
    command = ["record", "--device", "microphone", "--rate", str(RATE_HZ), "--bpm", "120", "--json"]
    with device.command_under_way(*command, "--keep", "--title", "memo", **env) as recording:
        instance = until_heard(device, recording.pid)
        assert play_raw(tmp_path / "played.raw", env).wait(HANG_S) == 0
        (listed,) = [i for i in device.json("instances")["instances"] if i["instance"] == instance]
        assert (listed["host_name"], listed["track_name"]) == ("sidechain record", "microphone")
        assert (listed["bpm"], listed["meter"], listed["channels"]) == (120.0, "4/4", 2)
        by_hand = device.json("keep", "--instance", "microphone", "--bars", "1")["take"]
        assert by_hand["bars"] == 1 and by_hand["frames"] == 2 * RATE_HZ
        recording.send_signal(signal.SIGINT)
        said, trouble = recording.communicate(timeout=HANG_S)
    assert recording.returncode == 0, trouble
    done = json.loads(said)
    assert done["take"]["title"] == "memo" and done["peak_dbfs"] == pytest.approx(-6.0, abs=0.1)
    sound, rate_hz = soundfile.read(
        Path(device.json("takes", "show", "memo")["path"]) / "take.wav", dtype="float32"
    )
    middle = played[RATE_HZ // 2 : RATE_HZ]
    assert rate_hz == RATE_HZ and place_of(middle, sound) >= 0, "to the bit"
    stretches = device.json("history")["heard"]
    assert any(each["host_name"] == "sidechain record" for each in stretches), "and it stays in reach"


def test_devices_are_listed_and_chosen_by_number_or_words(desk: tuple[Device, dict[str, str]]) -> None:
    device, env = desk
    found = json.loads(device.command("record", "--devices", "--json", **env).stdout)["devices"]
    (microphone,) = [each for each in found if each["name"] == "microphone"]
    for name in (str(microphone["number"]), "MICRO phone"):
        done = device.command("record", "--device", name, "--seconds", "0.1", "--json", **env)
        assert done.returncode == 0 and json.loads(done.stdout)["device"] == "microphone", done.stderr
    none = device.command("record", "--device", "nosuch", **env)
    assert none.returncode == 2 and "microphone" in none.stderr
    assert "speakers" in device.command("takes", "play", "--devices", **env).stdout


def test_without_a_device_or_portaudio_there_is_a_sentence(
    desk: tuple[Device, dict[str, str]], tmp_path: Path
) -> None:
    device, _ = desk
    (tmp_path / "sounddevice.py").write_text('raise OSError("PortAudio library not found")')
    path = os.pathsep.join([str(tmp_path), *sys.path])
    for env, told in (
        ({"PULSE_SERVER": "unix:/nowhere"}, "it has no device for that"),
        ({"PYTHONPATH": path}, "PortAudio library not found"),
    ):
        for words in (["record"], ["record", "--seconds", "1", "--json"]):
            done = device.command(*words, **env)
            assert done.returncode == 1 and told in done.stdout + done.stderr, done.stdout + done.stderr
            assert "Traceback" not in done.stderr


def test_a_loop_is_played_round_without_a_gap(desk: tuple[Device, dict[str, str]], tmp_path: Path) -> None:
    device, env = desk
    loop = noise(RATE_HZ)[: RATE_HZ // 2]
    soundfile.write(tmp_path / "round.wav", loop, RATE_HZ, subtype="FLOAT")
    assert len(device.json("import", str(tmp_path / "round.wav"))["takes"]) == 1
    recorder = record_raw(tmp_path / "heard.raw", env)
    heard = np.zeros((0, 2), np.float32)
    seam = np.concatenate([loop[-2000:], loop[:2000]])
    try:
        with device.command_under_way(
            "takes", "play", "round", "--loop", "--device", "speakers", **env
        ) as playing:
            until_s = time.monotonic() + HANG_S
            while place_of(seam, heard) < 0:
                assert playing.poll() is None and time.monotonic() < until_s, playing.communicate()
                whole = (tmp_path / "heard.raw").read_bytes() if (tmp_path / "heard.raw").exists() else b""
                heard = np.frombuffer(whole[: len(whole) // 8 * 8], np.float32).reshape(-1, 2)
            playing.send_signal(signal.SIGINT)
            assert playing.wait(HANG_S) == 0
    finally:
        recorder.kill()
        recorder.wait()


def test_before_and_after_are_turned_by_a_key_while_they_play(
    desk: tuple[Device, dict[str, str]], tmp_path: Path
) -> None:
    device, env = desk
    soundfile.write(tmp_path / "turned.wav", noise(RATE_HZ) * np.float32(0.1), RATE_HZ, subtype="FLOAT")
    device.json("import", str(tmp_path / "turned.wav"), "--duplicates")  # of what was recorded before
    until_s = time.monotonic() + HANG_S
    while device.json("takes", "show", "turned")["take"]["state"] != "ready":
        assert time.monotonic() < until_s
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "daemon", "takes", "play", "turned", "--compare", "--device", "speakers"]
    process = subprocess.Popen(command, env=device.env | env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        shown, keys = "", [("before:", b" "), ("after:", b" "), (r"before:[^\n]*\n(.*\n)*before:", b"q")]
        while keys and select.select([ours], [], [], HANG_S)[0]:
            shown += os.read(ours, 4096).decode()
            if re.search(keys[0][0], shown.replace("\r", "")):
                os.write(ours, keys.pop(0)[1])
        assert not keys and process.wait(HANG_S) == 0, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
