"""What is recommended, judged on a community whose likes are known (community.py): beside what is popular, and beside chance.

NDCG@20 of what each person likes later on, and of all that they would like; coverage: which share of all posts somebody is shown;
newcomers: which share of what is shown few know yet. Then how long it takes to look through many vectors, and what they take up.
"""

import asyncio
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from audio.analyse.likeness_scale import DIMENSIONS
from benchmarks.community import PEOPLE, Community, community
from relay.engine.database import Connection, Tx
from relay.features.accounts.api import ensure_account
from relay.features.feeds import engagement
from relay.features.feeds.ranking import KNOWN_TO, Sign
from relay.features.recommending.for_you import CURRENT, STRATEGIES, for_you
from relay.features.recommending.matrix import Matrix
from relay.features.recommending.sounds import Sounds
from tests.support.house import BASE_URL, house, new_post

Row = tuple[str, float | str, str, str]
SHOWN = 20
SEED = 1
SIZES = (10_000, 100_000, 300_000)
LOOKS = 15
BEGAN_US = 1_700_000_000_000_000
STEP_US = 1_000_000
BEFORE = f"strategy {CURRENT - 1}"
Lists = Sequence[Sequence[int]]
"""For each person the numbers of the posts that they are shown, the best first."""


def rows() -> list[Row]:
    """One line per figure. About a minute on a free machine."""
    made = community(SEED)
    return [*asyncio.run(_judged(made)), *_latency()]


async def _judged(made: Community) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with house(f"sqlite:///{Path(folder) / 'relay.db'}") as here:
            people, posts = await here.db.write(lambda tx: _fill(tx, made))
            numbers = {id_: n for n, id_ in enumerate(posts)}
            took_ms = list[float]()
            offered: dict[int, list[list[int]]] = {version: [] for version in (CURRENT - 1, CURRENT)}
            sounds = Sounds()
            await here.db.read(lambda db: for_you(db, sounds, 0, people[0], SHOWN, BASE_URL))
            for version, lists in offered.items():
                strategy = STRATEGIES[version]
                for person in people:
                    began_s = time.process_time()
                    found = await here.db.read(
                        lambda db: for_you(db, sounds, 0, person, SHOWN, BASE_URL, strategy)  # noqa: B023 (awaited)
                    )
                    took_ms.append(1e3 * (time.process_time() - began_s))
                    lists.append([numbers[each.post.id] for each in found])
            known = await here.db.read(lambda db: _known(db, posts))
    by: dict[str, Lists] = {"for you": offered[CURRENT], BEFORE: offered[CURRENT - 1]}
    by |= {"popular": _popular(made, known), "chance": _by_chance(made)}
    return [
        *_compared(made, by, known),
        ("for you: one list, CPU ms, median", statistics.median(took_ms), "", ""),
    ]


def _fill(tx: Tx, made: Community) -> tuple[list[str], list[str]]:
    """Ids of people and posts, in their order. [writer]"""
    people = [ensure_account(tx, f"person{n}", 0) for n in range(PEOPLE)]
    makers = [ensure_account(tx, f"maker{n}", 0) for n in range(made.maker.max() + 1)]
    posts = [
        new_post(tx, makers[maker], at_us=BEGAN_US + n * STEP_US, vector=vector.tobytes())
        for n, (maker, vector) in enumerate(zip(made.maker, made.vectors, strict=True))
    ]
    for n, (person, post) in enumerate(made.likes):
        engagement.give(tx, posts[post], people[person], Sign.LIKE, BEGAN_US + (len(posts) + n) * STEP_US)
    return people, posts


def _known(db: Connection, posts: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many people gave each post a sign."""
    found = dict(db.execute("SELECT id, people FROM creation").fetchall())
    return np.array([found[each] for each in posts])


def _popular(made: Community, known: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Lists:
    order = np.argsort(-known, kind="stable")
    return [_unknown_to(made, person, order) for person in range(PEOPLE)]


def _by_chance(made: Community) -> Lists:
    rng = np.random.default_rng(SEED)
    return [_unknown_to(made, person, rng.permutation(len(made.vectors))) for person in range(PEOPLE)]


def _unknown_to(
    made: Community, person: int, order: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]]
) -> list[int]:
    """The first that they do not know already."""
    given = {post for who, post in made.likes if who == person}
    return [int(post) for post in order if int(post) not in given][:SHOWN]


def _compared(
    made: Community, by: dict[str, Lists], known: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> list[Row]:
    would = [{int(post) for post in np.flatnonzero(row)} for row in made.would]
    measures: dict[str, Callable[[Lists], float]] = {
        "NDCG@20 of what they like later": lambda lists: _ndcg(lists, made.hidden),
        "NDCG@20 of all that they would like": lambda lists: _ndcg(lists, would),
        "coverage": lambda lists: len({post for each in lists for post in each}) / len(made.vectors),
        "newcomers' share": lambda lists: _share(lists, known),
    }
    found = list[Row]()
    for name, measure in measures.items():
        figures = {whose: measure(lists) for whose, lists in by.items()}
        beside = ", ".join(f"{whose} {figures[whose]:.3f}" for whose in (BEFORE, "popular", "chance"))
        limit = (
            ""
            if name == "coverage"
            else f">{max(figures['popular'], figures['chance'] if 'share' in name else 0):.3f}"
        )
        found.append((f"for you: {name}", figures["for you"], limit, beside))
    return found


def _ndcg(lists: Lists, wanted: Sequence[set[int]]) -> float:
    """Mean over people who want anything, gains of 1 (Järvelin & Kekäläinen 2002)."""
    found = list[float]()
    for shown, of in zip(lists, wanted, strict=True):
        if of:
            gained = sum(1 / math.log2(n + 2) for n, post in enumerate(shown) if post in of)
            found.append(gained / sum(1 / math.log2(n + 2) for n in range(min(len(of), SHOWN))))
    return statistics.mean(found)


def _share(lists: Lists, known: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    shown = [post for each in lists for post in each]
    return sum(int(known[post]) < KNOWN_TO for post in shown) / len(shown)


def _latency() -> list[Row]:
    rng = np.random.default_rng(SEED)
    found = list[Row]()
    for size in SIZES:
        matrix = Matrix(most=size)
        vectors = rng.normal(size=(size, DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        matrix.change({f"{n:032x}": vector.tobytes() for n, vector in enumerate(vectors)})
        seeds = [each.tobytes() for each in vectors[:32]]
        one = _least_ms(lambda: matrix.nearest(seeds[:1], 200))  # noqa: B023 (called at once)
        many = _least_ms(lambda: matrix.nearest(seeds[:16], 400, seeds[16:], 0.5))  # noqa: B023 (called at once)
        beside = f"of 16 seeds, 16 against: {many:.1f} ms; {matrix.size_bytes / 1e6:.0f} MB"
        found.append((f"nearest of {size:,} vectors, exact, CPU ms", one, "", beside))
    return found


def _least_ms(run: Callable[[], object]) -> float:
    took = list[float]()
    for _ in range(LOOKS):
        began_s = time.process_time()
        run()
        took.append(1e3 * (time.process_time() - began_s))
    return min(took)
