"""Takes that come from files, parts of takes, and names in the place of ids, as they are typed."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.cli.groove import groove
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device
from tests.support.hosts import noise
from tests.support.terminal import at_a_terminal
from tests.support.whole import short_folder

RATE_HZ = 48_000
BPM = 120.0
BAR_FRAMES = 96_000


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with short_folder() as folder, running_device(folder / "d", "") as running:
        yield running


def write(path: Path, sound: np.ndarray) -> Path:
    soundfile.write(path, sound, RATE_HZ, subtype="FLOAT")
    return path


def sound_of(device: Device, name: str) -> np.ndarray:
    path = Path(device.json("takes", "path", name)["path"])
    return np.asarray(soundfile.read(path, dtype="float32", always_2d=True)[0])


def until_rendered(device: Device, name: str) -> None:
    """Until a take is known by its sound, too."""
    until_s = time.monotonic() + HANG_S
    while device.json("takes", "show", name)["take"]["state"] != "ready":
        assert time.monotonic() < until_s


def test_many_files_become_takes_and_a_bad_one_stops_none(device: Device, tmp_path: Path) -> None:
    one = write(tmp_path / "four bars.wav", groove(BPM, 4, RATE_HZ))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound at all")
    two = write(tmp_path / "noise.wav", noise(30_000))
    same = write(tmp_path / "copy.wav", noise(30_000))
    done = device.command(
        "import", *map(str, (one, bad, two, same)), "--bpm", "120", "--tag", "sketch", "--json"
    )
    result = json.loads(done.stdout)
    assert done.returncode == 8 and [each["file"] for each in result["refused"]] == [str(bad)]
    assert [take["name"] for take in result["takes"]] == ["four bars", "noise"]
    assert [(d["file"], d["name"]) for d in result["duplicates"]] == [(str(same), "noise")]
    first = result["takes"][0]
    assert (first["bars"], first["bpm"], first["bpm_source"], first["meter"]) == (4, 120.0, "given", "4/4")
    assert first["tags"] == ["sketch"] and result["takes"][1]["bars"] is None
    assert np.array_equal(sound_of(device, "noise"), noise(30_000)), "to the bit"
    until_rendered(device, "noise")
    again = device.json("import", str(two))
    assert again["takes"] == [] and again["duplicates"][0]["name"] == "noise", "also after it was analysed"
    assert len(device.json("import", str(two), "--duplicates")["takes"]) == 1
    assert device.command("import", str(tmp_path / "gone.wav")).returncode == 8
    assert not [path for path in device.data.iterdir() if path.name.startswith(".tmp-")]


def test_what_the_file_says_of_its_tempo_counts(device: Device, tmp_path: Path) -> None:
    flac = tmp_path / "tagged.flac"
    with soundfile.SoundFile(flac, "w", RATE_HZ, 2, "PCM_24") as file:
        file.write(groove(90.0, 2, RATE_HZ))
    data = flac.read_bytes()
    (take,) = device.json("import", str(flac))["takes"]
    assert take["bpm"] is None or take["bpm_source"] != "file"
    acid = b"acid" + (24).to_bytes(4, "little") + bytes(12) + (8).to_bytes(4, "little")
    acid += (4).to_bytes(2, "little") * 2 + np.float32(90.0).tobytes()
    wav = write(tmp_path / "loop.wav", groove(90.0, 2, RATE_HZ) * np.float32(0.5))
    raw = wav.read_bytes()
    wav.write_bytes(raw[:4] + (len(raw) - 8 + len(acid)).to_bytes(4, "little") + raw[8:] + acid)
    (take,) = device.json("import", str(wav), "--duplicates")["takes"]
    assert (take["bpm"], take["bpm_source"], take["bars"], take["meter"]) == (90.0, "file", 2, "4/4"), data[
        :4
    ]


def test_the_list_shows_how_each_take_sounds(device: Device, tmp_path: Path) -> None:
    half = np.concatenate([noise(40_000), np.zeros((40_000, 2), np.float32)])
    device.json("import", str(write(tmp_path / "half.wav", half)))
    until_s = time.monotonic() + HANG_S
    while not (drawn := re.search("[▁▂▃▄▅▆▇█]+", device.command("takes", "list", "--limit", "1").stdout)):
        assert time.monotonic() < until_s
    assert len(drawn[0]) in (8, 9), "the silent half is blank, but for the column that lies across"


def test_a_part_is_a_take_of_its_own_and_the_whole_stays(device: Device, tmp_path: Path) -> None:
    whole = groove(BPM, 4, RATE_HZ) * np.float32(0.7)
    device.json("import", str(write(tmp_path / "whole.wav", whole)), "--bpm", "120", "--duplicates")
    part = device.json("takes", "trim", "whole", "--bars", "2-3", "--title", "middle")["take"]
    assert (part["bars"], part["frames"], part["bpm"], part["bpm_source"]) == (
        2,
        2 * BAR_FRAMES,
        120.0,
        "given",
    )
    assert np.array_equal(sound_of(device, "middle"), whole[BAR_FRAMES : 3 * BAR_FRAMES])
    one = device.json("takes", "trim", "middle", "--bars", "1", "--title", "one bar")["take"]
    assert (one["bars"], one["frames"]) == (1, BAR_FRAMES)
    seconds = device.json("takes", "trim", "whole", "--from", "0.5", "--to", "1.25", "--title", "some")[
        "take"
    ]
    assert (seconds["bars"], seconds["frames"]) == (None, 36_000)
    assert np.array_equal(sound_of(device, "some"), whole[24_000:60_000])
    assert device.json("takes", "show", "whole")["take"]["frames"] == len(whole)
    for wrong in (
        ["--bars", "4-5"],
        ["--bars", "3-2"],
        ["--bars", "x"],
        [],
        ["--from", "9"],
        ["--bars", "1-4"],
    ):
        refused = device.command("takes", "trim", "whole", *wrong)
        assert refused.returncode == 2 and "Traceback" not in refused.stderr, wrong
    assert "no bars" in device.command("takes", "trim", "some", "--bars", "1").stderr


def test_a_name_works_wherever_an_id_does(device: Device, tmp_path: Path) -> None:
    device.json("import", str(write(tmp_path / "Night Idea.wav", noise(20_000) * np.float32(0.3))))
    take_id = device.json("takes", "show", "night  IDEA")["take"]["take_id"]
    assert device.json("takes", "tag", "night idea", "dark")["take"]["take_id"] == take_id
    assert device.json("takes", "rename", "night idea", "Dawn")["take"]["title"] == "Dawn"
    (listed,) = [t for t in device.json("takes", "list")["takes"] if t["take_id"] == take_id]
    assert device.json("takes", "show", listed["short_id"])["take"]["take_id"] == take_id
    assert len({t["short_id"] for t in device.json("takes")["takes"]}) == len(device.json("takes")["takes"])
    device.json("takes", "delete", "Dawn")
    assert device.command("takes", "show", "Dawn").returncode == 2
    assert device.json("takes", "restore", "dawn")["take"]["take_id"] == take_id, "deleted is not gone"
    device.json("takes", "delete", "Dawn", "--for-good", "--yes")
    assert device.command("takes", "restore", "Dawn").returncode == 2
    twice = [write(tmp_path / f"{n}.wav", noise(9000 + n) * np.float32(0.2)) for n in (1, 2)]
    for file in twice:
        (take,) = device.json("import", str(file), "--duplicates")["takes"]
        device.json("takes", "rename", take["take_id"], "twin")
    assert "Several takes have" in device.command("takes", "show", "twin").stderr


def test_many_files_are_processed_and_a_bad_one_stops_none(device: Device, tmp_path: Path) -> None:
    good = [
        write(tmp_path / f"{name}.wav", noise(24_000) * np.float32(g)) for name, g in (("a", 0.1), ("b", 0.4))
    ]
    (tmp_path / "bad.flac").write_bytes(b"fLaC")
    files = [str(good[0]), str(tmp_path / "bad.flac"), str(good[1])]
    done = device.command("process", *files, "--out", str(tmp_path / "made"), "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 8 and [r["file"] for r in result["refused"]] == files[1:2]
    assert [f["mp3"] for f in result["files"]] == ["a.mp3", "b.mp3"]
    assert (tmp_path / "made/b.flac").exists()
    posted = device.command("process", files[0], "--out", str(tmp_path / "again"), "--post", "--json")
    assert posted.returncode == 4 and "No relay is configured" in posted.stdout


def test_bash_completes_a_name_with_spaces(device: Device, tmp_path: Path) -> None:
    """In real bash, with its line editor and the script that `--install-completion` writes."""
    name = "Take: 5 o'clock"
    file = write(tmp_path / "any.wav", noise(9_000))
    (take,) = device.json("import", str(file), "--duplicates")["takes"]
    device.json("takes", "rename", take["take_id"], name)
    bin_dir = Path(sys.executable).parent
    env = device.env | {"HOME": str(tmp_path), "TERM": "dumb", "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", "sidechain --install-completion bash"], env=env, check=True)
    with (tmp_path / ".bashrc").open("a") as settings:
        settings.write("PS1=ready:; sidechain() { printf '<%s>\\n' \"$*\"; }\n")
    for typed in ("Take:\\ ", '"Take: 5'):
        until_s = time.monotonic() + HANG_S
        while f"<takes show {name}>" not in (
            shown := typed_into_bash(f"sidechain takes show {typed}\t", env)
        ):
            assert time.monotonic() < until_s, shown  # a shell waits but a moment for the daemon's answer


def typed_into_bash(line: str, env: dict[str, str]) -> str:
    return at_a_terminal(["bash", "-i"], [("ready", line), ("ready", "exit 0")], env)
