"""A community made up from a seed, for what is recommended to its people: who would like what is known, because it was decided first.

Model. GENRES directions in the space of sounds. A post lies near the genre of its maker (SPREAD of noise of length 1) and has a quality that
nobody sees. A person likes one to three genres in different measure. Whether somebody likes what they hear is drawn once for each person and
post: LIKING to the power of how far taste and sound lie apart, times the quality. What they hear is biased: with FAMOUS it is drawn by how many
like it already (so what is known gets better known), else from all. The newest NEW of all posts came when nearly all had been heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.analyse.likeness_scale import DIMENSIONS

PEOPLE, MAKERS, POSTS = 240, 60, 500
GENRES = 10
SPREAD = 0.8
LIKING = 0.1
FAMOUS = 0.5
NEW = 0.12
HEARD_EACH = 140
HIDDEN = 0.25
"""Of the likes of each person: the last ones, which only the judge knows."""


@dataclass(frozen=True)
class Community:
    """vectors: of posts. maker: of each post, as a number. likes: (person, post) in order of time; hidden: what each likes later on.

    would: (people, posts), whether somebody likes it once they hear it.
    """

    vectors: NDArray[np.float32]
    maker: NDArray[np.int64]
    likes: Sequence[tuple[int, int]]
    hidden: Sequence[set[int]]
    would: NDArray[np.bool_]


def community(seed: int) -> Community:
    """The same for the same seed."""
    rng = np.random.default_rng(seed)
    genres = _unit(rng.normal(size=(GENRES, DIMENSIONS)))
    maker = rng.integers(0, MAKERS, POSTS)
    genre_of = rng.integers(0, GENRES, MAKERS)
    noise = _unit(rng.normal(size=(POSTS, DIMENSIONS)))
    vectors = _unit(genres[genre_of[maker]] + SPREAD * noise).astype(np.float32)
    tastes = np.zeros((PEOPLE, DIMENSIONS))
    for person in range(PEOPLE):
        for genre in rng.choice(GENRES, rng.integers(1, 4), replace=False):
            tastes[person] += rng.uniform(0.4, 1.0) * genres[genre]
    affinity = np.clip(_unit(tastes) @ vectors.T, 0, 1)
    quality = rng.beta(2, 2, POSTS)
    would = rng.random((PEOPLE, POSTS)) < LIKING ** (1 - affinity) * quality * 2
    likes = _heard(rng, would)
    hidden: list[set[int]] = [set() for _ in range(PEOPLE)]
    shown = list[tuple[int, int]]()
    of = [[post for who, post in likes if who == person] for person in range(PEOPLE)]
    kept = [{*each[: round(len(each) * (1 - HIDDEN))]} for each in of]
    for person, post in likes:
        if post in kept[person]:
            shown.append((person, post))
        else:
            hidden[person].add(post)
    return Community(vectors=vectors, maker=maker, likes=shown, hidden=hidden, would=would)


def _heard(rng: np.random.Generator, would: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Who liked what, in order of time: HEARD_EACH times each person hears something."""
    counts = np.ones(POSTS)
    old = round(POSTS * (1 - NEW))
    known, likes = np.zeros_like(would), list[tuple[int, int]]()
    for turn in range(HEARD_EACH):
        there = POSTS if turn >= HEARD_EACH - 3 else old
        for person in rng.permutation(PEOPLE):
            if rng.random() < FAMOUS:
                post = int(rng.choice(there, p=counts[:there] / counts[:there].sum()))
            else:
                post = int(rng.integers(there))
            if would[person, post] and not known[person, post]:
                known[person, post] = True
                counts[post] += 1
                likes.append((int(person), post))
    return likes


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    made: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made
