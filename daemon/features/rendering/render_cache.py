"""What was made before, so that the same sound with the same settings is not made twice. Bounded, and worth nothing.

One file per result, named by what it is the result of: the samples, the settings, and the code and libraries that made
it. Each begins with the hash of the rest; a file that is not what it was is removed and counts as not there. Losing
the folder costs time only, so nothing is synced, and an error of the disk is a miss.
"""

import contextlib
import functools
import hashlib
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ENTRY_SHARE = 4  # a result larger than this part of the limit would drive out all others, and is not stored
_HASH_BYTES = 32
_PARTS = ("numpy", "lameenc", "soundfile", "soxr", "sidechain")


class Cache:
    """A folder of at most limit_bytes of results, the least recently used removed first. Several processes may use it at once. [worker]"""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def get(self, key: str) -> bytes | None:
        """What was put under this key, or None."""
        path = self._folder / key
        try:
            data = path.read_bytes()
            if hashlib.sha256(memoryview(data)[_HASH_BYTES:]).digest() == data[:_HASH_BYTES]:
                os.utime(path)  # used now: it goes last
                return data[_HASH_BYTES:]
            path.unlink(missing_ok=True)
        except OSError:
            pass
        return None

    def put(self, key: str, data: bytes) -> None:
        """Store it, and remove the oldest until all fit the limit."""
        if len(data) + _HASH_BYTES > self._limit_bytes // ENTRY_SHARE:
            return
        aside = self._folder / f".{os.getpid()}-{key}"
        try:
            for folder in (self._folder.parent, self._folder):  # a parent would be open to all
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(len(data) + _HASH_BYTES)
            with aside.open("xb") as file:
                file.write(hashlib.sha256(data).digest())
                file.write(data)
            aside.replace(self._folder / key)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)

    def _make_room(self, wanted_bytes: int) -> None:
        found = []
        for path in self._folder.iterdir():
            try:
                entry = path.stat()
            except FileNotFoundError:  # another process makes room too
                continue
            found.append((entry.st_mtime_ns, entry.st_size, path))
        total_bytes = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total_bytes + wanted_bytes <= self._limit_bytes:
                break
            path.unlink(missing_ok=True)
            total_bytes -= size


def content_key(samples: NDArray[np.float32], sample_rate_hz: int, settings: bytes) -> str:
    """The name of what is made of these samples with these settings by this code. [worker]

    samples: (frames, channels); hashed bit for bit, whatever file they came in.
    """
    digest = hashlib.sha256(recipe())
    digest.update(f"{sample_rate_hz} {samples.shape} {samples.dtype.str} {len(settings)}\n".encode())
    digest.update(settings)
    digest.update(np.ascontiguousarray(samples).data)
    return digest.hexdigest()


@functools.cache
def recipe() -> bytes:
    """Hash of the code and the versions of the libraries that a result depends on."""
    import audio

    sources = [*Path(audio.__path__[0]).rglob("*.py"), *Path(audio.__path__[0]).rglob("*.so")]
    sources += [Path(__file__).with_name(name) for name in ("pipeline.py", "render_cache.py")]
    digest = hashlib.sha256()
    for path in sorted(sources):
        if path.exists():  # a frozen build has no sources, and a version of its own
            digest.update(path.name.encode() + b"\n" + hashlib.sha256(path.read_bytes()).digest())
    for part in _PARTS:
        digest.update(f"{part} {_version(part)}\n".encode())
    return digest.digest()


def _version(part: str) -> str:
    try:
        return version(part)
    except PackageNotFoundError:
        return "unknown"
