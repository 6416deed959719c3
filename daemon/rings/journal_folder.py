"""The journal's folder as who reads it sees it: which files belong to a Ring, and which chunks are in them."""

import threading
from collections import OrderedDict
from pathlib import Path

from bridge.shm import RingFile
from daemon.core.journal import Damaged
from daemon.rings.journal_files import SUFFIX, Segment, read_segment

MAX_REMEMBERED = 4_096  # segment files that are there, 17 hours of one Instance: 12 MB


def generation_of(folder: Path) -> int:
    """Of the Ring whose journal lies there. [any]"""
    return int(folder.name.rpartition("-")[2], 16)


class JournalFolder:
    """What has not changed since the last look is not read again. [any thread]"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: OrderedDict[Path, tuple[tuple[int, int, int], Segment]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, ring: RingFile) -> Path:
        """Where the journal of a Ring lies."""
        return self.folder / f"{ring.header.instance_id.hex()}-{ring.header.generation:016x}"

    def of_instance(self, instance: str) -> list[Path]:
        """The journals of all Rings that this Instance has had. [worker]"""
        return sorted(self.folder.glob(f"{instance}-*"))

    def of_generation(self, generation: int) -> Path | None:
        """The journal of a Ring of any Instance. Generations are random, so there is one. [worker]"""
        return next(self.folder.glob(f"*-{generation:016x}"), None)

    def segments(self, folder: Path) -> list[Segment]:
        """The readable files of one Ring, oldest first; none when it has no journal. Raises OSError. [worker]"""
        found = []
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            try:
                segment = self.segment(path)
            except (Damaged, FileNotFoundError):
                continue
            if path.name == f"{segment.origin.number:08d}{SUFFIX}":
                found.append(segment)
        return found

    def segment(self, path: Path) -> Segment:
        """One file. Raises Damaged (its beginning is wrong), OSError. [worker]"""
        about = path.stat()
        stamp = (about.st_ino, about.st_size, about.st_mtime_ns)
        with self._lock:
            known = self._known.get(path)
            if known and known[0] == stamp:
                self._known.move_to_end(path)
                return known[1]
        segment = read_segment(path, verify=False)
        with self._lock:
            self._known[path] = stamp, segment
            while len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return segment

    def forget(self, path: Path) -> None:
        """This file, or all of this Ring's, are removed. [any]"""
        with self._lock:
            for gone in [known for known in self._known if known == path or known.parent == path]:
                del self._known[gone]
