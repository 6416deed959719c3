"""The native parts for tests and benchmarks: built once, found, run. Not a build system: that is the Makefile."""

import fcntl
import functools
import subprocess
from pathlib import Path

import zmq

from tests.support.deadlines import COMPILE_HANG_S, HANG_S

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "plugin_protocol" / "c"
BUILD = ROOT / ".build" / "native"


@functools.cache
def build(target: str = "all") -> Path:
    """Make `target` ("all", "tests", "tests-asan", "tests-tsan", "bench") if it is stale; the build folder.

    Once per process, and under a file lock, so that processes side by side do not write the same object files.
    Raises AssertionError with the compiler's words.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "-s", "-j2", "-C", SOURCES, f"BUILD={BUILD}", target],
            capture_output=True,
            text=True,
            timeout=COMPILE_HANG_S,
            check=False,
        )
    assert made.returncode == 0, f"make {target} failed:\n{made.stdout}{made.stderr}"
    return BUILD


def play_path() -> Path:
    """The program sidechain-play, built."""
    return build() / "sidechain-play"


def library_path() -> Path:
    """libsidechain.so for ctypes, built."""
    return build() / "libsidechain.so"


def libzmq_path() -> Path:
    """The libzmq that pyzmq brings along, for programs that load one at run time."""
    beside = Path(zmq.__file__).parents[1] / "pyzmq.libs"
    return next(iter(sorted(beside.glob("libzmq*"))))


def run_c_test(name: str, *args: str, variant: str = "plain") -> subprocess.CompletedProcess[str]:
    """Build and run tests/native/NAME.c under `variant` ("plain", "asan", "tsan").

    Raises AssertionError with its output unless it exits 0 within HANG_S.
    """
    folder = build("tests" if variant == "plain" else f"tests-{variant}") / variant / "tests"
    ran = subprocess.run([folder / name, *args], capture_output=True, text=True, timeout=HANG_S, check=False)
    assert ran.returncode == 0, f"{name} ({variant}) exited {ran.returncode}:\n{ran.stdout}{ran.stderr}"
    return ran
