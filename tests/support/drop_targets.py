"""Windows of other programs that things are dropped on: GTK's and Qt's own, and rude ones (tests/plugin/*_drop_target.py)."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from daemon.cli.stage import end
from tests.support.deadlines import HANG_S
from tests.support.native import ROOT
from tests.support.plugin_window import WindowOf

SYSTEM_PYTHON = Path("/usr/bin/python3")  # that Debian's python3-gi is for
PLACE = (1000, 200, 300, 200)  # beside a window at the screen's corner


class DropTarget(NamedTuple):
    process: asyncio.subprocess.Process

    @property
    def middle(self) -> tuple[int, int]:
        return PLACE[0] + PLACE[2] // 2, PLACE[1] + PLACE[3] // 2

    async def said(self, key: str) -> Any:  # what its JSON holds under that key
        """What it says next under that key; else it is passed over. Raises AssertionError when it has ended."""
        assert self.process.stdout
        async with asyncio.timeout(HANG_S):
            while line := await self.process.stdout.readline():
                said = json.loads(line)
                if key in said:
                    return said[key]
        raise AssertionError(f"the target ended without saying {key}")


@contextlib.asynccontextmanager
async def drop_target(program: Path | str, *manner: str) -> AsyncIterator[DropTarget]:
    process = await asyncio.create_subprocess_exec(
        program,
        *manner,
        *map(str, PLACE),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        target = DropTarget(process)
        assert await target.said("ready")
        yield target
    finally:
        await end(process)


def gtk_target() -> contextlib.AbstractAsyncContextManager[DropTarget]:
    """A window of GTK 3."""
    assert Path("/usr/lib/python3/dist-packages/gi").exists(), (
        "This test needs GTK: apt-get install python3-gi gir1.2-gtk-3.0"
    )
    return drop_target(SYSTEM_PYTHON, str(ROOT / "tests" / "plugin" / "gtk_drop_target.py"))


def qt_target() -> contextlib.AbstractAsyncContextManager[DropTarget]:
    """A window of Qt 5."""
    assert Path("/usr/lib/python3/dist-packages/PyQt5").exists(), (
        "This test needs Qt: apt-get install python3-pyqt5"
    )
    return drop_target(SYSTEM_PYTHON, str(ROOT / "tests" / "plugin" / "qt_drop_target.py"))


def rude_target(manner: str) -> contextlib.AbstractAsyncContextManager[DropTarget]:
    return drop_target(sys.executable, "-m", "tests.plugin.rude_drop_target", manner)


def path_of(uri: str) -> Path:
    parts = urlsplit(uri.strip())
    assert (parts.scheme, parts.netloc) == ("file", "")
    return Path(unquote(parts.path))


async def pasted(look: Callable[[int], Awaitable[None]]) -> str | None:
    """What another program pastes as text: GTK asks the owner of the clipboard, who has to be given its time by `look`."""
    process = await asyncio.create_subprocess_exec(
        SYSTEM_PYTHON,
        ROOT / "tests" / "plugin" / "gtk_paste.py",
        stdout=asyncio.subprocess.PIPE,
    )
    ending = asyncio.ensure_future(process.communicate())
    while not ending.done():
        await look(20)
    text: str | None = json.loads(ending.result()[0])["text"]
    return text


async def dropped_on_gtk(window: WindowOf, part: str) -> Path:
    """The file that a part of the plugin's window is, drawn out of it onto another program's."""
    async with gtk_target() as target:
        await window.drag(part, target.middle)
        await window.let_go()
        waiting = asyncio.ensure_future(target.said("uris"))
        while not waiting.done():
            await window.look(20)
        (uri,) = waiting.result()
    return path_of(uri)
