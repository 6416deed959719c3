"""Folders of ours alone on a disk: nobody else reads them, and what was said to lie in them survives a power cut."""

import os
import stat
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FolderOpen(Exception):
    """A folder that others may enter, and that we may not close to them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path} is open to other users and belongs to one of them. Give the relay a folder of its own."


def private_folder(path: Path) -> Path:
    """Make path a folder that only we may enter, which a power cut leaves; one that was open to others is closed to them.

    Raises FolderOpen where we may not, and OSError. [worker]
    """
    for folder in reversed([each for each in (path, *path.parents) if not each.exists()]):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync_folder(folder.parent)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        try:
            path.chmod(mode & ~_OTHERS)
        except PermissionError:
            raise FolderOpen(path) from None
    return path


def sync_folder(path: Path) -> None:
    """Names in it survive a power cut from here on. [worker]"""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
