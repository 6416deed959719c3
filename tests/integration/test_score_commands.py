"""Loops, songs, patterns and machines at the command line: in and out, pictures, sound, and what cannot be."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.cli.answers import schema_of
from tests.support.device import Device, running_device
from tests.support.json_schema import misfits
from tests.support.scores import LOOP_JSON
from tests.support.whole import short_folder

MACHINE = b'{"kind": "machine", "name": "Salsa", "style": "salsa", "bpm": 100, "players": [{"instrument": "clave", "program": "son-2-3"}]}'


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with short_folder() as folder, running_device(folder / "d", "") as running:
        (folder / "loop.json").write_bytes(LOOP_JSON)
        assert running.json("loops", "import", str(folder / "loop.json"))["creation"]["bars"] == 2
        yield running


def fits(command: str, answer: object) -> bool:
    return misfits(answer, schema_of(command)) == []


def test_a_loop_is_listed_and_drawn(device: Device) -> None:
    listed = device.json("loops")
    assert [each["name"] for each in listed["creations"]] == ["Night drive"] and fits("loops", listed)
    assert fits("loops show", device.json("loops", "show", "last"))
    drawn = device.command("loops", "show", "night drive", COLUMNS="80").stdout.splitlines()
    assert drawn[0].endswith("“Night drive”, 2 bars, 96 BPM, Am, here.")
    assert drawn[1:] == [
        "               bar 1            bar 2",
        "chords        |Am              |        Fmaj7   |",
        "Kick          |X...............|................|",
        "Snare         |................|....x...........|",
        "Bass          |....-...........|................|",
    ]
    assert device.command("loops", "list").stdout.splitlines()[1].endswith("Am   here")


def test_it_goes_out_as_midi_and_json_and_comes_in_again(device: Device, tmp_path: Path) -> None:
    midi, again = tmp_path / "a.mid", tmp_path / "b.mid"
    assert fits("loops midi", device.json("loops", "midi", "night drive", str(midi)))
    pattern = device.json("patterns", "import", str(midi), "--name", "From a loop")
    assert pattern["creation"]["bars"] == 2 and fits("patterns import", pattern)
    device.json("patterns", "midi", "From a loop", str(again))
    assert midi.read_bytes()[:4] == again.read_bytes()[:4] == b"MThd"
    out = tmp_path / "l.json"
    assert fits("loops export", device.json("loops", "export", "night drive", str(out)))
    copy = device.json("loops", "import", str(out), "--name", "Copy")["creation"]
    faster = tmp_path / "fast.json"
    faster.write_text(json.dumps(json.loads(out.read_text()) | {"bpm": 140}))
    saved = device.json("loops", "import", str(faster), "--into", copy["creation_id"])["creation"]
    assert (saved["creation_id"], saved["name"], saved["bpm"], saved["version"]) == (
        copy["creation_id"],
        "Copy",
        140,
        2,
    )
    assert device.command("loops", "midi", "copy", str(midi)).returncode == 2, "never over others' work"


def test_a_song_brings_its_loops_and_a_machine_plays(device: Device, tmp_path: Path) -> None:
    body = {name: value for name, value in json.loads(LOOP_JSON).items() if name != "kind"}
    block = {"id": "b", "loop": "L1", "start": 2, "bars": 4}
    song = {"name": "Long way", "bpm": 100, "meter": "3/4", "blocks": [block]}
    file = tmp_path / "song.json"
    file.write_text(
        json.dumps(
            {
                "format": "sidechain-studio",
                "kind": "song",
                "body": song,
                "loops": {"L1": body | {"name": "Verse"}},
            }
        )
    )
    device.json("songs", "import", str(file))
    drawn = device.command("songs", "show", "long way", COLUMNS="80").stdout.splitlines()
    assert drawn[1:] == ["bars          1 to 6", "Verse         ..####"]
    (tmp_path / "m.json").write_bytes(MACHINE)
    device.json("machines", "import", str(tmp_path / "m.json"))
    assert "clave         Son, two-three         80%" in device.command("machines", "show").stdout
    take = device.json("songs", "render", "long way", "--take")["take"]
    assert (take["name"], take["bpm"], take["meter"]) == ("Long way", 100.0, "3/4")
    device.json("loops", "delete", "verse")
    silent = device.command("songs", "render", "long way", "--take")
    assert silent.returncode == 0, "what was deleted can be restored, and still sounds until then"


def test_its_sound_is_as_loud_as_a_recording_and_as_long_as_its_bars(device: Device, tmp_path: Path) -> None:
    for name, bpm in (("a.wav", 96), ("b.flac", 120)):
        done = device.json("loops", "render", "night drive", str(tmp_path / name), "--bpm", str(bpm))
        assert fits("loops render", done)
        sound, rate_hz = soundfile.read(tmp_path / name)
        assert len(sound) == round(8 * 60 / bpm * rate_hz)
        assert float(np.max(np.abs(sound))) <= 1.0 and done["lufs"] <= -13.9
    take = device.json("loops", "render", "night drive", "--take")["take"]
    assert (take["name"], take["bars"], take["bpm"], take["bpm_source"]) == ("Night drive", 2, 96.0, "given")
    assert device.command("loops", "render", "night drive", "--take", "--project").returncode == 7


def test_a_take_becomes_a_loop(device: Device) -> None:
    take = device.json("loops", "render", "night drive", "--take", "--bpm", "100")["take"]
    made = device.json("takes", "loop", take["take_id"], "--name", "As played")
    assert fits("takes loop", made)
    loop = made["creation"]
    assert (loop["name"], loop["bars"], loop["bpm"], loop["take_id"]) == (
        "As played",
        2,
        100,
        take["take_id"],
    )
    said = device.command("loops", "render", "as played", "--take")
    assert said.returncode == 2 and f"takes export {take['take_id'][:12]}" in said.stderr
    assert "1, 2, 4 or 8" in device.command("takes", "loop", take["take_id"], "--bars", "3").stderr
    assert (
        device.json("takes", "loop", take["take_id"], "--bars", "4", "--name", "Twice as fast")["creation"][
            "bpm"
        ]
        == 200
    )


def test_what_was_deleted_comes_back(device: Device) -> None:
    device.json("patterns", "import", *_midi(device))
    gone = device.json("patterns", "delete", "once")["creation"]
    assert gone["deleted_us"] and device.command("patterns", "show", "once").returncode == 2
    assert [each["name"] for each in device.json("patterns", "list", "--deleted")["creations"]] == ["once"]
    assert device.json("patterns", "restore", "once")["creation"]["deleted_us"] is None
    assert device.json("patterns", "rename", "once", "Twice")["creation"]["name"] == "Twice"


def _midi(device: Device) -> tuple[str, str, str]:
    path = str(device.home / "once.mid")
    device.json("loops", "midi", "night drive", path, "--force")
    return path, "--name", "once"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("loops", "show", "nobody"), 2, "or that name"),
        (("loops", "import", "gone.json"), 2, "cannot be read"),
        (("loops", "import", "."), 2, "is no file"),
        (("songs", "import", "broken.mid"), 2, "a loop or a pattern"),
        (("loops", "import", "broken.mid"), 8, "no MIDI file, or it is broken"),
        (("patterns", "import", "loop.json"), 2, "This is a loop, no pattern"),
        (("loops", "render", "night drive"), 2, "A file, or a take"),
        (("loops", "render", "night drive", "x.mp3"), 2, "Use .wav or .flac"),
        (("loops", "rename", "night drive", ""), 2, "at least 1 characters"),
    ],
)
def test_what_cannot_be_is_said(
    device: Device,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.mid").write_bytes(b"MThd but no more")
    (tmp_path / "loop.json").write_bytes(LOOP_JSON)
    files = {each: str(tmp_path / each) for each in ("gone.json", "broken.mid", "loop.json", ".")}
    done = device.command(*(files.get(each, each) for each in arguments))
    assert done.returncode == code and says in done.stderr, done.stderr
