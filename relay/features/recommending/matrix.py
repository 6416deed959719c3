"""Which of many vectors are nearest to some: exact, by one walk through all of them. Values only; numpy is imported here alone.

No index is kept up to vectors.MAX_VECTORS: what is exact needs no recall measured.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.analyse.likeness import likeness_by_group
from audio.analyse.likeness_scale import DIMENSIONS

BLOCK = 16_384
"""Vectors that are multiplied at once: what comes of it stays in the processor's cache."""
_ID_BYTES = 32
_NOBODY = b""


class Near(NamedTuple):
    """likeness: the mean of the cosines to what is looked for, less what speaks against it; seed: the likest of that, as a place in it."""

    creation_id: str
    likeness: float
    seed: int


class Matrix:
    """most: of how many; then those that came first make room. [one thread at a time]"""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ids: NDArray[np.bytes_] = np.zeros(0, f"S{_ID_BYTES}")
        self._vectors: NDArray[np.float32] = np.zeros((0, DIMENSIONS), np.float32)
        self._count = 0
        self._oldest = 0
        self._free: list[int] = []

    def __len__(self) -> int:
        return self._count - len(self._free)

    @property
    def size_bytes(self) -> int:
        return self._ids.nbytes + self._vectors.nbytes

    def change(self, changed: Mapping[str, bytes | None]) -> None:
        """Of each id what its vector is from now on; None: it has none."""
        names = np.array([each.encode() for each in changed], f"S{_ID_BYTES}")
        slots = (
            np.flatnonzero(np.isin(self._ids[: self._count], names)) if self._count else np.zeros(0, np.intp)
        )
        standing = {self._ids[slot].decode(): int(slot) for slot in slots}
        self._reserve(self._count + len(changed) - len(standing))
        for creation_id, vector in changed.items():
            slot = standing.get(creation_id)
            if vector is not None:
                self._set(self._slot() if slot is None else slot, creation_id.encode(), vector)
            elif slot is not None:
                self._set(slot, _NOBODY, bytes(4 * DIMENSIONS))
                self._free.append(slot)

    def nearest(
        self, wanted: Sequence[bytes], count: int, against: Sequence[bytes] = (), against_weight: float = 0.0
    ) -> list[Near]:
        """At most so many, the likest first. against: what it had better not be like."""
        if not wanted or not self._count:
            return []
        towards, away = _rows(wanted), _rows(against)
        centre = towards.mean(axis=0)  # the mean of cosines is the product with the mean
        scores = np.empty(self._count, np.float32)
        for first in range(0, self._count, BLOCK):
            block = self._vectors[first : min(first + BLOCK, self._count)]
            score = block @ centre
            if len(away):
                score -= against_weight * np.maximum((block @ away.T).max(axis=1), 0)
            scores[first : first + len(block)] = score
        scores[self._free] = -np.inf
        count = min(count, len(self))
        top = np.argpartition(-scores, count - 1)[:count] if count else np.zeros(0, np.intp)
        top = top[np.lexsort((self._ids[top], -scores[top]))]
        seeds = (self._vectors[top] @ towards.T).argmax(axis=1)
        return [
            Near(self._ids[n].decode(), float(scores[n]), int(seed))
            for n, seed in zip(top, seeds, strict=True)
        ]

    def _slot(self) -> int:
        """Where a new one stands."""
        if self._free:
            return self._free.pop()
        if self._count < self._most:
            self._count += 1
            return self._count - 1
        slot, self._oldest = self._oldest, (self._oldest + 1) % self._most
        return slot

    def _set(self, slot: int, name: bytes, vector: bytes) -> None:
        self._ids[slot] = name
        self._vectors[slot] = np.frombuffer(vector, np.float32)

    def _reserve(self, count: int) -> None:
        """Room for so many, within the limit; half as much again, so that it is copied seldom."""
        if len(self._ids) >= (wanted := min(count, self._most)):
            return
        room = min(max(wanted, 256 + len(self._ids) * 3 // 2), self._most)
        ids, vectors = self._ids, self._vectors
        self._ids = np.zeros(room, f"S{_ID_BYTES}")
        self._vectors = np.zeros((room, DIMENSIONS), np.float32)
        self._ids[: len(ids)], self._vectors[: len(vectors)] = ids, vectors


def by_timbre(wanted: bytes, candidates: Mapping[str, bytes]) -> list[Near]:
    """All of them, those first whose timbre is the likest, whatever their rhythm and harmony are. [any]"""
    one = np.frombuffer(wanted, np.float32)
    found = [
        Near(creation_id, likeness_by_group(one, np.frombuffer(each, np.float32))["timbre"], 0)
        for creation_id, each in candidates.items()
    ]
    return sorted(found, key=lambda near: (-near.likeness, near.creation_id))


def _rows(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    return np.frombuffer(b"".join(vectors), np.float32).reshape(-1, DIMENSIONS)
