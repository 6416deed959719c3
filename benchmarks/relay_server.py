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
        """User and system time so far (proc(5), fields 14 and 15 of stat), of its children too."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

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
