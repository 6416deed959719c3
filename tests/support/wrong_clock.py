"""Clocks of real processes that jump, and machines that seem to have slept: a library preloaded into them."""

import functools
import struct
import subprocess
from pathlib import Path

from tests.support.native import BUILD

SOURCE = Path(__file__).with_suffix(".c")


class WrongClock:
    """env: for the processes to be fooled. All of them follow at once; time.monotonic() is never wrong."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._wall_s = self._boot_s = 0
        self._file.write_bytes(bytes(16))
        self.env = {"LD_PRELOAD": str(_library()), "WRONG_CLOCK": str(self._file)}

    def wall(self, wrong_by_s: int) -> None:
        """The wall clock is so far ahead of the right time."""
        self._wall_s = wrong_by_s
        self._write()

    def slept(self, seconds: int) -> None:
        """CLOCK_BOOTTIME ran on so long while CLOCK_MONOTONIC stood."""
        self._boot_s += seconds
        self._write()

    def _write(self) -> None:
        with self._file.open("r+b") as file:  # in place: it is mapped
            file.write(struct.pack("=qq", self._wall_s, self._boot_s))


@functools.cache
def _library() -> Path:
    """Built. Raises AssertionError with the compiler's words."""
    BUILD.mkdir(parents=True, exist_ok=True)
    made = BUILD / f"wrong_clock.{SOURCE.stat().st_mtime_ns}.so"
    if not made.exists():
        cc = subprocess.run(
            ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", f"{made}.new", SOURCE, "-ldl"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert cc.returncode == 0, cc.stderr
        Path(f"{made}.new").rename(made)
    return made
