"""One X server for all programs under Wine: a prefix has the display that its first program had."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.deadlines import HANG_S
from tests.support.hosts import program
from tests.windows.wine import environment

collect_ignore = ["inside"]  # what Windows' own Python runs (test_units.py)


@pytest.fixture(scope="session", autouse=True)
def display() -> Iterator[str]:
    read, write = os.pipe()
    end_wine()  # of an earlier run, which had another
    xvfb = subprocess.Popen(
        [
            program("Xvfb", "xvfb"),
            "-displayfd",
            str(write),
            "-screen",
            "0",
            "1600x1300x24",
            "-nolisten",
            "tcp",
        ],
        pass_fds=[write],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read, encoding="ascii") as told:
            os.environ["DISPLAY"] = f":{told.readline().strip()}"
        yield os.environ["DISPLAY"]
    finally:
        end_wine()
        xvfb.terminate()
        xvfb.wait(HANG_S)


def end_wine() -> None:
    """Every program of this checkout's prefix."""
    subprocess.run(["wineserver", "--kill"], env=environment(), timeout=HANG_S, check=False)
