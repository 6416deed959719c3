"""Folders of ours alone on a disk: nobody else reads them, and what was said to lie in them survives a power cut."""

import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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
    sync_together([], [path])


def sync_together(files: Sequence[int], folders: Sequence[Path]) -> None:
    """Files that are open, and names in folders, survive a power cut from here on. [worker]

    Each by a thread of its own: a journalled disk takes them in one commit, which is what they cost.
    """
    with ExitStack() as stack:
        handles = list(files)
        for folder in folders:
            handles.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            stack.callback(os.close, handles[-1])
        if len(handles) == 1:
            os.fsync(handles[0])
            return
        pool = stack.enter_context(ThreadPoolExecutor(len(handles), "sync"))
        for _ in pool.map(os.fsync, handles):
            pass  # the first that failed is raised here
