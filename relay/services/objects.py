"""Content-addressed files in one folder: an object's name is the SHA-256 of its bytes. No rows, no types.

Durable before named: written to a part file, fsynced, renamed, folder fsynced. Files without a row are strays of a
process that died between store and commit; they are swept at start, when no other process can be writing.
"""

import hashlib
import os
from collections.abc import Container, Iterator
from pathlib import Path


class Objects:
    """root: a folder of ours alone. Methods block on the disk. [worker]"""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> str:
        """Store bytes for good; returns their SHA-256. Storing twice is storing once."""
        name = hashlib.sha256(data).hexdigest()
        path = self.path(name)
        if path.exists():
            return name
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        for folder in (path.parent, self._root):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return name

    def path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256

    def read(self, sha256: str, start: int, end: int) -> bytes:
        """Bytes start <= i < end. Raises FileNotFoundError."""
        with self.path(sha256).open("rb") as file:
            file.seek(start)
            return file.read(end - start)

    def sweep(self, wanted: Container[str]) -> int:
        """Remove every file whose name is not wanted; returns how many."""
        strays = [path for path in self._files() if path.name not in wanted]
        for path in strays:
            path.unlink()
        return len(strays)

    def _files(self) -> Iterator[Path]:
        for folder in self._root.iterdir():
            yield from folder.iterdir()
