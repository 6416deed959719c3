"""The lock that makes a daemon the only one in a folder: taken before anything is touched there, held for life.

One for the run folder, as binding protects nothing: a second `bind()` of ZeroMQ on a live ipc path succeeds and silently
takes the path over. One for the data folder, which a daemon with another run folder would share. The kernel drops a flock with its process, so no crash leaves it behind; the file itself stays.
"""

import contextlib
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bridge import system
from bridge.errors import AlreadyRunning, RunDirRefused
from bridge.paths import CONTROL_SOCKET, LOCK_FILE, PLUGIN_SOCKET

ORPHAN_LIMIT_S = 10.0
ORPHAN_LOOK_S = 0.01


class FolderLock:
    """The right to be the only one who writes in a folder. Make it with `acquire`; closing the process releases it."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def acquire(cls, folder: Path) -> Self:
        """Take the lock at once or raise AlreadyRunning(pid) without having changed anything. Raises RunDirRefused."""
        path = folder / LOCK_FILE
        try:
            fd = system.open_private(path)
        except OSError as error:
            raise RunDirRefused(folder, f"has no usable {LOCK_FILE}: {error.strerror}") from error
        try:
            _lock(fd)
        except OSError as error:
            pid = _pid_in(fd)
            os.close(fd)
            if not isinstance(error, BlockingIOError):
                raise RunDirRefused(folder, f"cannot be locked: {error.strerror}") from error
            raise AlreadyRunning(pid) from None
        system.keep_private(fd)
        os.ftruncate(fd, 0)
        system.write_at(fd, b"%d\n" % os.getpid(), 0)
        return cls(fd)

    def keep(self, folder: Path) -> bool:
        """Lock anew when the lock's file was removed from `folder`, where the next daemon would find nobody. Whether it was.

        Raises AlreadyRunning when that daemon has come, RunDirRefused.
        """
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if os.path.samestat(os.fstat(self._fd), (folder / LOCK_FILE).lstat()):
                return False
        anew = self.acquire(folder)
        os.close(self._fd)
        self._fd = anew._fd
        return True

    def release(self) -> None:
        """Let the next daemon in. Close every socket first, for ZeroMQ unlinks their paths when it closes them."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class RunLock(FolderLock):
    """The right to serve a run directory."""

    @classmethod
    def acquire(cls, folder: Path) -> Self:
        """As above; only the winner removes sockets that a killed daemon left. `folder` must be prepared."""
        lock = super().acquire(folder)
        for stale in (PLUGIN_SOCKET, CONTROL_SOCKET):
            with contextlib.suppress(FileNotFoundError):
                (folder / stale).unlink()
        return lock


def holder_of(folder: Path) -> int | None:
    """The process that serves this folder now; None: nobody does. [any]"""
    try:
        fd = system.open_to_read(folder / LOCK_FILE)
    except OSError:
        return None
    try:
        pid = _pid_in(fd)
        return pid if pid is not None and system.process_lives(pid) and system.is_locked(fd) else None
    finally:
        os.close(fd)


def _lock(fd: int) -> None:
    """Raises BlockingIOError while somebody who lives holds it, OSError.

    A process that was killed while it started a child leaves its lock with that child until the child's exec.
    """
    deadline_s = time.monotonic() + ORPHAN_LIMIT_S
    while True:
        try:
            return system.lock(fd)
        except BlockingIOError:
            pid = _pid_in(fd)  # None: whoever took it has not written its number yet, and lives
            if pid is None or system.process_lives(pid) or time.monotonic() > deadline_s:
                raise
            time.sleep(ORPHAN_LOOK_S)


def _pid_in(fd: int) -> int | None:
    text = system.read_at(fd, 20, 0).strip()
    return int(text) if text.isdigit() else None
