"""Servers under measurement: the relay and its peers as processes, and what one of them has cost so far."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
END_LIMIT_S = 30


@dataclass
class Server:
    """A process that serves at url."""

    process: "subprocess.Popen[str]"
    url: str

    def cpu_s(self) -> float:
        """User and system time so far of its threads, to the nanosecond (proc(5), schedstat)."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024


@contextlib.contextmanager
def serving(*command: str, cwd: Path = ROOT, **variables: str) -> Iterator[Server]:
    """Start a command that says one line of JSON with its `url` when it listens."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT), **variables}
    process = subprocess.Popen(list(command), cwd=cwd, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"{command} did not start"
        yield Server(process, json.loads(line)["url"])
    finally:
        process.terminate()
        process.wait(END_LIMIT_S)
        if process.stdout is not None:
            process.stdout.close()


def python(module: str, *arguments: str) -> list[str]:
    """A module of this checkout as a command."""
    return [sys.executable, "-m", module, *arguments]
