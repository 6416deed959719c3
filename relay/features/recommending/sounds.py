"""The vectors of all posts in the memory of this process: read when somebody first asks, and kept up to date by what commits tell."""

import logging
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING

from relay.engine.database import Connection
from relay.features.creations.api import Kind
from relay.features.recommending import vectors
from relay.features.recommending.vectors import VectorChanged

if TYPE_CHECKING:
    from relay.features.recommending.matrix import Matrix, Near

log = logging.getLogger("relay")

READ_AT_ONCE = 10_000
MAX_CHANGED = 10_000
"""So many changes are noted one by one; with more all is read anew."""


class Sounds:
    """Whoever reads says what was `noted` before the read began: only that is in its snapshot for sure, the rest is read again."""

    def __init__(self, most: int = vectors.MAX_VECTORS) -> None:
        self._most = most
        self._lock = Lock()
        self._noting = Lock()
        self._matrix: Matrix | None = None
        self._noted = 0
        self._changed: dict[str, int] = {}
        self._lost_at = 0

    # told by commits ----------------------------------------------------------------------------------------------

    @property
    def noted(self) -> int:
        """How many changes were heard of. [loop]"""
        return self._noted

    def changed(self, change: VectorChanged) -> None:
        """[loop]"""
        with self._noting:
            self._noted += 1
            self._changed[change.creation_id] = self._noted
        if len(self._changed) > MAX_CHANGED:
            self.lost()

    def lost(self) -> None:
        """Changes can no longer be told. [loop]"""
        with self._noting:
            self._noted += 1
            self._lost_at = self._noted
            self._changed.clear()

    # asked ----------------------------------------------------------------------------------------------------------

    def nearest(
        self,
        db: Connection,
        noted: int,
        wanted: Sequence[bytes],
        count: int,
        against: Sequence[bytes] = (),
        against_weight: float = 0.0,
    ) -> "list[Near]":
        """As of Matrix. [any thread with a snapshot]"""
        if not wanted:
            return []
        with self._lock:
            return self._fresh(db, noted).nearest(wanted, count, against, against_weight)

    def _fresh(self, db: Connection, noted: int) -> "Matrix":
        from relay.features.recommending.matrix import Matrix  # numpy, only where somebody asks

        if self._matrix is None or self._lost_at:
            self._matrix = Matrix(self._most)
            for page in _all(db, self._most):
                self._matrix.change(page)
            log.info("%d sounds are held, in %d MB", len(self._matrix), self._matrix.size_bytes >> 20)
            if self._lost_at <= noted:
                self._lost_at = 0
        if self._changed:
            with self._noting:
                waiting = dict(self._changed)
            found = vectors.vectors_of(db, waiting, Kind.POST)
            self._matrix.change({id_: found.get(id_) for id_ in waiting})
            self._settle(waiting, noted)
        return self._matrix

    def _settle(self, read: dict[str, int], noted: int) -> None:
        """Forget of what was read anew all that was certainly in the snapshot."""
        with self._noting:
            for id_, n in read.items():
                if n <= noted and self._changed.get(id_) == n:
                    del self._changed[id_]


def _all(db: Connection, most: int) -> Iterator[dict[str, bytes | None]]:
    """The newest so many, those that came first first."""
    newest = vectors.newest(db, Kind.POST, most)
    for first in range(0, len(newest), READ_AT_ONCE):
        yield dict(newest[first : first + READ_AT_ONCE])
