"""What commands print with --json is what `sidechain schema` says, field by field; and `watch` tells what happens, line by line."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from daemon.cli.answers import schema_of
from daemon.cli.groove import groove
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device
from tests.support.json_schema import misfits
from tests.support.whole import short_folder


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    """With a daemon, and a take of a bar."""
    with short_folder() as folder, running_device(folder / "d", "") as running:
        soundfile.write(folder / "bar.wav", groove(120.0, 1, 48_000), 48_000, subtype="FLOAT")
        given = running.json("import", str(folder / "bar.wav"), "--bpm", "120")
        assert given["takes"] and answered("import", given) == []
        yield running


def answered(command: str, value: object) -> list[str]:
    """What of an answer is not as documented; an error is none."""
    schema = schema_of(command)
    return misfits(value, {**schema, "anyOf": schema["anyOf"][:-1]})  # type: ignore[index]  # a list, as JSON has it


@pytest.mark.parametrize(
    ("command", "rest"),
    [
        ("status", ""),
        ("instances", ""),
        ("takes", ""),
        ("takes show", "bar"),
        ("takes tag", "bar dark"),
        ("takes path", "bar"),
        ("takes similar", "bar"),
        ("outbox", ""),
        ("history", ""),
        ("recover", ""),
        ("sets", ""),
        ("whoami", ""),
        ("config", ""),
        ("config set", "default_bars 4"),
        ("config explain", "default_bars"),
        ("service", ""),
        ("logs", ""),
        ("schema", ""),
    ],
)
def test_an_answer_is_as_its_schema_says(device: Device, command: str, rest: str) -> None:
    if command == "logs":
        (device.data / "daemon.log").touch()
    assert answered(command, device.json(*command.split(), *rest.split())) == []


def test_what_files_and_parts_answer(device: Device, tmp_path: Path) -> None:
    wav = tmp_path / "x.wav"
    soundfile.write(wav, groove(120.0, 2, 48_000), 48_000, subtype="FLOAT")
    assert answered("process", device.json("process", str(wav), "--out", str(tmp_path / "made"))) == []
    assert (
        answered("takes trim", device.json("takes", "trim", "bar", "--from", "0.2", "--title", "part")) == []
    )
    assert answered("takes export", device.json("takes", "export", "part", str(tmp_path / "p.wav"))) == []
    assert answered("takes delete", device.json("takes", "delete", "part")) == []
    assert answered("takes restore", device.json("takes", "restore", "part")) == []


def test_watch_tells_what_happens_line_by_line_and_ends_cleanly(device: Device, tmp_path: Path) -> None:
    with (
        device.command_under_way("watch", "--json") as as_json,
        device.command_under_way("watch") as plain,
    ):
        assert as_json.stdout and plain.stdout
        first, said = json.loads(as_json.stdout.readline()), plain.stdout.readline()
        assert first["event"] == "status_is" and "(no_relay)" in said
        device.json("takes", "rename", "bar", "renamed")
        lines: list[dict[str, Any]] = [first]
        while lines[-1]["event"] != "take_changed" or lines[-1]["take"]["name"] != "renamed":
            lines.append(json.loads(as_json.stdout.readline()))
        while "renamed" not in said:
            said = plain.stdout.readline()
        device.json("takes", "rename", "renamed", "bar")
        for line in lines:
            assert answered("watch", {name: value for name, value in line.items() if name != "event"}) == []
        for watching in (as_json, plain):
            watching.send_signal(signal.SIGINT)
            assert watching.wait(HANG_S) == 0
            assert watching.stderr and watching.stderr.read() == ""
