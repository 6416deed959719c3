"""One design: what all pages are made of stands in one sheet, and no other one has colours, sizes of type or corners of its own."""

import re
from importlib import resources

import pytest

SHEETS = {
    each.name: each.read_text(encoding="utf-8")
    for each in (resources.files("relay.app.site") / "static").iterdir()
    if each.name.endswith(".css")
}
SHARED = "tokens.css"
OTHERS = sorted(SHEETS.keys() - {SHARED})
OWN = {
    "colours": r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(",
    "sizes of type": r"font(?:-size)?:[^;}]*?\b[0-9.]+(?:px|rem)",
    "corners": r"border-radius:[^;}]*?\b[0-9.]+px",
}


@pytest.mark.parametrize("sheet", OTHERS)
@pytest.mark.parametrize("what", OWN)
def test_no_sheet_has_of_its_own(what: str, sheet: str) -> None:
    assert re.findall(OWN[what], SHEETS[sheet]) == []


def test_what_is_named_is_there_and_what_is_there_is_used() -> None:
    there = set(re.findall(r"(--[\w-]+):", "".join(SHEETS.values())))
    used = set(re.findall(r"var\((--[\w-]+)", "".join(SHEETS.values())))
    assert used == there
