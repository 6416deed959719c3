"""Lists in a terminal of any width."""

import pytest

from daemon.cli import tables
from daemon.cli.tables import fitted, table

HEADS = ["take", "when", "name", "bars", "key", "page"]
ROW = ["01a22c23485c", "2026-11-30 11:07", "An idea of more than twenty letters", "8", "–", ""]
SPARE = ("key", "bars", "when")


@pytest.mark.parametrize(
    ("most", "heads"),
    [
        (200, HEADS),  # all of it, also what says nothing
        (80, ["take", "when", "name", "bars"]),
        (60, ["take", "when", "name", "bars"]),
        (50, ["take", "name"]),
        (10, ["take", "name"]),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns(most: int, heads: list[str]) -> None:
    lines = fitted([HEADS, ROW], most, SPARE)
    assert lines[0] == heads and lines[1][0] == ROW[0]
    assert most == 10 or len("  ".join(lines[1])) <= most


def test_names_are_cut_and_ids_and_addresses_are_not() -> None:
    address = "https://relay.example/p/0123456789abcdef"
    _, (post, title, page) = fitted([["post", "title", "page"], ["f" * 32, "x" * 60, address]], 100)
    assert (post, page) == ("f" * 32, address) and title == "x" * 23 + "…"
    _, (post, title) = fitted([["post", "title", "page"], ["f" * 32, "x" * 60, address]], 60, ("page",))
    assert title == "x" * 25 + "…"


def test_where_a_wide_column_went_those_that_fit_come_back() -> None:
    heads = ["post", "when", "who", "title", "BPM", "key", "page"]
    row = [
        "f" * 32,
        "2026-11-30 11:07",
        "nightowl",
        "3 a.m.",
        "128.0",
        "C major",
        f"https://relay.example/p/{'f' * 32}",
    ]
    spare = ("key", "BPM", "when", "page")
    assert fitted([heads, row], 80, spare)[0] == ["post", "when", "who", "title", "BPM"]
    assert fitted([heads, row], 60, spare)[0] == ["post", "who", "title", "BPM"]
    assert fitted([heads, row], 52, spare)[0] == ["post", "who", "title"]
    row[3] = "A long title, which has to be cut"
    assert fitted([heads, row], 80, spare)[0] == ["post", "who", "title"], "a text is cut for no spare column"


def test_a_pipe_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert all(cell in table(HEADS, [ROW], SPARE) for cell in (*HEADS, *ROW))
    monkeypatch.setattr(tables.sys.stdout, "isatty", lambda: True)
    assert max(map(len, table(HEADS, [ROW], SPARE).splitlines())) <= 40
    assert table(HEADS, []) == ""
