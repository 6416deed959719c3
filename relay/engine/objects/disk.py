"""Files of an object folder, as threads work on them and as the loop waits for it."""

import asyncio
import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from relay.engine.folders import FILE_MODE
from relay.engine.objects.door import (
    PIECE_BYTES,
    READ_BYTES,
    NoRoom,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
)

T = TypeVar("T")

log = logging.getLogger("relay")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FileReader:
    """An open file, read piece by piece in threads, the first one by the thread that opens it; closed at its end, by
    `aclose`, or when nobody has it any more."""

    def __init__(self, path: Path, name: str, start: int, end: int | None) -> None:
        self._file = -1
        size = status_of(path, name).st_size
        self._name = name
        self._at = start
        self._end = size if end is None else min(end, size)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._first = self._next_piece()

    def __aiter__(self) -> "FileReader":
        return self

    async def __anext__(self) -> bytes:
        piece, self._first = self._first, b""
        if not piece and self._at < self._end and self._file >= 0:
            try:
                piece = await in_thread(self._next_piece)
            except ObjectsUnavailable:
                await self.aclose()
                raise
        if not piece:
            await self.aclose()
            raise StopAsyncIteration
        return piece

    def _next_piece(self) -> bytes:
        wanted = max(0, min(READ_BYTES, self._end - self._at))
        piece = os.pread(self._file, wanted, self._at)
        if wanted and not piece:
            raise ObjectsUnavailable(
                "An object ends early.", f"{self._name} ends at {self._at}, before {self._end}"
            )
        self._at += len(piece)
        return piece

    async def aclose(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)


async def in_thread(work: Callable[[], T]) -> T:
    """Run work in a thread, to its end even if we are cancelled: what it uses is not taken from under it.

    Raises NoRoom and ObjectsUnavailable for errors of the disk.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled = False
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        running.exception()  # looked at, so that asyncio does not complain
        raise asyncio.CancelledError
    with disk_errors():
        return running.result()


@contextmanager
def disk_errors() -> Iterator[None]:
    try:
        yield
    except FileExistsError:  # of a target: the caller's mistake
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise NoRoom("The disk of audio is full.", str(error)) from error
        log.warning("the disk of objects failed: %s", error)
        raise ObjectsUnavailable("The disk of audio does not work at the moment.", str(error)) from error


def discard(writing: Path) -> None:
    """If it was not renamed. What a sick disk does not remove, a sweep removes."""
    with suppress(OSError):
        writing.unlink()


def measure(pieces: Iterable[bytes]) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    for piece in pieces:
        digest.update(piece)
        size_bytes += len(piece)
    return digest.hexdigest(), size_bytes


def status_of(path: Path, name: str) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        raise ObjectMissing(name) from None


def is_older(path: Path, before_s: float) -> bool:
    try:
        return path.stat().st_mtime <= before_s
    except FileNotFoundError:
        return False


def create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)


def write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def copy_into(sources: Sequence[tuple[Path, str, int | None]], target: Path) -> str:
    """Copy (path, name, size if known) one behind the other into a new file; the SHA-256 of all. A copy, not a link:
    whatever is done to target, what we keep stays as it is."""
    digest = hashlib.sha256()
    file = create(target)
    try:
        for path, name, size_bytes in sources:
            found = status_of(path, name).st_size
            if size_bytes is not None and found != size_bytes:
                raise ObjectDamaged(name)
            for piece in pieces_of(path):
                digest.update(piece)
                write_all(file, piece)
    finally:
        os.close(file)
    return digest.hexdigest()


def remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, onerror=_unless_absent)


def _unless_absent(_function: object, _path: str, error: tuple[type, BaseException, object]) -> None:
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]
