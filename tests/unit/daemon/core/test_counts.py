"""One of something is one."""

import re
from pathlib import Path

import daemon
from daemon.core.counts import so_many


def test_one_is_one() -> None:
    assert [so_many(count, "take") for count in (0, 1, 2)] == ["0 takes", "1 take", "2 takes"]


def test_what_doctor_counts_it_counts_so() -> None:
    """No number stands before a plural that is there whatever the number."""
    files = list(Path(daemon.__file__).parent.rglob("checks.py"))
    fixed = [
        found
        for file in files
        for found in re.findall(r"\} (?:takes|plugins)\b[^\n]*", file.read_text("utf-8"))
    ]
    assert len(files) > 1 and not fixed, fixed
