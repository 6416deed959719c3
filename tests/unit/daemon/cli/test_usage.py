"""What is typed wrong is told as everything else is: a sentence, a next step, JSON where that was asked for."""

import json
import sys

import pytest

from daemon.cli.main import run

WRONG = {
    "keep --bars x": "--bars is “x”, and must be a whole number.",
    "keep --bars -5": "--bars is “-5”, and must be at least 1.",
    "keep --bars 65": "--bars is “65”, and must be at most 64.",
    "keep --seconds x": "--seconds is “x”, and must be a number.",
    "keep --nope": "No such option: --nope",
    "nosuch": "No such command nosuch.",
    "process x": "Missing option --out.",
    "config explain": "Missing argument NAME.",
    "status extra": "Got unexpected extra words (extra).",
    f"keep --bars {'9' * 5000}": f"--bars is “{'9' * 60}…”, and must be ",
    "keep --bars caf\udce9": "text (UTF-8).",
}


@pytest.mark.parametrize("typed", WRONG)
@pytest.mark.parametrize("as_json", [False, True])
def test_it(
    typed: str, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sidechain", *typed.split(" "), *["--json"] * as_json])
    with pytest.raises(SystemExit) as ended:
        run()
    said = capsys.readouterr()
    assert ended.value.code == 2
    if as_json:
        told = json.loads(said.out)["error"]
        assert told["code"] == "usage" and WRONG[typed] in told["message"] and "--help`" in told["next_step"]
    else:
        assert WRONG[typed] in said.err and "--help` says" in said.err and said.err.count("\n") == 1


def test_nothing_typed_shows_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sidechain"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2 and "Keep the last bars you played" in capsys.readouterr().out
