"""What a list of recommendations is made of: candidates with a score and a reason, of which some are shown. Values only."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from relay.core.tonality import goes_with

MOST_OF_AUTHOR = 2
"""Posts of one author on a list."""
TEMPO_SHARE = 0.04
"""How far a tempo may lie from another one, or from half or twice of it: what a turntable's pitch bends without being heard."""
FOLDS = (1.0, 0.5, 2.0)


class Candidate(Struct, frozen=True, kw_only=True):
    """score: 0 and more, the greater the better. reason: as FeedPost.reason; why: the same as a sentence."""

    id: str
    score: float
    reason: str
    why: str


def tempo_spans(bpm: float) -> list[tuple[float, float]]:
    """In which tempos something goes with this one. [any]"""
    return [(bpm * fold / (1 + TEMPO_SHARE), bpm * fold * (1 + TEMPO_SHARE)) for fold in FOLDS]


def keys_with(camelot: str) -> tuple[str, ...]:
    """[any]"""
    return goes_with(camelot)


def spread(candidates: Sequence[Candidate], owners: Mapping[str, str], limit: int) -> list[Candidate]:
    """The best of those that have an owner, at most MOST_OF_AUTHOR of each. [any]"""
    counts, chosen = Counter[str](), list[Candidate]()
    for each in sorted(candidates, key=lambda each: (-each.score, each.id)):
        owner = owners.get(each.id)
        if owner is None or counts[owner] == MOST_OF_AUTHOR:
            continue
        counts[owner] += 1
        chosen.append(each)
        if len(chosen) == limit:
            break
    return chosen


def placed(
    ranked: Sequence[Candidate],
    fresh: Sequence[Candidate],
    owners: Mapping[str, str],
    explored_percent: int,
    limit: int,
) -> list[Candidate]:
    """The ranked ones, and of fresh ones so many that of the first n places `explored_percent` have one, rounded down, for each n, while
    there are any; the others behind them all. Each once, few of one author. [any]
    """
    counts, taken, chosen = Counter[str](), set[str](), list[Candidate]()
    rest, new, are_fresh, explored = iter(ranked), iter(fresh), {each.id for each in fresh}, 0

    def following(candidates: Iterator[Candidate]) -> Candidate | None:
        fits = (
            each for each in candidates if each.id not in taken and counts[owners[each.id]] < MOST_OF_AUTHOR
        )
        return next(fits, None)

    while len(chosen) < limit:
        is_due = explored < (len(chosen) + 1) * explored_percent // 100
        first, second = (new, rest) if is_due else (rest, new)
        each = following(first) or following(second)
        if each is None:
            break
        taken.add(each.id)
        counts[owners[each.id]] += 1
        explored += each.id in are_fresh
        chosen.append(each)
    return chosen


def quoted(title: str) -> str:
    """As a title stands in a sentence; "": it has none. [any]"""
    return f"“{title}”" if title else "an untitled post"
