"""A disk that keeps its word and no more: at a power cut, what was not fsynced is gone, names of files included.

A program: `python losing_disk.py MOUNTPOINT IMAGE` serves a file system from memory (FUSE). It obeys lines on its stdin:
"cut" saves to IMAGE only what was synced, and ends; "full", "sick" and "well" are what they say. Started again with that image it is the disk after the power came back. A file's
bytes are durable after fsync of the file, its name after fsync of the folder: POSIX promises no more (fsync(2)), though
some file systems give more.
"""

import contextlib
import errno
import os
import pickle
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mfusepy as fuse

FREE_BLOCKS = 1 << 24


class Node:
    """A file or a folder, as it is and as it is on the platter."""

    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.data = bytearray()
        self.entries: dict[str, Node] = {}
        self.synced = b""
        self.synced_entries: dict[str, Node] = {}
        self.mtime_ns = time.time_ns()

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    def survived(self) -> tuple[int, Any]:
        """What a power cut leaves."""
        if self.is_folder:
            return self.mode, {name: node.survived() for name, node in self.synced_entries.items()}
        return self.mode, self.synced


def restored(image: tuple[int, Any]) -> Node:
    mode, content = image
    node = Node(mode)
    if node.is_folder:
        node.entries = {name: restored(child) for name, child in content.items()}
        node.synced_entries = dict(node.entries)
    else:
        node.data, node.synced = bytearray(content), content
    return node


class LosingDisk(fuse.Operations):  # type: ignore[misc]
    """One thread at a time (`nothreads`)."""

    use_ns = True

    def __init__(self, root: Node) -> None:
        self.root = root
        self.trouble = 0  # what every write meets: an errno, or 0
        self.power = (
            threading.Lock()
        )  # held where something becomes durable: the cut comes before it or after
        self.dead = False
        self._open: dict[int, Node] = {}
        self._next = 0

    def _node(self, path: str) -> Node:
        node = self.root
        for part in Path(path).parts[1:]:
            if part not in node.entries:
                raise fuse.FuseOSError(errno.ENOENT)
            node = node.entries[part]
        return node

    def _need_health(self) -> None:
        if self.trouble:
            raise fuse.FuseOSError(self.trouble)

    def _parent(self, path: str) -> tuple[Node, str]:
        return self._node(str(Path(path).parent)), Path(path).name

    def _opened(self, node: Node) -> int:
        self._next += 1
        self._open[self._next] = node
        return self._next

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        node = self._open[fh] if fh in self._open else self._node(path)
        size = len(node.data)
        times = {f"st_{k}time": node.mtime_ns for k in "acm"}
        return times | {
            "st_mode": node.mode,
            "st_size": size,
            "st_nlink": 2 if node.is_folder else 1,
            "st_uid": os.geteuid(),
            "st_gid": os.getegid(),
            "st_blocks": (size + 511) // 512,
        }

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *self._node(path).entries]

    def mkdir(self, path: str, mode: int) -> None:
        self._need_health()
        parent, name = self._parent(path)
        if name in parent.entries:
            raise fuse.FuseOSError(errno.EEXIST)
        parent.entries[name] = Node(stat.S_IFDIR | mode)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        self._need_health()
        parent, name = self._parent(path)
        parent.entries[name] = Node(stat.S_IFREG | stat.S_IMODE(mode))
        return self._opened(parent.entries[name])

    def open(self, path: str, flags: int) -> int:
        return self._opened(self._node(path))

    def release(self, path: str, fh: int) -> None:
        self._open.pop(fh, None)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._open[fh].data[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._need_health()
        node = self._open[fh]
        if len(node.data) < offset:
            node.data.extend(bytes(offset - len(node.data)))
        node.data[offset : offset + len(data)] = data
        node.mtime_ns = time.time_ns()
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        node = self._open[fh] if fh in self._open else self._node(path)
        del node.data[length:]
        node.data.extend(bytes(length - len(node.data)))

    def rename(self, old: str, new: str) -> None:
        parent, name = self._parent(old)
        into, other = self._parent(new)
        into.entries[other] = parent.entries.pop(name)

    def unlink(self, path: str) -> None:
        parent, name = self._parent(path)
        del parent.entries[name]

    rmdir = unlink

    def chmod(self, path: str, mode: int) -> None:
        node = self._node(path)
        node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)

    def utimens(self, path: str, times: Any = None) -> None:
        pass

    def fsync(self, path: str, datasync: int, fh: int) -> None:
        if self.trouble == errno.EIO:
            raise fuse.FuseOSError(errno.EIO)
        with self._powered():
            self._open[fh].synced = bytes(self._open[fh].data)

    def fsyncdir(self, path: str, datasync: int, fh: int) -> None:
        node = self._node(path)
        with self._powered():
            node.synced_entries = dict(node.entries)

    @contextlib.contextmanager
    def _powered(self) -> Iterator[None]:
        """Nothing is promised after the cut, though the program still runs while it writes the image."""
        with self.power:
            if self.dead:
                raise fuse.FuseOSError(errno.EIO)
            yield

    def statfs(self, path: str) -> dict[str, int]:
        free = 0 if self.trouble == errno.ENOSPC else FREE_BLOCKS
        return {
            "f_bsize": 4096,
            "f_frsize": 4096,
            "f_blocks": FREE_BLOCKS,
            "f_bavail": free,
            "f_bfree": free,
        }


def main(mountpoint: str, image: Path) -> None:
    root = restored(pickle.loads(image.read_bytes())) if image.exists() else Node(stat.S_IFDIR | 0o700)

    disk = LosingDisk(root)

    def obey() -> None:
        for line in sys.stdin:
            if line == "cut\n":
                break
            disk.trouble = {"full\n": errno.ENOSPC, "sick\n": errno.EIO, "well\n": 0}[line]
        with disk.power:
            disk.dead = True
        image.write_bytes(pickle.dumps(root.survived()))
        os._exit(0)

    threading.Thread(target=obey, daemon=True).start()
    with contextlib.suppress(RuntimeError):
        fuse.FUSE(disk, mountpoint, foreground=True, nothreads=True, hard_remove=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
