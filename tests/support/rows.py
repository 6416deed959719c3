"""The table of all that a relay answers, as a built one has it: for tests of every operation there is."""

import asyncio
import tempfile
from functools import cache
from pathlib import Path

from relay.app.build import build
from relay.app.config import Config
from relay.app.dispatch import method_of, path_of
from relay.core.access import Action
from relay.core.calls import AnyRow, Page


@cache
def every_row() -> tuple[AnyRow, ...]:
    """Sorted by path and method, so that parameters of tests come in the same order in each process."""
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_rows(Path(folder)))
    return tuple(sorted(rows, key=lambda row: (path_of(row), method_of(row))))


async def _rows(folder: Path) -> list[AnyRow]:
    relay = await build(Config(data=folder / "data", dev=True), "http://x")
    await relay.close()
    return relay.rows


def every_operation() -> list[tuple[str, str, Action]]:
    return [(method_of(row), path_of(row), row.action) for row in every_row()]


def every_change() -> list[tuple[str, str, bool]]:
    """Method and path of every operation that changes something, and whether its token comes in the form."""
    return [
        (method_of(row), path_of(row), isinstance(row, Page) and row.form)
        for row in every_row()
        if method_of(row) not in ("GET", "HEAD", "OPTIONS")
    ]
