"""What somebody is told of their own posts: of each day and of each post, and where in one people stop."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from relay.core.access import Action, Actor, authorize
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection
from relay.features.analytics.events import DAY_US
from relay.features.analytics.telling import date_of, told
from relay.features.creations import api as creations
from relay.wire.analytics import (
    LEAST,
    MAX_NUMBERED,
    STOP_BINS,
    DayNumbers,
    OwnNumbers,
    PostNumbers,
    PostOverTime,
)

_MINE = f"c.owner_id = :me AND c.state <> 'deleted' AND {creations.is_one_with(creations.Ability.REACT)}"
_SAID = {
    "likes": "creation_like AS t ON t.creation_id = c.id AND t.created_us >= :since AND t.account_id <> c.owner_id",
    "reactions": "reaction AS t ON t.creation_id = c.id AND t.created_us >= :since AND t.account_id <> c.owner_id",
    "comments": "comment AS t ON t.creation_id = c.id AND t.created_us >= :since AND t.author_id <> c.owner_id"
    " AND t.state = 'ready'",
    "reposts": "repost AS t ON t.creation_id = c.id AND t.created_us >= :since AND t.account_id <> c.owner_id",
}
"""What others said to what is one's own."""
Daily = dict[int, int]


class Range(Struct, frozen=True, kw_only=True):
    """Days since 1970, with both ends."""

    first: int
    last: int

    @classmethod
    def of(cls, days: int) -> "Range":
        """So many until today."""
        today = now_us() // DAY_US
        return cls(first=today - days + 1, last=today)

    @property
    def days(self) -> range:
        return range(self.first, self.last + 1)


class _Post(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    listeners: int
    said: dict[str, int]


def own_numbers(db: Connection, me: str, within: Range, base_url: str) -> OwnNumbers:
    """[any thread with a snapshot]"""
    said, of_posts = _said(db, me, within)
    listeners = _counted(db, "audience", me, within)
    plays = _plays(db, me, within)
    followers = _followers(db, me, within)
    return OwnNumbers(
        days=[
            _day(
                day,
                plays.get(day, 0),
                listeners.get(day, 0),
                {k: v.get(day, 0) for k, v in said.items()},
                followers[day],
            )
            for day in within.days
        ],
        posts=[_told_post(each, base_url) for each in _posts(db, me, within, of_posts)],
        least=LEAST,
        counted_at=counted_at(db),
    )


def post_numbers(db: Connection, actor: Actor, post_id: str, within: Range, base_url: str) -> PostOverTime:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    values = {"id": post_id}
    row = db.execute(
        "SELECT c.owner_id, c.title FROM creation AS c WHERE c.id = :id AND c.state <> 'deleted'", values
    ).fetchone()
    if row is None:
        raise Refusal("not_found", "There is no such post.")
    authorize(actor, Action.NUMBERS_OF_POST, row[0])
    said, of_posts = _said(db, row[0], within, post_id)
    plays, listeners = (_counted(db, metric, post_id, within) for metric in ("plays", "listeners"))
    post = _Post(id=post_id, title=row[1], listeners=_enough(listeners), said=of_posts[post_id])
    return PostOverTime(
        post=_told_post(post, base_url),
        days=[
            _day(
                day,
                plays.get(day, 0),
                listeners.get(day, 0),
                {k: v.get(day, 0) for k, v in said.items()},
                None,
            )
            for day in within.days
        ],
        stops=_stops(db, post_id, within),
        least=LEAST,
        counted_at=counted_at(db),
    )


def counted_at(db: Connection) -> str | None:
    """When today was counted last. [any thread with a snapshot]"""
    asked = "SELECT at_us FROM analytics_counted WHERE day = ?"
    row = db.execute(asked, (now_us() // DAY_US,)).fetchone()
    return None if row is None else rfc3339(row[0])


def _day(day: int, plays: int, listeners: int, said: dict[str, int], followers: int | None) -> DayNumbers:
    return DayNumbers(
        day=date_of(day),
        plays=plays if listeners >= LEAST else None,
        listeners=told(listeners),
        followers=followers,
        **said,
    )


def _enough(listeners: Daily) -> int:
    """Of the days that are told."""
    return sum(n for n in listeners.values() if n >= LEAST)


def _told_post(post: _Post, base_url: str) -> PostNumbers:
    said = {name: post.said.get(name, 0) for name in _SAID}
    return PostNumbers(
        id=post.id,
        title=post.title,
        page_url=f"{base_url}{creations.PAGE_PATH}{post.id}",
        listeners=post.listeners or None,
        **said,
    )


def _counted(db: Connection, metric: str, about: str, within: Range) -> Daily:
    asked = "SELECT day, n FROM analytics_count WHERE about = ? AND metric = ? AND day BETWEEN ? AND ?"
    return dict(db.execute(asked, (about, metric, within.first, within.last)).fetchall())


def _plays(db: Connection, me: str, within: Range) -> Daily:
    asked = (
        "SELECT n.day, sum(n.n) FROM creation AS c JOIN analytics_count AS n ON n.about = c.id AND n.metric = 'plays'"
        f" AND n.day BETWEEN :first AND :last WHERE {_MINE} GROUP BY n.day"
    )
    values = {"me": me, "first": within.first, "last": within.last}
    return {day: int(n) for day, n in db.execute(asked, values).fetchall()}


def _said(
    db: Connection, me: str, within: Range, post_id: str | None = None
) -> tuple[dict[str, Daily], dict[str, dict[str, int]]]:
    """How often of each day, and of each post. post_id: of this one alone."""
    values = {"me": me, "since": within.first * DAY_US} | ({} if post_id is None else {"id": post_id})
    which = _MINE if post_id is None else f"{_MINE} AND c.id = :id"
    of_days: dict[str, Daily] = {name: defaultdict(int) for name in _SAID}
    of_posts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_SAID, 0))
    for name, joined in _SAID.items():
        asked = f"SELECT c.id, t.created_us / {DAY_US}, count(*) FROM creation AS c JOIN {joined} WHERE {which} GROUP BY 1, 2"
        for id_, day, n in db.execute(asked, values).fetchall():
            of_days[name][day] += n
            of_posts[id_][name] += n
    return of_days, of_posts


def _posts(db: Connection, me: str, within: Range, said: dict[str, dict[str, int]]) -> Sequence[_Post]:
    """Those most heard, then the newest."""
    asked = (
        "SELECT c.id, c.title, coalesce(sum(n.n), 0) FROM creation AS c LEFT JOIN analytics_count AS n ON n.about = c.id"
        f" AND n.metric = 'listeners' AND n.day BETWEEN :first AND :last AND n.n >= {LEAST} WHERE {_MINE}"
        f" GROUP BY c.id, c.title, c.published_us ORDER BY 3 DESC, c.published_us DESC, c.id DESC LIMIT {MAX_NUMBERED}"
    )
    values = {"me": me, "first": within.first, "last": within.last}
    return [
        _Post(id=id_, title=title, listeners=int(n), said=said.get(id_, {}))
        for id_, title, n in db.execute(asked, values).fetchall()
    ]


def _followers(db: Connection, me: str, within: Range) -> Daily:
    """At the end of each day, of who follows today."""
    asked = (
        f"SELECT CASE WHEN created_us < :since THEN -1 ELSE created_us / {DAY_US} END, count(*) FROM follow"
        " WHERE followee_id = :me GROUP BY 1"
    )
    values = {"me": me, "since": within.first * DAY_US}
    new: Daily = dict(db.execute(asked, values).fetchall())
    total, found = new.get(-1, 0), Daily()
    for day in within.days:
        total += new.get(day, 0)
        found[day] = total
    return found


def _stops(db: Connection, post_id: str, within: Range) -> list[int] | None:
    asked = "SELECT day, slot, n FROM analytics_count WHERE about = ? AND metric = 'stops' AND day BETWEEN ? AND ?"
    of_days: dict[int, dict[int, int]] = defaultdict(dict)
    for day, slot, n in db.execute(asked, (post_id, within.first, within.last)).fetchall():
        of_days[day][int(slot)] = n
    enough = [each for each in of_days.values() if sum(each.values()) >= LEAST]
    return [sum(each.get(slot, 0) for each in enough) for slot in range(STOP_BINS)] if enough else None
