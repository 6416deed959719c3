"""Lists as people read them: aligned columns without a frame, as many as the terminal is wide."""

import shutil
import sys
from collections.abc import Sequence

from daemon.core import shown

GAP = "  "
LEAST_CUT = 20  # characters that a text keeps at the least
SAYS_NOTHING = frozenset(("", "–"))

Lines = list[list[str]]


def table(columns: list[str], rows: Lines, spare: Sequence[str] = ()) -> str:
    """Empty text when there are no rows. spare: columns that a narrow terminal does without, the first of them first.

    In a file or a pipe nothing is left out.
    """
    if not rows:
        return ""
    lines = [columns, *([shown.line(cell) for cell in row] for row in rows)]
    if sys.stdout.isatty():
        lines = fitted(lines, shutil.get_terminal_size().columns, spare)
    widths = _widths(lines)
    return "\n".join(
        GAP.join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def fitted(lines: Lines, most: int, spare: Sequence[str] = ()) -> Lines:
    """A heading and rows in at most so many characters, as far as that goes. [any]

    Columns that say nothing go first, then spare ones; the longest text is cut to what is left. Where a wide one went, those that fit
    beside whole texts come back, the last that went first. Ids, which are typed again, and addresses stay whole.
    """
    if _total(lines) <= most:
        return lines
    lines = _without(lines, _silent(lines))
    gone: list[str] = []
    for name in (*spare, ""):
        cut = _with_longest_cut(_without(lines, set(gone)), most)
        if _total(cut) <= most:
            break
        gone.append(name)
    for name in gone[::-1]:
        wider = _without(lines, set(gone) - {name})
        if _total(wider) <= most:
            cut = wider
            gone.remove(name)
    return cut


def _silent(lines: Lines) -> set[str]:
    heads, *rows = lines
    return {head for at, head in enumerate(heads) if at and all(row[at] in SAYS_NOTHING for row in rows)}


def _without(lines: Lines, names: set[str]) -> Lines:
    kept = [at for at, head in enumerate(lines[0]) if head not in names or not head]
    return [[line[at] for at in kept] for line in lines]


def _with_longest_cut(lines: Lines, most: int) -> Lines:
    widths = _widths(lines)
    texts = [at for at in range(1, len(widths)) if not any("://" in line[at] for line in lines)]
    if not texts:
        return lines
    longest = max(texts, key=lambda at: widths[at])
    room = max(widths[longest] - max(0, _total(lines) - most), LEAST_CUT)
    return [[_cut(cell, room) if at == longest else cell for at, cell in enumerate(line)] for line in lines]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _widths(lines: Lines) -> list[int]:
    return [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]


def _total(lines: Lines) -> int:
    widths = _widths(lines)
    return sum(widths) + len(GAP) * (len(widths) - 1)
