"""How numbers are told: of days, with what is too small left out, and as lines of CSV. Values only."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from relay.core.times import rfc3339
from relay.features.analytics.events import DAY_US
from relay.wire.analytics import LEAST

_FORMULA = re.compile(r"[=+\-@\t\r]")
Cell = str | int | float | None


def date_of(day: int) -> str:
    """Of a day since 1970, as 2026-11-30. [any]"""
    return rfc3339(day * DAY_US)[:10]


def told(n: int) -> int | None:
    """n people; None: too few to say how many, perhaps none. [any]"""
    return n if n >= LEAST else None


def share(part: int, whole: int) -> float | None:
    """None: of nothing. [any]"""
    return min(part / whole, 1.0) if whole else None


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """RFC 4180. What is not told is empty; words never begin as a formula of a spreadsheet does. [any]"""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(each) for each in row])
    return out.getvalue().encode()


def _cell(value: Cell) -> Cell:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value
