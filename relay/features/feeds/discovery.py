"""The lists that posts of everybody stand in: what is hot, the latest, what is trending, those with a tag.

Each is walked from an index, so a page costs as much among a million posts as among ten. Of a filtered list a page is made of
at most REACH posts that were looked at: it may be shorter than asked for, and still name the next.

Of a list by rank, a page has at most MOST_OF_AUTHOR posts of one author, where those of others fill it: who has more there is
passed over, and all of theirs stands on their own page and under what is latest.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct

from relay.core.cursor import BEGINNING, Cursor, Places, read_places, write_places
from relay.core.visibility import FINDABLE, PUBLIC
from relay.engine.clock import now_us
from relay.engine.database import Connection
from relay.features.creations.api import COLUMNS, Detail, Kind, by_ids, detail
from relay.features.feeds.filters import Filter
from relay.features.feeds.ranking import KNOWN_TO, MOST_OF_AUTHOR, TRENDING_FROM, UNKNOWN_SLOTS
from relay.features.graph.api import not_muted

REACH = 2_000
"""Posts that are looked at for one page of a filtered list."""
CROWD_REACH = 4
"""Pages that are looked through for posts of others, where somebody has more on one than may be."""
AS_OF_SLACK_US = 10_000_000
"""A change is committed some moments after its time was taken."""
Page = tuple[list[Detail], str | None]


class Ask(Struct, frozen=True, kw_only=True):
    """A page of a list: whose eyes, where it begins, how long, of which kind of creations, and which of them."""

    viewer: str
    cursor: str | None
    limit: int
    filter: Filter
    kind: str = Kind.POST

    @property
    def is_filtered(self) -> bool:
        """Such a page takes two statements, so it is read from a snapshot."""
        return bool(self.filter.condition)


class _List(Struct, frozen=True, kw_only=True):
    """A walk of one index. rank: the column that it is ordered by. moves: posts may move down it. reason: of its items."""

    source: str
    rank: str
    where: str
    reason: str
    moves: bool = False


class _Found(NamedTuple):
    """One post on the way. list: which of the lists that a page is made of has it. row: of COLUMNS, if it is there already."""

    list: int
    id: str
    rank: int
    fits: int
    owner_id: str
    row: tuple[Any, ...] = ()  # any: as `detail` takes it


_place = attrgetter("rank", "id")
_POSTS = f"creation AS c WHERE c.kind = :kind AND {not_muted('c.owner_id')} AND"
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
        source="creation_tag AS t JOIN creation AS c ON c.id = t.creation_id WHERE t.tag = :tag AND c.kind = :kind"
        f" AND {not_muted('c.owner_id')} AND",
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
    values: dict[str, str | int | float] = {
        "viewer": ask.viewer,
        "kind": ask.kind,
        **more,
        **ask.filter.values,
    }
    values["as_of_us"] = as_of_us if places else BEGINNING.at_us
    for n, each in enumerate(before):
        values |= {f"at{n}": each.at_us, f"id{n}": each.id}
    reach = REACH if ask.is_filtered else ask.limit + 1
    found = _found(db, lists, ask, values, reach)
    chosen = _chosen(_by_list(found, lists), ask.limit, reach)
    shown = [each for each in chosen if each.fits]
    if lists[0].moves and _is_crowded(shown):
        if not ask.is_filtered:
            reach = CROWD_REACH * ask.limit + 1
            found = _found(db, lists, ask, values, reach)
        walked = _chosen(_by_list(found, lists), CROWD_REACH * ask.limit, reach)
        shown, chosen = _spread(walked, ask.limit) or (shown, chosen)
    ended = len(chosen) == len(found) and all(len(each) < reach for each in _by_list(found, lists))
    rows = by_ids(db, [each.id for each in shown if not each.row], ask.viewer)
    details = [detail(each.row or rows[each.id], base_url, lists[each.list].reason) for each in shown]
    return details, None if ended else write_places(Places(as_of_us, _after(before, chosen)))


def _found(
    db: Connection, lists: tuple[_List, ...], ask: Ask, values: dict[str, str | int | float], reach: int
) -> list[_Found]:
    """What stands next on the lists, by rank; all of it by one statement where nothing is filtered."""
    if ask.is_filtered:
        return [_Found(*row) for row in db.execute(_walk(lists, ask.filter.condition, reach), values)]
    rows = db.execute(_whole(lists, reach), values)
    found = [_Found(row[0], row[1], row[2], row[3], row[4], row[5:]) for row in rows]
    return sorted(found, key=_place, reverse=True)


def _by_list(found: Sequence[_Found], lists: Sequence[_List]) -> list[list[_Found]]:
    return [[each for each in found if each.list == n] for n in range(len(lists))]


def _is_crowded(shown: Iterable[_Found]) -> bool:
    return any(count > MOST_OF_AUTHOR for count in Counter(each.owner_id for each in shown).values())


def _spread(walked: Sequence[_Found], limit: int) -> tuple[list[_Found], list[_Found]] | None:
    """A page on which nobody has too many, and all up to its last one, behind which the next begins.

    None: others do not fill it. Then nobody is passed over, or on a small relay what one person made would be missing.
    """
    counts, taken = Counter[str](), list[_Found]()
    for n, each in enumerate(walked):
        if each.fits and counts[each.owner_id] < MOST_OF_AUTHOR:
            counts[each.owner_id] += 1
            taken.append(each)
            if len(taken) == limit:
                return taken, list(walked[: n + 1])
    return None


def _chosen(walked: Sequence[Sequence[_Found]], limit: int, reach: int) -> list[_Found]:
    """Those up to the page's end, in the order of the page; also those passed over that do not fit.

    It ends where one list was walked to its reach: what comes after is not known, and may stand before all others.
    """
    known, unknown = walked if len(walked) == 2 else (walked[0], ())
    chosen, shown, k, u = list[_Found](), 0, 0, 0
    while shown < limit and k < reach and u < reach and k + u < len(known) + len(unknown):
        is_slot = shown in UNKNOWN_SLOTS and u < len(unknown)
        if not is_slot and k < len(known) and (u == len(unknown) or _place(known[k]) > _place(unknown[u])):
            best, k = known[k], k + 1
        else:
            best, u = unknown[u], u + 1
        chosen.append(best)
        shown += bool(best.fits)
    return chosen


def _after(before: Sequence[Cursor], chosen: Iterable[_Found]) -> tuple[Cursor, ...]:
    """Where each list goes on."""
    last = {each.list: each for each in chosen}
    return tuple(Cursor(last[n].rank, last[n].id) if n in last else cursor for n, cursor in enumerate(before))


@cache
def _whole(lists: tuple[_List, ...], reach: int) -> str:
    """The walk, with the row of each."""
    return (
        f"SELECT w.list, w.id, w.rank, w.fits, w.owner_id, {COLUMNS} FROM ({_walk(lists, '', reach)}) AS w"
        " JOIN creation AS c ON c.id = w.id JOIN account AS a ON a.id = c.owner_id"
    )


@cache
def _walk(lists: tuple[_List, ...], condition: str, reach: int) -> str:
    """Of each list the next posts: its number, id, rank, whether it fits, and whose it is. reach: written out, so that the plan
    is made for so few.
    """
    return " UNION ALL ".join(_step(n, each, condition, reach) for n, each in enumerate(lists))


def _step(n: int, walked: _List, condition: str, reach: int) -> str:
    fits = f"CASE WHEN {condition} THEN 1 ELSE 0 END" if condition else "1"
    rank, id_ = walked.rank, "t.creation_id" if walked.rank.startswith("t.") else "c.id"
    moved = " AND c.moved_us <= :as_of_us" if walked.moves else ""
    return (
        f"SELECT * FROM (SELECT {n} AS list, {id_} AS id, {rank} AS rank, {fits} AS fits, c.owner_id FROM {walked.source}"
        f" {walked.where} AND ({rank}, {id_}) < (:at{n}, :id{n}){moved} ORDER BY {rank} DESC, {id_} DESC LIMIT {reach}) AS w{n}"
    )
