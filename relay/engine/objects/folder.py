"""Objects in one folder of a disk. Durable before named: a part file, synced, renamed, its folder synced.

{root}/{ab}/{sha256}                        objects; ab: the first two digits
{root}/incoming/{upload_id}/{offset}-{nonce}   parts of uploads
{root}/writing/{token}                      what is being written; a crash leaves it, a sweep removes it
{root}/sweep.lock                           flocked shared to store a name, alone to remove one
"""

import asyncio
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from relay.core.tus import Checksum
from relay.engine.folders import FILE_MODE, FOLDER_MODE, private_folder, sync_folder
from relay.engine.objects.door import (
    PIECE_BYTES,
    STRAY_AGE_S,
    CountedBody,
    Health,
    NoRoom,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
    Part,
    new_part,
    object_name,
    part_name,
    require_joined,
    upload_name,
)
from relay.engine.objects.room import ADMIT_FREE_BYTES, WRITE_FREE_BYTES, Room

T = TypeVar("T")

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FolderObjects:
    """root: a folder of ours alone, made if absent and closed to others if open. Raises FolderOpen, OSError. [loop]"""

    def __init__(
        self,
        root: Path,
        admit_free_bytes: int = ADMIT_FREE_BYTES,
        write_free_bytes: int = WRITE_FREE_BYTES,
    ) -> None:
        self._root = private_folder(root)
        self._incoming = root / "incoming"
        self._writing = root / "writing"
        for folder in (self._incoming, self._writing):
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync_folder(root)
        self._room = Room(lambda: shutil.disk_usage(root).free, admit_free_bytes, write_free_bytes)

    # objects ----------------------------------------------------------------------------------------------------------

    async def put(self, data: bytes, content_type: str = "application/octet-stream") -> str:
        return await _in_thread(lambda: self._put([data], len(data)))

    async def put_file(self, path: Path, content_type: str = "application/octet-stream") -> str:
        return await _in_thread(lambda: self._put(_pieces_of(path), path.stat().st_size))

    async def size(self, name: str) -> int:
        return await _in_thread(lambda: _stat(self._path(name), name).st_size)

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(name)
        return await _in_thread(lambda: _FileReader(path, name, start, end))

    async def fetch(self, name: str, target: Path) -> None:
        path = self._path(name)
        digest = await _in_thread(lambda: _copy([(path, name, None)], target))
        if digest != name:
            raise ObjectDamaged(name)

    async def delete(self, name: str) -> None:
        path = self._path(name)
        await _in_thread(lambda: path.unlink(missing_ok=True))

    # parts of uploads -------------------------------------------------------------------------------------------------

    async def put_part(
        self,
        upload_id: str,
        offset_bytes: int,
        body: AsyncIterator[bytes],
        limit_bytes: int,
        checksum: Checksum | None = None,
    ) -> Part:
        counted = CountedBody(body, limit_bytes, checksum)
        writing = self._writing / secrets.token_hex(16)
        with _disk():
            file = _create(writing)
        try:
            try:
                async for block in _blocks(counted):
                    await _in_thread(lambda: self._write(file, block))  # noqa: B023 (awaited before the next)
                await _in_thread(lambda: os.fsync(file))
            finally:
                os.close(file)
            part = new_part(upload_id, offset_bytes, counted.size_bytes)
            await _in_thread(lambda: self._name_part(writing, part))
        except BaseException:
            writing.unlink(missing_ok=True)
            raise
        self._room.landed(upload_id, part.size_bytes)
        return part

    async def join(self, parts: Sequence[Part], target: Path) -> str:
        require_joined(parts)
        sources = [(self._incoming / part_name(part.name), part.name, part.size_bytes) for part in parts]
        return await _in_thread(lambda: _copy(sources, target))

    async def delete_part(self, part: Part) -> None:
        path = self._incoming / part_name(part.name)
        await _in_thread(lambda: path.unlink(missing_ok=True))

    async def delete_upload(self, upload_id: str) -> None:
        folder = self._incoming / upload_name(upload_id)
        await _in_thread(lambda: _remove_tree(folder))
        self.release(upload_id)

    def reserve(self, upload_id: str, size_bytes: int, *, admitted: bool = False) -> None:
        self._room.reserve(upload_name(upload_id), size_bytes, admitted=admitted)

    def release(self, upload_id: str) -> None:
        self._room.release(upload_id)

    # upkeep -----------------------------------------------------------------------------------------------------------

    async def sweep(
        self, wanted: Container[str], uploads: Container[str], older_than_s: float = STRAY_AGE_S
    ) -> int:
        return await _in_thread(lambda: self._sweep(wanted, uploads, time.time() - older_than_s))

    async def signed_url(self, name: str, seconds: int) -> str | None:
        return None

    async def health(self) -> Health:
        try:
            free = await _in_thread(self._room.free_bytes)
        except ObjectsUnavailable as error:
            return Health(ok=False, detail=str(error))
        ok = self._room.admits(free)
        detail = "Objects are kept in a folder." if ok else "The disk is too full for another upload."
        return Health(ok=ok, detail=detail, free_bytes=free, reserved_bytes=self._room.reserved_bytes)

    async def close(self) -> None:
        """Nothing is held open."""

    # in threads -------------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> Path:
        return self._root / object_name(name)[:2] / name

    def _put(self, pieces: Iterable[bytes], size_bytes: int) -> str:
        self._room.require(size_bytes)
        writing = self._writing / secrets.token_hex(16)
        digest = hashlib.sha256()
        file = _create(writing)
        try:
            try:
                for piece in pieces:
                    digest.update(piece)
                    _write_all(file, piece)
                os.fsync(file)
            finally:
                os.close(file)
            name = digest.hexdigest()
            self._name_object(writing, self._path(name))
        finally:
            writing.unlink(missing_ok=True)
        return name

    def _name_object(self, writing: Path, path: Path) -> None:
        """Whoever put equal bytes before has renamed the same bytes: they are kept, and are as young as ours."""
        path.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        with self._sweep_lock(fcntl.LOCK_SH):
            if path.exists():
                os.utime(path)
            else:
                writing.rename(path)
        sync_folder(path.parent)  # also where it was there: the other one may not have come so far
        sync_folder(self._root)

    def _write(self, file: int, block: bytes) -> None:
        self._room.require(len(block))
        _write_all(file, block)

    def _name_part(self, writing: Path, part: Part) -> None:
        path = self._incoming / part.name
        path.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        writing.rename(path)
        sync_folder(path.parent)
        sync_folder(self._incoming)

    def _sweep(self, wanted: Container[str], uploads: Container[str], before_s: float) -> int:
        strays = [path for path in self._objects() if path.name not in wanted]
        removed = sum(self._remove_stray(path, before_s) for path in [*strays, *self._writing.iterdir()])
        for folder in self._incoming.iterdir():
            if folder.name not in uploads and _is_older(folder, before_s):
                _remove_tree(folder)
                removed += 1
        return removed

    def _objects(self) -> Iterator[Path]:
        for folder in self._root.iterdir():
            if len(folder.name) == 2:
                yield from folder.iterdir()

    def _remove_stray(self, path: Path, before_s: float) -> bool:
        """Looked at once more while nobody can name one, so that an object that was put again stays."""
        with self._sweep_lock(fcntl.LOCK_EX):
            stray = _is_older(path, before_s)
            if stray:
                path.unlink(missing_ok=True)
            return stray

    @contextmanager
    def _sweep_lock(self, kind: int) -> Iterator[None]:
        file = os.open(self._root / "sweep.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(file, kind)
            yield
        finally:
            os.close(file)


class _FileReader:
    """An open file, read piece by piece in threads; closed at its end, by `aclose`, or when nobody has it any more."""

    def __init__(self, path: Path, name: str, start: int, end: int | None) -> None:
        self._file = -1
        size = _stat(path, name).st_size
        self._name = name
        self._at = start
        self._end = size if end is None else min(end, size)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __aiter__(self) -> "_FileReader":
        return self

    async def __anext__(self) -> bytes:
        wanted = min(PIECE_BYTES, self._end - self._at)
        if wanted <= 0 or self._file < 0:
            await self.aclose()
            raise StopAsyncIteration
        piece = await _in_thread(lambda: os.pread(self._file, wanted, self._at))
        if not piece:
            raise ObjectsUnavailable(f"object {self._name} ends at {self._at}, before {self._end}")
        self._at += len(piece)
        return piece

    async def aclose(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)


async def _in_thread(work: Callable[[], T]) -> T:
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
    with _disk():
        return running.result()


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except FileExistsError:  # of a target: the caller's mistake
        raise
    except OSError as error:
        kind = NoRoom if error.errno in _FULL else ObjectsUnavailable
        raise kind(f"The disk of objects failed: {error.strerror} ({error.filename}).") from error


def _stat(path: Path, name: str) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        raise ObjectMissing(name) from None


def _is_older(path: Path, before_s: float) -> bool:
    try:
        return path.stat().st_mtime <= before_s
    except FileNotFoundError:
        return False


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)


def _write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


async def _blocks(body: CountedBody) -> AsyncIterator[bytes]:
    """The same bytes in blocks that are worth a thread."""
    block = bytearray()
    async for piece in body:
        block += piece
        if len(block) >= PIECE_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _copy(sources: Sequence[tuple[Path, str, int | None]], target: Path) -> str:
    """Copy (path, name, size if known) one behind the other into a new file; the SHA-256 of all. A copy, not a link:
    whatever is done to target, what we keep stays as it is."""
    digest = hashlib.sha256()
    file = _create(target)
    try:
        for path, name, size_bytes in sources:
            found = _stat(path, name).st_size
            if size_bytes is not None and found != size_bytes:
                raise ObjectDamaged(name)
            for piece in _pieces_of(path):
                digest.update(piece)
                _write_all(file, piece)
    finally:
        os.close(file)
    return digest.hexdigest()


def _remove_tree(folder: Path) -> None:
    shutil.rmtree(folder, onerror=_unless_absent)


def _unless_absent(_function: object, _path: str, error: tuple[type, BaseException, object]) -> None:
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]
