"""The lists of posts of those one follows, and of one person. Fan-out on read."""

from functools import cache

from relay.core.cursor import BEGINNING
from relay.core.visibility import FINDABLE, FINDABLE_BY_FOLLOWERS, FINDABLE_OF_FOLLOWED
from relay.engine.database import Connection
from relay.features.creations.api import NEWEST, OLDER, SELECT, Detail, Position, detail, page
from relay.features.graph.api import not_muted
from relay.wire.owning import MAX_PINNED

_IS_POST = "c.kind = 'post'"
_HEARD = not_muted("f.followee_id")
_OF = f"{SELECT} WHERE c.owner_id = :owner AND {_IS_POST} AND {FINDABLE} AND {OLDER} {NEWEST}"
# How old the newest post of each is whom the viewer follows: on a list's first page that stands with the account, …
_FRESHEST = f"""SELECT f.followee_id, a.newest_post_us FROM follow AS f JOIN account AS a ON a.id = f.followee_id
  WHERE f.follower_id = :viewer AND {_HEARD} ORDER BY a.newest_post_us DESC LIMIT :authors"""
# … and before a cursor it is one step into one index for each of them.
_FRESHEST_BEFORE = f"""SELECT f.followee_id, coalesce((SELECT c.published_us FROM creation AS c
    WHERE c.owner_id = f.followee_id AND {_IS_POST} AND {FINDABLE_BY_FOLLOWERS} AND {OLDER}
    ORDER BY c.published_us DESC, c.id DESC LIMIT 1), -1) AS newest_us
  FROM follow AS f WHERE f.follower_id = :viewer AND {_HEARD} ORDER BY newest_us DESC LIMIT :authors"""

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
    found, since_us = _freshest(db, at)
    authors = {f"author{n}": author for n, author in enumerate((at.viewer, *found))}
    return page(db, _timeline_of(len(authors)), at, base_url, "followed", since_us=since_us, **authors)


def _freshest(db: Connection, at: Position) -> tuple[list[str], int]:
    """Those followed whose posts may stand on the page, and since when posts may."""
    sql = _FRESHEST if at.before == BEGINNING else _FRESHEST_BEFORE
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
