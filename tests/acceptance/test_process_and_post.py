"""`sidechain process FILE --post` at a real relay; and a follower without a DAW hears it by `sidechain preview`."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.cli import completing
from daemon.cli.completing import COMPLETE
from daemon.cli.main import run
from tests.support.deadlines import HANG_S
from tests.support.device import Device, running_device
from tests.support.pulse import sound_server
from tests.support.relay import running_relay
from tests.support.whole import marked_groove, short_folder, write_wav

NO_SOUND = {"PULSE_SERVER": "unix:/nowhere"}


@pytest.fixture(scope="module")
def people() -> Iterator[tuple[Device, Device]]:
    """Who makes, and who follows."""
    with (
        short_folder() as folder,
        running_relay(folder / "r") as relay,
        running_device(folder / "a", relay.url) as maker,
        running_device(folder / "b", relay.url) as fan,
    ):
        maker.json("claim", "--dev-user", "night.owl")
        fan.json("claim", "--dev-user", "day.lark")
        fan.json("follow", "night.owl")
        yield maker, fan


def in_feed(fan: Device, title: str) -> dict[str, Any]:
    """The post of that title, once the follower's daemon has it; each look is a process of its own."""
    until_s = time.monotonic() + HANG_S
    while time.monotonic() < until_s:
        for item in fan.json("feed")["items"]:
            if item["title"] == title:
                return dict(item)
    raise AssertionError(fan.json("feed"))


def test_a_file_is_made_a_take_and_a_post_and_may_be_taken_back(people: tuple[Device, Device]) -> None:
    maker, fan = people
    maker.json("config", "set", "undo_seconds", "600")
    sound = maker.home / "idea.wav"
    write_wav(sound, marked_groove(2))
    made = ["process", str(sound), "--out", str(maker.home / "made"), "--bpm", "128"]
    first = maker.command(*made, "--title", "taken back", "--post")
    assert first.returncode == 0, first.stderr
    assert "3.8 s at 48000 Hz" in first.stdout and "frames" not in first.stdout
    assert (
        "is in the outbox. It goes out in " in first.stdout
        and "`sidechain undo` keeps it here" in first.stdout
    )
    assert maker.json("undo")["entries"][0]["state"] == "discarded"
    assert (maker.home / "made" / "idea.mp3").exists(), "the files are there all the same"
    second = maker.json(*made, "--title", "idea", "--post", "--force")
    assert second["take_id"] and 0 < second["held_s"] <= 600
    maker.json("config", "set", "undo_seconds", "0")
    third = maker.json(*made, "--title", "now", "--post", "--force")
    assert third["held_s"] is None
    item = in_feed(fan, "now")
    assert (item["author"], item["bpm"], item["duration_ms"]) == ("night.owl", 128.0, 3750)
    assert [each["title"] for each in fan.json("feed")["items"]] == ["now"], "what is held stays here"


@pytest.mark.parametrize(
    ("whose", "typed", "offered"),
    [
        (0, ["takes", "show", "tak"], {"taken\\ back"}),
        (0, ["takes", "show", '"tak'], {"taken back"}),
        (0, ["post", "i"], {"idea"}),
        (1, ["like", "no"], {"now"}),
        (1, ["follow", ""], {"night.owl"}),
        (1, ["block", "@ni"], {"@night.owl"}),
        (1, ["keep", "--instance", ""], set()),
        (1, ["pre"], {"preview"}),
    ],
)
def test_a_shell_is_offered_names_that_the_daemon_knows(
    people: tuple[Device, Device],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    whose: int,
    typed: list[str],
    offered: set[str],
) -> None:
    in_feed(people[1], "now")
    line = {"COMP_WORDS": "\n".join(["sidechain", *typed]), "COMP_CWORD": str(len(typed))}
    for name, value in (people[whose].env | line | {COMPLETE: "complete_bash"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(completing, "ANSWER_LIMIT_S", HANG_S)
    monkeypatch.setattr(sys, "argv", ["sidechain"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert not ended.value.code and set(capsys.readouterr().out.split("\n")) - {""} == offered


def test_without_a_daemon_a_shell_is_offered_nothing(tmp_path: Path) -> None:
    line = {"COMP_WORDS": "sidechain\ntakes\nshow\n", "COMP_CWORD": "3", COMPLETE: "complete_bash"}
    asked = Device(tmp_path, "").command(**line)
    assert (asked.returncode, asked.stdout.strip(), asked.stderr) == (0, "", "")


def test_without_a_plugin_a_post_is_heard_through_this_computer(
    people: tuple[Device, Device],
) -> None:
    _, fan = people
    post = in_feed(fan, "now")
    silent = fan.command("preview", "now", **NO_SOUND)
    assert silent.returncode == 1 and "it has no device for that" in silent.stderr
    assert f"Or hear it on its page: {post['url']}" in silent.stderr
    wrong = fan.command("preview", "now", "--device", "speakers", "--in-sync")
    assert wrong.returncode == 2 and "has no tempo" in wrong.stderr
    with sound_server(fan.home / "s") as env:
        told = fan.command("preview", post["post_id"], "--device", "speakers", **env)
        assert told.returncode == 0 and "Playing “now” through speakers. Ctrl-C ends it." in told.stderr
