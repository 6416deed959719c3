"""A LosingDisk is tests/chaos/losing_disk.py, mounted: its power can go, it can be full, and it can be sick."""

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.support.deadlines import HANG_S


def no_fuse() -> str | None:
    """Why file systems of our own cannot be mounted here; None: they can."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"no FUSE here: /dev/fuse cannot be opened ({error.strerror})"
    return None


class LosingDisk:
    """At `folder`; what the platter holds lies beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._image = folder.with_name("image")
        self._process: asyncio.subprocess.Process | None = None

    async def mount(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        program = Path(__file__).with_name("losing_disk.py")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(program), str(self._folder), str(self._image), stdin=asyncio.subprocess.PIPE
        )
        deadline = time.monotonic() + HANG_S
        while not os.path.ismount(self._folder):
            mounting = time.monotonic() < deadline and self._process.returncode is None
            assert mounting, f"the disk was not mounted; its program ended with {self._process.returncode}"
            await asyncio.sleep(0.01)

    def be(self, state: str) -> None:
        """ "full", "sick" (every write and sync fails) or "well"."""
        assert self._process and self._process.stdin
        self._process.stdin.write(state.encode() + b"\n")

    async def cut(self) -> None:
        """The power goes: what was not synced is gone."""
        assert self._process and self._process.stdin
        self._process.stdin.write(b"cut\n")
        await self._process.wait()
        unmount = await asyncio.create_subprocess_exec("fusermount3", "-u", "-z", str(self._folder))
        await unmount.wait()
