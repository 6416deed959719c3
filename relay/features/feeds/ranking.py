"""By what posts are ranked. Values only: what people did to a post in, a place in a list out.

A place is a time in microseconds, so that a list by rank is read as one by age is: from an index, by the same cursors, and
no place changes by itself as time goes by.

- hot: when a post was published, and later by HOT_STEP_US for every tenfold of what people did to it (Reddit's hot, in
  microseconds). 10 is as good as 12.5 hours.
- trend: the time at which one sign of weight 1 would count as much today as all signs together do, of which each has lost
  half its weight after HALF_LIFE_US (forward decay: Cormode et al., ICDE 2009).
"""

import math
from collections.abc import Iterable
from enum import IntFlag

from msgspec import Struct

HOT_STEP_US = 45_000_000_000
HALF_LIFE_US = 86_400_000_000
KNOWN_TO = 3
"""Whom so many people gave a sign is known; all others have their share of every page of what is hot."""
UNKNOWN_SLOTS = (4, 14)
"""Of the twenty places on a page: they go to posts that few people know yet, if there are any."""
TRENDING_FROM = 2
"""So few people make no trend."""
MOST_OF_AUTHOR = 2
"""Posts of one author on a page of what is hot or trending, while there are others."""
MAX_SIGNS = 1_000
"""The newest, which a trend is made of: older ones weigh nothing beside so many."""


class Sign(IntFlag):
    """What somebody did to a post. A person counts once, by the strongest of their signs."""

    LIKE = 1
    REACT = 2
    COMMENT = 4
    REPOST = 8
    SAVE = 16
    PLAY = 32
    FORK = 64


WEIGHTS = {
    Sign.PLAY: 1,
    Sign.LIKE: 3,
    Sign.REACT: 3,
    Sign.SAVE: 3,
    Sign.COMMENT: 4,
    Sign.REPOST: 6,
    Sign.FORK: 8,
}


class Strategy(Struct, frozen=True, kw_only=True):
    """A list by rank, as it is computed and shown. With another version all places are computed anew, by and by.

    2: at most MOST_OF_AUTHOR of one author on a page.
    """

    name: str
    version: int


STRATEGIES = (Strategy(name="hot", version=2), Strategy(name="trending", version=2))


class Signs(Struct, frozen=True, kw_only=True):
    """Of one person at one post. at_us: when they came to weigh so much."""

    signs: Sign
    at_us: int

    @property
    def weight(self) -> int:
        return weight_of(self.signs)


class Rank(Struct, frozen=True, kw_only=True):
    """Where a post stands. engaged: weights of all people; people: how many."""

    hot_us: int
    trend_us: int
    engaged: int
    people: int


def weight_of(signs: Sign) -> int:
    """[any]"""
    return max((weight for sign, weight in WEIGHTS.items() if sign & signs), default=0)


def hot_us(published_us: int, engaged: int) -> int:
    """[any]"""
    return published_us + round(HOT_STEP_US * math.log10(max(1, engaged)))


def trend_us(signs: Iterable[Signs]) -> int:
    """0: nobody gave a sign. [any]"""
    found = [(each.at_us, each.weight) for each in signs if each.weight]
    if not found:
        return 0
    newest_us = max(at_us for at_us, _ in found)
    total = sum(weight * 2 ** ((at_us - newest_us) / HALF_LIFE_US) for at_us, weight in found)
    return newest_us + round(HALF_LIFE_US * math.log2(total))


def trend_with(before_us: int, weight: int, at_us: int) -> int:
    """A trend, and one more sign. [any]"""
    if not before_us:
        return at_us + round(HALF_LIFE_US * math.log2(weight))
    newest_us = max(before_us, at_us)
    total = 2 ** ((before_us - newest_us) / HALF_LIFE_US) + weight * 2 ** ((at_us - newest_us) / HALF_LIFE_US)
    return newest_us + round(HALF_LIFE_US * math.log2(total))


def rank_of(published_us: int, signs: Iterable[Signs], *, engaged: int, people: int) -> Rank:
    """signs: the newest MAX_SIGNS. [any]"""
    return Rank(
        hot_us=hot_us(published_us, engaged),
        trend_us=trend_us(signs),
        engaged=engaged,
        people=people,
    )


def moves_down(before: Rank, after: Rank) -> bool:
    """Whether who has read past the old place of a post would find it again, further down or in another list. [any]"""
    return (
        after.hot_us < before.hot_us
        or after.trend_us < before.trend_us
        or (before.people < KNOWN_TO) != (after.people < KNOWN_TO)
    )
