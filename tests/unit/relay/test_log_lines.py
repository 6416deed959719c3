"""Lines of the log: short, of one line, and nothing in them that a terminal obeys."""

import json
import logging
import sys

import pytest

from relay.app.logs import MAX_LINE_CHARS, MAX_TRACE_LINES, JsonFormatter, TextFormatter

ODD = "a\nb\x1b]0;x\x07\u202ec" + "x" * 100_000
"""What a stranger would have in it."""


def record(message: str, *given: object, error: bool = False) -> logging.LogRecord:
    info = sys.exc_info() if error else None
    return logging.LogRecord("relay", logging.WARNING, "f", 1, message, given, info)


@pytest.mark.parametrize("make", [TextFormatter, JsonFormatter])
def test_a_line_is_short_and_one(make: type[TextFormatter | JsonFormatter]) -> None:
    line = make([]).format(record("asked for %s", ODD))
    assert len(line) < MAX_LINE_CHARS + 300 and "more)" in line
    assert all(each.isprintable() for each in line)


@pytest.mark.parametrize("make", [TextFormatter, JsonFormatter])
def test_a_trace_has_so_many_lines_and_the_last_ones(make: type[TextFormatter | JsonFormatter]) -> None:
    def deeper(depth: int) -> None:
        if depth:
            deeper(depth - 1)
        raise ValueError(ODD)

    try:
        deeper(100)
    except ValueError:
        text = make([]).format(record("failed", error=True))
    lines = json.loads(text)["error"].splitlines() if make is JsonFormatter else text.splitlines()[1:]
    assert len(lines) <= MAX_TRACE_LINES and "\x1b" not in text
    assert all(len(line) <= MAX_LINE_CHARS + 30 for line in lines)


def test_a_secret_that_would_be_cut_in_two_is_hidden_first() -> None:
    secret = "s3cret-of-the-database"
    line = TextFormatter([secret]).format(record("x" * (MAX_LINE_CHARS - 20) + secret))
    assert "s3cret" not in line
