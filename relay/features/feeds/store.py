"""The lists of posts of those one follows, and of one person. Fan-out on read."""

from functools import cache

from relay.core.cursor import BEGINNING
from relay.core.visibility import FINDABLE, FINDABLE_BY_FOLLOWERS, FINDABLE_OF_FOLLOWED
from relay.engine.database import Connection
from relay.features.creations.api import COLUMNS, NEWEST, OLDER, SELECT, Detail, Position, detail, page
from relay.features.graph.api import not_muted
from relay.wire.owning import MAX_PINNED

_IS_POST = "c.kind = 'post'"
_HEARD = not_muted("f.followee_id")
_OF = f"{SELECT} WHERE c.owner_id = :owner AND {_IS_POST} AND {FINDABLE} AND {OLDER} {NEWEST}"
# How old the newest post of each is whom the viewer follows: on a list's first page that stands with the account, …
_FOLLOWED = f"""SELECT f.followee_id AS owner_id, a.newest_post_us AS newest_us
  FROM follow AS f JOIN account AS a ON a.id = f.followee_id WHERE f.follower_id = :viewer AND {_HEARD}"""
# … and before a cursor it is one step into one index for each of them.
_FOLLOWED_BEFORE = f"""SELECT f.followee_id AS owner_id, coalesce((SELECT c.published_us FROM creation AS c
    WHERE c.owner_id = f.followee_id AND {_IS_POST} AND {FINDABLE_BY_FOLLOWERS} AND {OLDER}
    ORDER BY c.published_us DESC, c.id DESC LIMIT 1), -1) AS newest_us
  FROM follow AS f WHERE f.follower_id = :viewer AND {_HEARD}"""

_PINNED = f"""{SELECT} WHERE c.owner_id = :owner AND c.pinned_us > 0 AND {_IS_POST} AND {FINDABLE}
  ORDER BY c.pinned_us DESC LIMIT {MAX_PINNED}"""
_ARCHIVED = (
    f"{SELECT} WHERE c.owner_id = :viewer AND {_IS_POST} AND c.state = 'archived' AND {OLDER} {NEWEST}"
)

Page = tuple[list[Detail], str | None]


def timeline(db: Connection, at: Position, base_url: str) -> Page:
    """Of those the viewer follows, and the viewer's own. [any thread with a snapshot]

    A page of n can only hold posts of the n authors whose newest posts are the newest, and none older than the oldest of
    those: so the cost does not grow with what anybody has posted before.
    """
    if db.has_lateral:
        return page(db, _timeline_at_once(at.before == BEGINNING, at.limit + 1), at, base_url, "followed")
    found, since_us = _freshest(db, at)
    authors = {f"author{n}": author for n, author in enumerate((at.viewer, *found))}
    return page(db, _timeline_of(len(authors)), at, base_url, "followed", since_us=since_us, **authors)


@cache
def _timeline_at_once(is_first: bool, rows: int) -> str:
    """All of it in one statement. rows: with the one that says that there is more; written out, so that the plan is made
    for so few.
    """
    newest = f"ORDER BY published_us DESC, id DESC LIMIT {rows}"
    return f"""WITH followed AS MATERIALIZED ({_FOLLOWED if is_first else _FOLLOWED_BEFORE}),
  since AS MATERIALIZED (SELECT coalesce(
    (SELECT newest_us FROM followed WHERE newest_us >= 0 ORDER BY newest_us DESC LIMIT 1 OFFSET {rows - 1}), 0) AS us),
  author AS (SELECT owner_id FROM followed WHERE newest_us >= (SELECT us FROM since)
    UNION ALL SELECT CAST(:viewer AS TEXT)),
  newest AS MATERIALIZED (SELECT one.id, one.published_us FROM author CROSS JOIN LATERAL (
    SELECT c.id, c.published_us FROM creation AS c WHERE c.owner_id = author.owner_id AND {_IS_POST}
      AND c.published_us >= (SELECT us FROM since) AND {FINDABLE_OF_FOLLOWED} AND {OLDER} {newest}) AS one {newest})
SELECT {COLUMNS} FROM newest JOIN creation AS c ON c.id = newest.id JOIN account AS a ON a.id = c.owner_id
ORDER BY c.published_us DESC, c.id DESC"""


def _freshest(db: Connection, at: Position) -> tuple[list[str], int]:
    """Those followed whose posts may stand on the page, and since when posts may."""
    sql = _FOLLOWED if at.before == BEGINNING else _FOLLOWED_BEFORE
    sql += " ORDER BY newest_us DESC LIMIT :authors"
    asked = needed = at.limit + 1
    while True:
        asked += 1
        values = {"viewer": at.viewer, "at_us": at.before.at_us, "id": at.before.id, "authors": asked}
        found = [each for each in db.execute(sql, values).fetchall() if each[1] >= 0]
        since_us = found[needed - 1][1] if len(found) >= needed else 0
        if len(found) < asked or found[-1][1] < since_us:
            return [author for author, newest_us in found if newest_us >= since_us], since_us
        asked *= 2  # more posts of the same microsecond than there is room for: their ids decide


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
    return page(db, _OF, at, base_url, "author", owner=owner_id)


def pinned(db: Connection, owner_id: str, viewer: str, base_url: str) -> list[Detail]:
    """What one person has pinned, the newest pin first. [any thread with a snapshot]"""
    rows = db.execute(_PINNED, {"owner": owner_id, "viewer": viewer}).fetchall()
    return [detail(row, base_url, "pinned") for row in rows]


def archived(db: Connection, at: Position, base_url: str) -> Page:
    """What the viewer has archived. [any thread with a snapshot]"""
    return page(db, _ARCHIVED, at, base_url, "archived")
