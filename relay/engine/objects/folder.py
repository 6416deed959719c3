"""Objects in one folder of a disk. Durable before named: a file is written, synced, renamed, and its folder synced.

    {root}/{ab}/{sha256}                           objects; ab: the first two digits, 256 folders made at once
    {root}/incoming/{upload_id}/{offset}-{nonce}   parts of uploads
    {root}/writing/{token}                         what is being written; a crash leaves it, a sweep removes it
    {root}/promised/{upload_id}-{bytes}            room that was promised (room.py)
    {root}/sweep.lock                              flocked shared to store a name, alone to remove one

What threads do with single files is in disk.py.
"""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from relay.core.tus import Checksum
from relay.engine.folders import FILE_MODE, FOLDER_MODE, private_folder, sync_folder, sync_together
from relay.engine.objects.disk import (
    FileReader,
    copy_into,
    create,
    discard,
    disk_errors,
    in_thread,
    is_older,
    measure,
    pieces_of,
    remove_tree,
    status_of,
    write_all,
)
from relay.engine.objects.door import (
    PIECE_BYTES,
    STRAY_AGE_S,
    CountedBody,
    Health,
    ObjectDamaged,
    ObjectsUnavailable,
    Part,
    new_part,
    object_name,
    part_name,
    require_joined,
    upload_name,
)
from relay.engine.objects.room import ADMIT_FREE_BYTES, WRITE_FREE_BYTES, Room

TRY_AGAIN_S = 5.0
"""So often at most it is tried whether something can be stored, however often our health is asked for."""


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
        for folder in (self._incoming, self._writing, *(root / f"{number:02x}" for number in range(256))):
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self._room = Room(
            root / "promised", lambda: shutil.disk_usage(root).free, admit_free_bytes, write_free_bytes
        )
        sync_folder(root)
        self._tried_s = -TRY_AGAIN_S

    # objects ----------------------------------------------------------------------------------------------------------

    async def put(self, data: bytes, content_type: str = "application/octet-stream") -> str:
        return await in_thread(lambda: self._put(lambda: [data]))

    async def put_file(self, path: Path, content_type: str = "application/octet-stream") -> str:
        return await in_thread(lambda: self._put(lambda: pieces_of(path)))

    async def size(self, name: str) -> int:
        return await in_thread(lambda: status_of(self._path(name), name).st_size)

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(name)
        return await in_thread(lambda: FileReader(path, name, start, end))

    async def fetch(self, name: str, target: Path) -> None:
        path = self._path(name)
        digest = await in_thread(lambda: copy_into([(path, name, None)], target))
        if digest != name:
            raise ObjectDamaged(name)

    async def delete(self, name: str) -> None:
        path = self._path(name)
        await in_thread(lambda: path.unlink(missing_ok=True))

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
        with disk_errors():
            file = create(writing)
        try:
            try:
                async for block in _blocks(counted):
                    await in_thread(lambda: self._write(file, block))  # noqa: B023 (awaited before the next)
                part = new_part(upload_id, offset_bytes, counted.size_bytes)
                await in_thread(lambda: self._name_part(writing, file, part))
            finally:
                os.close(file)
        finally:
            discard(writing)
        with suppress(OSError):  # it is stored; that it is also promised still harms nobody
            self._room.landed(upload_id, part.size_bytes)
        return part

    async def join(self, parts: Sequence[Part], target: Path) -> str:
        require_joined(parts)
        sources = [(self._incoming / part_name(part.name), part.name, part.size_bytes) for part in parts]
        return await in_thread(lambda: copy_into(sources, target))

    async def delete_part(self, part: Part) -> None:
        path = self._incoming / part_name(part.name)
        await in_thread(lambda: path.unlink(missing_ok=True))

    async def delete_upload(self, upload_id: str) -> None:
        folder = self._incoming / upload_name(upload_id)
        await in_thread(lambda: remove_tree(folder))
        self.release(upload_id)

    def reserve(self, upload_id: str, size_bytes: int, *, admitted: bool = False) -> None:
        with disk_errors():
            self._room.reserve(upload_name(upload_id), size_bytes, admitted=admitted)

    def release(self, upload_id: str) -> None:
        with disk_errors():
            self._room.release(upload_id)

    # upkeep -----------------------------------------------------------------------------------------------------------

    async def sweep(
        self, wanted: Container[str], uploads: Container[str], older_than_s: float = STRAY_AGE_S
    ) -> int:
        return await in_thread(lambda: self._sweep(wanted, uploads, time.time() - older_than_s))

    async def signed_url(self, name: str, seconds: int) -> str | None:
        return None

    async def health(self) -> Health:
        try:
            free, reserved, ok = await in_thread(self._room.look)
            if (now_s := time.monotonic()) >= self._tried_s + TRY_AGAIN_S:
                await in_thread(self._try)
                self._tried_s = now_s
        except ObjectsUnavailable as error:
            return Health(ok=False, detail=str(error))
        detail = "Objects are kept in a folder." if ok else "The disk is too full for another upload."
        return Health(ok=ok, detail=detail, free_bytes=free, reserved_bytes=reserved)

    async def close(self) -> None:
        """Nothing is held open."""

    # in threads -------------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> Path:
        return self._root / object_name(name)[:2] / name

    def _put(self, pieces: Callable[[], Iterable[bytes]]) -> str:
        """pieces: the same each time. Most puts are new, so they cost one hash more than bytes that are there."""
        name, size_bytes = measure(pieces())
        path = self._path(name)
        if not self._renew(path):
            self._room.require(size_bytes)
            self._write_new(path, pieces())
        sync_folder(path.parent)  # also where it was there: whoever put it may not have come so far
        return name

    def _renew(self, path: Path) -> bool:
        """Whether it is there; then it is as young as if it were new."""
        with self._sweep_lock(fcntl.LOCK_SH):
            try:
                os.utime(path)
            except FileNotFoundError:
                return False
            return True

    def _write_new(self, path: Path, pieces: Iterable[bytes]) -> None:
        writing = self._writing / secrets.token_hex(16)
        file = create(writing)
        try:
            try:
                for piece in pieces:
                    write_all(file, piece)
                os.fsync(file)
            finally:
                os.close(file)
            with self._sweep_lock(fcntl.LOCK_SH):
                writing.rename(path)  # over equal bytes, if another one was quicker
        finally:
            discard(writing)

    def _try(self) -> None:
        """A disk may have room and fail every write."""
        writing = self._writing / secrets.token_hex(16)
        file = create(writing)
        try:
            write_all(file, b"x")
            os.fsync(file)
        finally:
            os.close(file)
            discard(writing)

    def _write(self, file: int, block: bytes) -> None:
        self._room.require(len(block))
        write_all(file, block)

    def _name_part(self, writing: Path, file: int, part: Part) -> None:
        """Named before it is durable: no row speaks of it yet, so nobody takes it for whole."""
        path = self._incoming / part.name
        path.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        writing.rename(path)
        try:
            sync_together([file], [path.parent, self._incoming])
        except OSError:
            discard(path)
            raise

    def _sweep(self, wanted: Container[str], uploads: Container[str], before_s: float) -> int:
        strays = [path for path in self._objects() if path.name not in wanted]
        removed = sum(self._remove_stray(path, before_s) for path in [*strays, *self._writing.iterdir()])
        for folder in self._incoming.iterdir():
            if folder.name not in uploads and is_older(folder, before_s):
                remove_tree(folder)
                removed += 1
        return removed + self._room.forget(uploads, before_s)

    def _objects(self) -> Iterator[Path]:
        for folder in self._root.iterdir():
            if len(folder.name) == 2:
                yield from folder.iterdir()

    def _remove_stray(self, path: Path, before_s: float) -> bool:
        """Looked at once more while nobody can name one, so that an object that was put again stays."""
        with self._sweep_lock(fcntl.LOCK_EX):
            stray = is_older(path, before_s)
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
