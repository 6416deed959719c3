"""The lists of posts: of everybody, of those one follows, of one person. Fan-out on read."""

from functools import cache

from relay.core.visibility import FINDABLE, FINDABLE_OF_FOLLOWED, PUBLIC
from relay.engine.database import Connection
from relay.features.creations.api import NEWEST, OLDER, SELECT, Detail, Position, page

_IS_POST = "c.kind = 'post'"
_GLOBAL = f"{SELECT} WHERE {_IS_POST} AND {PUBLIC} AND {OLDER} {NEWEST}"
_OF = f"{SELECT} WHERE c.owner_id = :owner AND {_IS_POST} AND {FINDABLE} AND {OLDER} {NEWEST}"
# Whose newest post (before the page) is how old: one step into one index for each author that the viewer hears of.
_AUTHORS = f"""SELECT heard.author, (SELECT c.published_us FROM creation AS c
    WHERE c.owner_id = heard.author AND {_IS_POST} AND {FINDABLE_OF_FOLLOWED} AND {OLDER}
    ORDER BY c.published_us DESC, c.id DESC LIMIT 1) AS newest_us
  FROM (SELECT followee_id AS author FROM follow WHERE follower_id = :viewer UNION ALL SELECT :viewer) AS heard"""
_FRESHEST = f"""WITH authors AS MATERIALIZED ({_AUTHORS})
  SELECT author, newest_us FROM authors WHERE newest_us IS NOT NULL ORDER BY newest_us DESC LIMIT :limit"""

Page = tuple[list[Detail], str | None]


def newest(db: Connection, at: Position, base_url: str) -> Page:
    """Everybody's. [any thread with a snapshot]"""
    return page(db, _GLOBAL, at, base_url)


def timeline(db: Connection, at: Position, base_url: str) -> Page:
    """Of those the viewer follows, and the viewer's own. [any thread with a snapshot]

    A page of n can only hold posts of the n authors whose newest posts are the newest, and none older than the oldest of
    those: so the cost does not grow with what anybody has posted before.
    """
    values = {"viewer": at.viewer, "at_us": at.before.at_us, "id": at.before.id, "limit": at.limit + 1}
    found = db.execute(_FRESHEST, values).fetchall()
    if not found:
        return [], None
    since_us = found[-1][1] if len(found) > at.limit else 0
    authors = {f"author{n}": author for n, (author, _) in enumerate(found)}
    return page(db, _timeline_of(len(found)), at, base_url, since_us=since_us, **authors)


@cache
def _timeline_of(authors: int) -> str:
    """The newest of so many authors, merged; each branch walks one author's index, for a page at most."""
    branches = " UNION ALL ".join(
        f"SELECT id FROM (SELECT c.id FROM creation AS c WHERE c.owner_id = :author{n} AND {_IS_POST}"
        f" AND c.published_us >= :since_us AND {FINDABLE_OF_FOLLOWED} AND {OLDER} {NEWEST}) AS of{n}"
        for n in range(authors)
    )
    return f"{SELECT} WHERE c.id IN ({branches}) {NEWEST}"


def of(db: Connection, owner_id: str, at: Position, base_url: str) -> Page:
    """One person's. [any thread with a snapshot]"""
    return page(db, _OF, at, base_url, owner=owner_id)
