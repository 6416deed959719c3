"""What is said beside a result, on terminals of any width and without one."""

import os

import pytest

from daemon.cli.output import note

SAID = "sidechain: No post of your feed has an id that starts with “last”, or that title. `sidechain feed` lists them."


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_sentence_breaks_between_words(
    columns: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, 24)))
    note(f"{SAID}\nhttps://relay.example/p/{'f' * 60}")
    *lines, address = capfd.readouterr().err.splitlines()
    assert " ".join(lines) == SAID and max(map(len, lines)) <= columns
    assert address.endswith("f" * 60), "an address stays in one piece"


def test_without_a_terminal_it_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    note(SAID)
    assert capfd.readouterr().err == f"{SAID}\n"
