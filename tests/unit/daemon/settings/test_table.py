"""The table of settings: the page has it, and each row says what it is for."""

from pathlib import Path

import msgspec

from daemon.config import Config
from daemon.settings.table import SETTINGS


def test_the_page_has_the_table_word_for_word() -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "configuration.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{s.name}` | {s.default} | {'at once' if s.at_once else 'next start'} | {s.meaning} |"
        for s in SETTINGS.values()
    ]
    assert list(SETTINGS) == [field.name for field in msgspec.structs.fields(Config)]


def test_every_setting_says_what_it_is_for() -> None:
    assert all(row.meaning.endswith(".") and "|" not in row.meaning for row in SETTINGS.values())
    assert all(row.default and row.variable.startswith("SIDECHAIN_") for row in SETTINGS.values())
