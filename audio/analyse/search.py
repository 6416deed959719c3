"""Which of many known clips are this one, and which sound like it. A flat search: every one is looked at.

Fast enough for ten thousand takes (see benchmarks/README.md); no index that would have to be kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio.analyse.fingerprint import Fingerprint, Match, matches
from audio.analyse.likeness import Vector
from audio.analyse.likeness_scale import DIMENSIONS


@dataclass(frozen=True)
class Found:
    """number: of the known clip. match: as audio.analyse.fingerprint has it. likeness: -1 to 1, as audio.analyse.likeness has it."""

    number: int
    match: Match
    likeness: float


def search(
    fingerprint: Fingerprint,
    embedding: Vector,
    fingerprints: Sequence[Fingerprint],
    embeddings: Sequence[Vector],
) -> list[Found]:
    """All known clips, first those that are the same sound, best agreement first, then the others, likest first. [worker]

    An embedding that is empty (silence) or not of DIMENSIONS numbers is like nothing.
    """
    same = matches(fingerprint, fingerprints)
    alike = _likenesses(embedding, embeddings)
    found = [Found(number, match, alike[number]) for number, match in enumerate(same)]
    return sorted(
        found,
        key=lambda each: (not each.match.same, -each.match.score if each.match.same else 0.0, -each.likeness),
    )


def _likenesses(embedding: Vector, embeddings: Sequence[Vector]) -> list[float]:
    if len(embedding) != DIMENSIONS:
        return [0.0] * len(embeddings)
    rows = np.zeros((len(embeddings), DIMENSIONS), np.float32)
    for row, vector in zip(rows, embeddings, strict=True):
        if len(vector) == DIMENSIONS:
            row[:] = vector
    return [float(value) for value in rows @ embedding]
