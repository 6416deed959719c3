"""The lists that posts of everybody stand in: what is hot, the latest, what is trending, those with a tag.

Each is walked from an index, so a page costs as much among a million posts as among ten. Of a filtered list a page is made of
at most REACH posts that were looked at: it may be shorter than asked for, and still name the next.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from msgspec import Struct

from relay.core.cursor import BEGINNING, Cursor, Places, read_places, write_places
from relay.core.visibility import FINDABLE, PUBLIC
from relay.engine.clock import now_us
from relay.engine.database import Connection
from relay.features.creations.api import Detail, by_ids
from relay.features.feeds.filters import Filter
from relay.features.feeds.ranking import KNOWN_TO, TRENDING_FROM

REACH = 2_000
"""Posts that are looked at for one page of a filtered list."""
UNKNOWN_SLOTS = (4, 14)
"""Of the twenty places on a page: they go to posts that few people know yet, if there are any."""
AS_OF_SLACK_US = 10_000_000
"""A change is committed some moments after its time was taken."""
Page = tuple[list[Detail], str | None]


class Ask(Struct, frozen=True, kw_only=True):
    """A page of a list: whose eyes, where it begins, how long, and of which posts."""

    viewer: str
    cursor: str | None
    limit: int
    filter: Filter


class _List(Struct, frozen=True, kw_only=True):
    """A walk of one index. rank: the column that it is ordered by. moves: posts may move down it. reason: of its items."""

    source: str
    rank: str
    where: str
    reason: str
    moves: bool = False


class _Found(Struct, frozen=True, kw_only=True):
    """One post on the way. list: which of the lists that a page is made of has it."""

    id: str
    rank: int
    list: int
    fits: bool

    @property
    def place(self) -> tuple[int, str]:
        return self.rank, self.id


_POSTS = "creation AS c WHERE c.kind = 'post' AND"
_HOT = tuple(
    _List(source=_POSTS, rank="c.hot_us", where=f"{PUBLIC} AND c.people {which}", reason=reason, moves=True)
    for which, reason in ((f">= {KNOWN_TO}", "hot"), (f"< {KNOWN_TO}", "new"))
)
_LATEST = (_List(source=_POSTS, rank="c.published_us", where=PUBLIC, reason="latest"),)
_TRENDING = (
    _List(
        source=_POSTS,
        rank="c.trend_us",
        where=f"{PUBLIC} AND c.people >= {TRENDING_FROM}",
        reason="trending",
        moves=True,
    ),
)
_TAGGED = (
    _List(
        source="creation_tag AS t JOIN creation AS c ON c.id = t.creation_id WHERE t.tag = :tag AND c.kind = 'post' AND",
        rank="t.published_us",
        where=FINDABLE,
        reason="tag",
    ),
)


def hot(db: Connection, ask: Ask, base_url: str) -> Page:
    """What people care about, younger before older; and, at UNKNOWN_SLOTS, what few know yet. [any thread with a snapshot]"""
    return _page(db, _HOT, ask, base_url)


def latest(db: Connection, ask: Ask, base_url: str) -> Page:
    """Newest first. [any thread with a snapshot]"""
    return _page(db, _LATEST, ask, base_url)


def trending(db: Connection, ask: Ask, base_url: str) -> Page:
    """What people have begun to care about, most now. [any thread with a snapshot]"""
    return _page(db, _TRENDING, ask, base_url)


def tagged(db: Connection, tag: str, ask: Ask, base_url: str) -> Page:
    """With a tag (folded), newest first. [any thread with a snapshot]"""
    return _page(db, _TAGGED, ask, base_url, tag=tag)


def _page(db: Connection, lists: tuple[_List, ...], ask: Ask, base_url: str, **more: str) -> Page:
    places = read_places(ask.cursor, len(lists)) if ask.cursor else None
    before = places.at if places else (BEGINNING,) * len(lists)
    as_of_us = places.as_of_us if places else now_us() - AS_OF_SLACK_US
    reach = REACH if ask.filter.condition else ask.limit + 1
    values: dict[str, str | int | float] = {"viewer": ask.viewer, "reach": reach, **more, **ask.filter.values}
    values["as_of_us"] = as_of_us if places else BEGINNING.at_us
    for n, each in enumerate(before):
        values |= {f"at{n}": each.at_us, f"id{n}": each.id}
    rows = db.execute(_walk(lists, ask.filter.condition), values).fetchall()
    found = [_Found(list=n, id=id_, rank=rank, fits=bool(fits)) for n, id_, rank, fits in rows]
    walked = [[each for each in found if each.list == n] for n in range(len(lists))]
    chosen = _chosen(walked, ask.limit, reach)
    details = by_ids(
        db, {each.id: lists[each.list].reason for each in chosen if each.fits}, ask.viewer, base_url
    )
    ended = len(chosen) == len(found) and all(len(each) < reach for each in walked)
    return details, None if ended else write_places(Places(as_of_us, _after(before, chosen)))


def _chosen(walked: Sequence[Sequence[_Found]], limit: int, reach: int) -> list[_Found]:
    """Those up to the page's end, in the order of the page; also those passed over that do not fit."""
    heads, chosen, shown = [0] * len(walked), list[_Found](), 0
    while (
        shown < limit and reach not in heads
    ):  # what comes after is not known, and may stand before all others
        ready = [(n, walked[n][head]) for n, head in enumerate(heads) if head < len(walked[n])]
        if not ready:
            break
        n, best = max(ready, key=lambda each: each[1].place)
        if shown in UNKNOWN_SLOTS and ready[-1][0] == len(walked) - 1:
            n, best = ready[-1]
        heads[n] += 1
        chosen.append(best)
        shown += best.fits
    return chosen


def _after(before: Sequence[Cursor], chosen: Iterable[_Found]) -> tuple[Cursor, ...]:
    """Where each list goes on."""
    last = {each.list: Cursor(each.rank, each.id) for each in chosen}
    return tuple(last.get(n, cursor) for n, cursor in enumerate(before))


@cache
def _walk(lists: tuple[_List, ...], condition: str) -> str:
    """Of each list the next :reach posts: its number, id, rank, and whether it fits."""
    return " UNION ALL ".join(_step(n, each, condition) for n, each in enumerate(lists))


def _step(n: int, walked: _List, condition: str) -> str:
    fits = f"CASE WHEN {condition} THEN 1 ELSE 0 END" if condition else "1"
    rank, id_ = walked.rank, "t.creation_id" if walked.rank.startswith("t.") else "c.id"
    moved = " AND c.moved_us <= :as_of_us" if walked.moves else ""
    return (
        f"SELECT * FROM (SELECT {n} AS list, {id_} AS id, {rank} AS rank, {fits} AS fits FROM {walked.source}"
        f" {walked.where} AND ({rank}, {id_}) < (:at{n}, :id{n}){moved} ORDER BY {rank} DESC, {id_} DESC LIMIT :reach) AS w{n}"
    )
