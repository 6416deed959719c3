"""Every byte of what is offered is checked once, a part at a time: nobody waits for gigabytes to be read.

What a plugin that is gone has left is offered at once, as the heads of its chunks say. What then does not read as it was written is
left out of what is offered; whoever reads it checks it too (daemon.rings.journal_files).
"""

from collections.abc import Iterator
from pathlib import Path

from daemon.core.journal import Damaged
from daemon.rings.journal_files import Segment, read_segment
from daemon.rings.journal_folder import JournalFolder

SLICE_BYTES = 64 << 20  # of files: 0.15 s of a core, and less than a second of a slow disk


class Checking:
    """[the journal's thread]"""

    def __init__(self, heads: JournalFolder) -> None:
        self._heads = heads
        self._begun: set[Path] = set()
        self._under_way: dict[Path, Iterator[Segment]] = {}
        self._damaged: dict[Path, Segment] = {}  # by file, what of it can be believed

    @property
    def is_due(self) -> bool:
        """Whether something is offered that has not been checked. [any]"""
        return bool(self._under_way)

    def segments(self, folder: Path) -> list[Segment]:
        """The files of a Ring, oldest first, as its heads say, without what is known to be damaged. Raises OSError."""
        return [self._believed(segment) for segment in self._heads.segments(folder)]

    def begin(self, folder: Path) -> None:
        """It is offered: it will be checked, once. Raises OSError."""
        if folder not in self._begun:
            self._begun.add(folder)
            self._under_way[folder] = iter(self._heads.segments(folder))

    def forget(self, folder: Path) -> None:
        """It is not offered any more."""
        self._begun.discard(folder)
        self._under_way.pop(folder, None)
        self._damaged = {path: left for path, left in self._damaged.items() if path.parent != folder}

    def some(self) -> set[Path]:
        """Check SLICE_BYTES, and the rest of the file that they end in; the Rings of which less can be believed now."""
        less: set[Path] = set()
        read_bytes = 0
        while self._under_way and read_bytes < SLICE_BYTES:
            folder, files = next(iter(self._under_way.items()))
            segment = next(files, None)
            if segment is None:
                del self._under_way[folder]
                continue
            read_bytes += segment.size_bytes
            if self._is_less(segment):
                less.add(folder)
        return less

    def _is_less(self, segment: Segment) -> bool:
        """Whether a file holds less than its heads say."""
        try:
            checked = read_segment(segment.path, verify=True)
        except (Damaged, OSError):  # given up since, or written anew
            return False
        if len(checked.chunks) >= len(segment.chunks):
            return False
        self._damaged[segment.path] = checked
        return True

    def _believed(self, segment: Segment) -> Segment:
        damaged = self._damaged.get(segment.path)
        return damaged if damaged and damaged.origin == segment.origin else segment
