"""One X server for all programs under Wine, whoever of pytest's processes starts them: a prefix has the display that its first program had."""

import os
import subprocess

import pytest

from tests.support.deadlines import HANG_S
from tests.support.hosts import program
from tests.windows.wine import environment

collect_ignore = ["inside"]  # what Windows' own Python runs (test_units.py)
X_SERVER = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where tests run side by side, each process has a session; they have their environment of the first."""
    if hasattr(session.config, "workerinput"):
        return
    end_wine()  # of an earlier run, which had another
    read, write = os.pipe()
    words = ["-displayfd", str(write), "-screen", "0", "1600x1300x24", "-nolisten", "tcp"]
    session.config.stash[X_SERVER] = subprocess.Popen(
        [program("Xvfb", "xvfb"), *words],
        pass_fds=[write],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read, encoding="ascii") as told:
        os.environ["DISPLAY"] = f":{told.readline().strip()}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if x_server := session.config.stash.get(X_SERVER, None):
        end_wine()
        x_server.terminate()
        x_server.wait(HANG_S)


@pytest.fixture(scope="session")
def display() -> str:
    return os.environ["DISPLAY"]


def end_wine() -> None:
    """Every program of this checkout's prefix."""
    subprocess.run(["wineserver", "--kill"], env=environment(), timeout=HANG_S, check=False)
