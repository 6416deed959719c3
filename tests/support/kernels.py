"""Builds the C files of audio/ as the package does. Not a build system: one compiler call."""

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.deadlines import COMPILE_HANG_S

SOURCES = sorted((Path(__file__).resolve().parents[2] / "audio").glob("*.c"))
FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]


def build_kernels(folder: Path, *more: str) -> Path:
    """The library, built into folder; more: flags after the usual ones. Raises CalledProcessError with the compiler's words on its stderr."""
    folder.mkdir(exist_ok=True)
    library = folder / "_kernels.so"
    subprocess.run(
        ["cc", *FLAGS, *more, "-o", str(library), *map(str, SOURCES)], check=True, timeout=COMPILE_HANG_S
    )
    return library


@functools.cache
def built_kernels() -> str:
    """The path of the library as the package builds it, once for each process of tests."""
    folder = Path(tempfile.mkdtemp(prefix="sdc-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(build_kernels(folder))


def run_under_sanitizers(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`script`, with the path of a library that the address and undefined-behaviour sanitizers watch as its argument."""
    watched = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    library = build_kernels(folder, *watched)
    asked = ["cc", "-print-file-name=libasan.so"]
    runtime = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return subprocess.run(
        [sys.executable, "-c", script, str(library)],
        env=os.environ | {"LD_PRELOAD": runtime.strip(), "ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        text=True,
        check=False,
    )
