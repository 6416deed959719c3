"""Files that a command writes where a person says: all of them or none, never through a link, never over others' work."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from bridge.system import create_private, longest_name_bytes
from daemon.cli.source import shown
from daemon.errors import NoSpace, SidechainError, UsageError

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
LONGEST_NAME_BYTES = 255  # where a file system does not say


Content = bytes | Callable[[BinaryIO], None]
"""What stands in a file, or what writes it there when its turn comes: so that not all have to be in memory at once."""


def write_files(folder: Path, files: Mapping[str, Content], *, force: bool) -> None:
    """Write `files`, by name, into `folder`, which is made if missing.

    All are written aside and synced before the first gets its name. A name that is taken is refused without force, unless
    the same bytes stand there already; with force the name is given to the new file, and what a link led to stays as it is.
    Raises UsageError, NoSpace, SidechainError; then nothing of it is left behind.
    """
    made = not folder.exists()
    aside: dict[str, Path] = {}
    named: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            if _must_write(folder / name, data, force):
                aside[name] = folder / f".sidechain-{os.getpid()}-{len(aside)}.tmp"
                _write_new(aside[name], data)
        for name, path in aside.items():
            if _give_name(path, folder / name, force):
                named.append(folder / name)
    except BaseException as error:
        for path in [*aside.values(), *named]:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise _sentence(error, folder) from error
        raise


def require_names(folder: Path, names: Iterable[str], *, force: bool) -> None:
    """Refuse before a long work what write_files would refuse after it, of files whose content nobody knows yet. Raises UsageError."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise _no_folder(folder)
    for name in names:
        _must_write(folder / name, _unknown, force)


def longest_stem(stem: str, longest_ending: str, folder: Path) -> str:
    """As much of stem as leaves room for the ending in a name of that folder."""
    try:
        most_bytes = longest_name_bytes(folder if folder.exists() else folder.absolute().parent)
    except (OSError, ValueError):
        most_bytes = LONGEST_NAME_BYTES
    room_bytes = most_bytes - len(os.fsencode(longest_ending))
    return os.fsencode(stem)[:room_bytes].decode(errors="ignore")


def _unknown(_: BinaryIO) -> None:
    raise AssertionError("it is not known yet")


def _must_write(path: Path, data: Content, force: bool) -> bool:
    """Whether there is anything to write. Raises UsageError when the name is taken."""
    if not os.path.lexists(path):
        return True
    if path.is_dir() and not path.is_symlink():
        raise UsageError(f"{shown(path)} is a folder.", "Name another folder with --out.")
    is_same = (
        isinstance(data, bytes)
        and not path.is_symlink()
        and path.is_file()
        and path.stat().st_size == len(data)
        and path.read_bytes() == data
    )
    if is_same or force:
        return not is_same
    what = "is a link to another file" if path.is_symlink() else "exists"
    raise UsageError(
        f"{shown(path)} {what}.", "Name another folder with --out, or add --force to replace it."
    )


def _write_new(path: Path, data: Content) -> None:
    fd = create_private(path, mode=0o666)
    with os.fdopen(fd, "wb") as file:
        if isinstance(data, bytes):
            file.write(data)
        else:
            data(file)
        file.flush()
        os.fsync(fd)


def _give_name(aside: Path, path: Path, force: bool) -> bool:
    """Move the file to its name. Whether the name was free. Raises FileExistsError, if not forced."""
    if force and os.path.lexists(path):
        os.replace(aside, path)
        return False
    try:
        os.link(aside, path)  # unlike a rename, this never replaces what came there meanwhile
    except OSError as error:
        if error.errno not in _NO_LINKS or os.path.lexists(path):
            raise
        os.rename(aside, path)
        return True
    aside.unlink()
    return True


def _sentence(error: OSError, folder: Path) -> SidechainError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"The disk is full: {shown(folder)} could not be written.", "Free some space.")
    if isinstance(error, FileExistsError) and not folder.is_dir():
        return _no_folder(folder)
    if isinstance(error, FileExistsError):
        return UsageError(f"A file of that name came into {shown(folder)} meanwhile.", "Try again.")
    return SidechainError(f"{shown(folder)} cannot be written: {error.strerror}.", "Name another folder.")


def _no_folder(path: Path) -> UsageError:
    return UsageError(f"{shown(path)} is a file, not a folder.", "Name a folder with --out.")
