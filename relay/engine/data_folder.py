"""The folder of a relay: ours alone. Where the database lies in it, one process at a time works there; where the database
is a server, any number do, each in a work folder of its own.
"""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from relay.engine.folders import private_folder


class DataInUse(Exception):
    """data: a folder another relay works in."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.data = data

    def __str__(self) -> str:
        return f"Another relay works in {self.data}. Stop it, or give --data another folder."


class DataFolder:
    """path: of the relay's data. work: for what is under way, of this process alone; it goes with `close`."""

    def __init__(self, path: Path, work: Path, locks: list[int]) -> None:
        self.path = path
        self.work = work
        self._locks = locks

    @classmethod
    def open(cls, path: Path, *, alone: bool) -> "DataFolder":
        """Make it, close it to others, and take a work folder in it. alone: as the only process; refused otherwise.

        Raises DataInUse, FolderOpen, OSError.
        """
        os.umask(0o077)  # whatever this process makes is its own alone
        private_folder(path)
        locks = [_lock(path / "relay.lock")] if alone else []
        if None in locks:
            raise DataInUse(path)
        work, lock = _take_work_folder(private_folder(path / "scratch"))
        return cls(path, work, [each for each in (*locks, lock) if each is not None])

    def close(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)
        for lock in self._locks:
            os.close(lock)


def _take_work_folder(scratch: Path) -> tuple[Path, int | None]:
    """A new folder in scratch that is locked while we live. Those of the dead are removed: nobody holds their lock."""
    guard = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)  # nobody tidies between our making a folder and locking it
        for left in scratch.iterdir():
            if (lock := _lock(left)) is not None:
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
                os.close(lock)
        work = Path(tempfile.mkdtemp(prefix="work-", dir=scratch))
        return work, _lock(work)
    finally:
        os.close(guard)


def _lock(path: Path) -> int | None:
    """A handle that has the lock of path, a folder or a file that is made; None while somebody else has it."""
    flags = os.O_RDONLY | os.O_DIRECTORY if path.is_dir() else os.O_RDWR | os.O_CREAT
    lock = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
