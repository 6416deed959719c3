"""The folder of a relay: ours alone, and of one process at a time where the database lies in it."""

import fcntl
import os
import shutil
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
    """path: of the relay's data, locked until `close`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> "DataFolder":
        """Make it, close it to others, and lock it. Raises DataInUse, FolderOpen, OSError."""
        os.umask(0o077)  # whatever this process makes is its own alone
        private_folder(path)
        lock = os.open(path / "relay.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise DataInUse(path) from None
        return cls(path, lock)

    def scratch(self) -> Path:
        """For work under way. What a process left that died goes away: nobody else works in this folder."""
        folder = self.path / "scratch"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        os.close(self._lock)
