"""A line to the daemon's control pipe, for who waits (Windows; tried under Wine). Spent when the daemon goes."""

import sys

assert sys.platform == "win32"

import _winapi
import contextlib
import time
from collections import deque
from pathlib import Path

from bridge import system, zmtp
from bridge.errors import DaemonNotRunning
from plugin_protocol.codec import CONTROL_LIMITS

READ_BYTES = 1 << 16
_WAIT_FOREVER = _winapi.INFINITE


class Line:
    """One connection. [any, one thread at a time] Raises DaemonNotRunning, here and later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._incoming = zmtp.Incoming(CONTROL_LIMITS.message_bytes)
        self._waiting: deque[bytes] = deque()
        self._reading: _winapi.Overlapped | None = None
        try:
            self._pipe = system.open_own_pipe(path)
        except OSError:
            raise DaemonNotRunning(path) from None
        self._write(zmtp.opening("DEALER"))

    def send(self, data: bytes) -> None:
        """One message."""
        self._write(zmtp.message(data))

    def poll(self, milliseconds: int) -> bool:
        """Whether a message has come, or comes in that time."""
        deadline_s = time.monotonic() + milliseconds / 1000
        while not self._waiting:
            left_ms = max(0, round((deadline_s - time.monotonic()) * 1000))
            if not self._read(left_ms):
                return False
        return True

    def receive(self) -> bytes:
        """The next message."""
        while not self._waiting:
            self._read(_WAIT_FOREVER)
        return self._waiting.popleft()

    def close(self) -> None:
        """Leave, once."""
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(OSError):
                self._reading.GetOverlappedResult(True)
            self._reading = None
        _winapi.CloseHandle(self._pipe)

    def _write(self, data: bytes) -> None:
        try:
            writing, _ = _winapi.WriteFile(self._pipe, data, overlapped=True)
            writing.GetOverlappedResult(True)
        except OSError:
            raise DaemonNotRunning(self._path) from None

    def _read(self, limit_ms: int) -> bool:
        """Take in what has come; False: nothing did in that time."""
        try:
            if self._reading is None:
                self._reading, _ = _winapi.ReadFile(self._pipe, READ_BYTES, overlapped=True)
            done = _winapi.WaitForMultipleObjects([self._reading.event], False, limit_ms)
            if done == _winapi.WAIT_TIMEOUT:
                return False
            reading, self._reading = self._reading, None
            size, _ = reading.GetOverlappedResult(True)
            data = reading.getbuffer()
            self._waiting.extend(self._incoming.feed(data[:size] if data else b""))
        except (OSError, zmtp.ZmtpError):
            raise DaemonNotRunning(self._path) from None
        return True
