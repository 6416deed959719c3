"""Room on a disk that is promised before it is used: what was announced and has not come counts as taken.

A promise is an empty file in a folder, `{upload_id}-{bytes}`, so all processes that share the disk know of it, and one
that was killed leaves it to the next. Nothing but names is written: it is quick, and needs no room itself. [any]
"""

import fcntl
import os
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path

from relay.engine.folders import FILE_MODE, FOLDER_MODE
from relay.engine.objects.door import NoRoom

ADMIT_FREE_BYTES = 256 << 20
"""Nobody is promised these: they are the database's, and of what is under way without a promise."""
WRITE_FREE_BYTES = 128 << 20
"""These nobody's bytes are written into, promised or not."""
_LOCK = "lock"


class Room:
    """free_bytes: asks the disk. What is promised and not yet written lowers what the next one may be promised; what is
    written, the disk counts. Methods raise OSError.
    """

    def __init__(
        self,
        folder: Path,
        free_bytes: Callable[[], int],
        admit_free_bytes: int = ADMIT_FREE_BYTES,
        write_free_bytes: int = WRITE_FREE_BYTES,
    ) -> None:
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self._folder = folder
        self.free_bytes = free_bytes
        self._admit_free_bytes = admit_free_bytes
        self._write_free_bytes = write_free_bytes

    def look(self) -> tuple[int, int, bool]:
        """Bytes that are free, how many of them are promised, and whether an upload of no size would be let in."""
        free, promised = self.free_bytes(), sum(self._promises().values())
        return free, promised, free - promised >= self._admit_free_bytes

    def reserve(self, key: str, size_bytes: int, *, admitted: bool = False) -> None:
        """Promise size_bytes to key, instead of what it was promised. Raises NoRoom, unless it was admitted before."""
        with self._alone():
            promises = self._promises()
            others = sum(promises.values()) - promises.get(key, 0)
            left = self.free_bytes() - others - self._admit_free_bytes
            if size_bytes > left and not admitted:
                raise NoRoom(
                    f"{size_bytes} bytes were announced, and {max(0, left)} are free and not promised."
                )
            self._set(key, promises.get(key), size_bytes)

    def landed(self, key: str, size_bytes: int) -> None:
        """So much of it is on the disk, which counts it from here on."""
        with self._alone():
            if (promised := self._promises().get(key)) is not None:
                self._set(key, promised, max(0, promised - size_bytes))

    def release(self, key: str) -> None:
        """Nothing more will come. No error where nothing is promised."""
        with self._alone():
            if (promised := self._promises().get(key)) is not None:
                self._path(key, promised).unlink()

    def forget(self, kept: Container[str], before_s: float) -> int:
        """Release what was promised before that time to whom is not kept: its process was killed. How many."""
        with self._alone():
            stale = [
                path
                for key, promised in self._promises().items()
                if key not in kept and (path := self._path(key, promised)).stat().st_mtime <= before_s
            ]
            for path in stale:
                path.unlink()
            return len(stale)

    def require(self, size_bytes: int) -> None:
        """Raises NoRoom where writing so many bytes would take what is kept for the database."""
        if (free := self.free_bytes()) - size_bytes < self._write_free_bytes:
            raise NoRoom(f"{free} bytes are free, {self._write_free_bytes} of them kept for the database.")

    def _promises(self) -> dict[str, int]:
        names = (name.partition("-") for name in os.listdir(self._folder) if name != _LOCK)
        return {key: int(promised) for key, _, promised in names}

    def _set(self, key: str, old_bytes: int | None, new_bytes: int) -> None:
        if old_bytes is not None:
            self._path(key, old_bytes).rename(self._path(key, new_bytes))
        else:
            os.close(os.open(self._path(key, new_bytes), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE))

    def _path(self, key: str, promised_bytes: int) -> Path:
        return self._folder / f"{key}-{promised_bytes}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
