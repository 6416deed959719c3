"""Files that survive a power cut: written aside, synced, renamed, folder synced.

What is promised: when `write_durably` or `publish_folder` returns, content and name are on the disk as far as the
disk keeps fsync's word. After a failed fsync a file is never trusted again: it is removed and the error raised
(PostgreSQL learned in 2018 that a second fsync may report success for data that is gone).
"""

import contextlib
import errno
import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bridge.system import create_private, sync_folder
from daemon.errors import NoSpace

TMP_PREFIX = ".tmp-"
GONE_PREFIX = TMP_PREFIX + "gone-"
GONE = TMP_PREFIX + "gone"  # a folder that holds a file of this name is removed, whatever else it holds


def make_folder(folder: Path) -> bool:
    """Make a private folder, and its name durable, if it is missing; whether it was. Its parent must be there. [worker]"""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    sync_folder(folder.parent)
    return True


def _written(path: Path, parts: Iterable[bytes | bytearray | memoryview]) -> int:
    """Create `path` (never over an existing file) with `parts`; the open file, which is still to be synced."""
    fd = create_private(path)
    try:
        for part in parts:
            view = memoryview(part)
            while view:
                view = view[os.write(fd, view) :]
    except BaseException:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise
    return fd


def _write_new(path: Path, parts: Iterable[bytes | bytearray | memoryview]) -> None:
    fd = _written(path, parts)
    try:
        try:
            os.fsync(fd)
        finally:
            os.close(fd)  # before it is removed: an open file keeps its name on some systems
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_durably(path: Path, *parts: bytes | bytearray | memoryview) -> None:
    """Write or replace one file durably. Raises NoSpace, OSError. [worker]

    The name aside is this process's and thread's own: the worker of a daemon that was killed may still be writing the
    same file.
    """
    aside = path.with_name(f"{TMP_PREFIX}{os.getpid()}-{threading.get_native_id()}-{path.name}")
    try:
        aside.unlink(missing_ok=True)
        _write_new(aside, parts)
        try:
            os.replace(aside, path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise _named(error, path) from error


def publish_folder(folder: Path, files: Mapping[str, Iterable[bytes | memoryview]]) -> None:
    """Create `folder` holding `files`, all or nothing. Raises NoSpace, OSError, and what `files` raise. [worker]

    Written first and synced then, all at once: what the disk's journal commits for one it has done for the others.
    """
    aside = folder.with_name(TMP_PREFIX + folder.name)
    try:
        aside.mkdir(mode=0o700)
        with contextlib.ExitStack() as stack:
            open_files = []
            for name, parts in files.items():
                open_files.append(_written(aside / name, parts))
                stack.callback(os.close, open_files[-1])
            _synced_together(open_files, aside)
        os.rename(aside, folder)
        sync_folder(folder.parent)
    except BaseException as error:
        shutil.rmtree(aside, ignore_errors=True)
        if isinstance(error, OSError):
            raise _named(error, folder) from error
        raise


def _synced_together(files: Sequence[int], folder: Path) -> None:
    """Open files and the folder that names them. Raises OSError."""
    with ThreadPoolExecutor(len(files) + 1, thread_name_prefix="sync") as threads:
        synced = [threads.submit(os.fsync, fd) for fd in files]
        synced.append(threads.submit(sync_folder, folder))
    for each in synced:
        each.result()


def remove_folder(folder: Path) -> None:
    """Remove a folder so that a crash leaves it whole or gone, never a Take with half its files. Raises OSError. [worker]

    Windows renames no folder while a file in it is open: such a one is marked as gone, and emptied as far as it goes.
    The next sweep finds the mark.
    """
    aside = folder.with_name(GONE_PREFIX + folder.name)
    try:
        os.rename(folder, aside)
    except FileNotFoundError:
        return
    except PermissionError:
        _mark_gone(folder)
        _move_out(folder, aside)
    sync_folder(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _mark_gone(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        _write_new(folder / GONE, ())
    sync_folder(folder)


def _move_out(folder: Path, aside: Path) -> None:
    """A file's name is free once it lies elsewhere, also while it is read; what a stranger holds stays, with the mark."""
    aside.mkdir(mode=0o700, exist_ok=True)
    for each in folder.iterdir():
        if each.name != GONE:
            with contextlib.suppress(OSError):
                os.replace(each, aside / each.name)
    with contextlib.suppress(OSError):
        if [path.name for path in folder.iterdir()] == [GONE]:
            os.replace(folder / GONE, aside / GONE)
            folder.rmdir()


def is_gone(folder: Path) -> bool:
    """Whether it was removed, and somebody only holds a file of it. [worker]"""
    return (folder / GONE).exists()


def sweep(root: Path) -> list[str]:
    """Remove what a crash left half-written in `root` and its folders; the names removed. Run before serving. [worker]"""
    gone = [mark.parent for mark in sorted(root.glob(f"*/{GONE}"))]
    for folder in gone:
        remove_folder(folder)
    found = sorted([*root.glob(TMP_PREFIX + "*"), *root.glob("*/" + TMP_PREFIX + "*")])
    strays = [path for path in found if path.name != GONE]
    for stray in strays:
        shutil.rmtree(stray, ignore_errors=True) if stray.is_dir() else stray.unlink(missing_ok=True)
    return [p.name for p in (*gone, *strays)]


def _named(error: OSError, path: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(
            f"The disk is full: {path} could not be written.",
            "Free some space and keep again; the Ring still holds the sound.",
        )
    return error
