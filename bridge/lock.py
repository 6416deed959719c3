"""The lock that makes a daemon the only one: taken before any socket is bound, held for life.

It exists because binding protects nothing: a second `bind()` of ZeroMQ on a live ipc path succeeds and silently
takes the path over. The kernel drops a flock with its process, so no crash leaves it behind; the file itself stays.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType

from bridge.errors import AlreadyRunning, RunDirRefused
from bridge.paths import CONTROL_SOCKET, LOCK_FILE, PLUGIN_SOCKET


class RunLock:
    """The right to serve a run directory. Make it with `acquire`; closing the process releases it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def acquire(cls, run_dir: Path) -> "RunLock":
        """Take the lock at once or raise AlreadyRunning(pid) without having changed anything.

        Only the winner removes sockets that a killed daemon left. `run_dir` must be prepared.
        """
        path = run_dir / LOCK_FILE
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RunDirRefused(run_dir, f"has no usable {LOCK_FILE}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = _pid_in(fd)
            os.close(fd)
            if not isinstance(error, BlockingIOError):
                raise RunDirRefused(run_dir, f"cannot be locked: {error.strerror}") from error
            raise AlreadyRunning(pid) from None
        os.fchmod(fd, 0o600)
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        for stale in (PLUGIN_SOCKET, CONTROL_SOCKET):
            with contextlib.suppress(FileNotFoundError):
                (run_dir / stale).unlink()
        return cls(fd)

    def release(self) -> None:
        """Let the next daemon in. Close every socket first, for ZeroMQ unlinks their paths when it closes them."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> "RunLock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _pid_in(fd: int) -> int | None:
    text = os.pread(fd, 20, 0).strip()
    return int(text) if text.isdigit() else None
