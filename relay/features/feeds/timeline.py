"""What those one follows have posted, and oneself, newest first. Fan-out on read: a merge of walks, one for each author.

Two steps, so that a page costs as much among a million posts as among ten, whatever anybody has posted before.

1. The *head* of each account that is followed: when it published its newest post before the page. That stands with the
   account, and is looked for in an index only where it is on a page before this one. A page of n can only hold items of the
   n accounts whose heads are the newest, and none that is older than the oldest of those heads.
2. The *merge*: of each of these authors an index is walked from its newest item back to that head, for a page at most; the
   newest of all of them are the page. Only then are rows read.

An item has a place of its own, (at_us, id), by which walks are merged. What they show of others is a second list (reposted.py),
asked for as far back as the page of posts goes, and merged with it by those places.
"""

from functools import cache
from typing import Any

from relay.core.cursor import Cursor, write_cursor
from relay.core.visibility import FINDABLE_BY_FOLLOWERS, FINDABLE_BY_OWNER
from relay.engine.database import Connection
from relay.features.creations.api import COLUMNS, IN_FEEDS, OLDER, Detail, Position, detail
from relay.features.feeds.reposted import NEWEST_US, reposted
from relay.features.graph.api import not_muted

# -1: there is none.
_HEADS = f"""SELECT f.followee_id AS owner_id, CASE WHEN a.newest_post_us < :at_us THEN a.newest_post_us
    ELSE coalesce((SELECT c.published_us FROM creation AS c
      WHERE c.owner_id = f.followee_id AND {IN_FEEDS} AND {FINDABLE_BY_FOLLOWERS} AND {OLDER}
      ORDER BY c.published_us DESC, c.id DESC LIMIT 1), -1) END AS head_us
  FROM follow AS f JOIN account AS a ON a.id = f.followee_id
  WHERE f.follower_id = :viewer AND {not_muted("f.followee_id")}"""
_SHOWN = f"""SELECT {NEWEST_US}, newest.at_us, {COLUMNS} FROM newest JOIN creation AS c ON c.id = newest.id
  JOIN account AS a ON a.id = c.owner_id ORDER BY newest.at_us DESC, newest.id DESC"""


Item = tuple[Cursor, Detail]


def timeline(db: Connection, at: Position, base_url: str) -> tuple[list[Detail], str | None]:
    """[any thread with a snapshot]"""
    rows = _posts(db, at)
    items = [_item(row, base_url) for row in rows[: at.limit]]
    is_more = len(rows) > at.limit
    since_us = items[-1][0].at_us if is_more else 0
    newest_us = rows[0][0] if rows else since_us
    if newest_us is not None and newest_us >= since_us:
        items += reposted(db, at, since_us, base_url)
        items.sort(key=lambda item: (item[0].at_us, item[0].id), reverse=True)
    page_of, is_more = items[: at.limit], is_more or len(items) > at.limit
    return [each for _, each in page_of], write_cursor(page_of[-1][0]) if is_more else None


def _item(row: tuple[Any, ...], base_url: str) -> Item:  # any: as `detail` takes it
    found = detail(row[2:], base_url, "followed")
    return Cursor(row[1], found.post.id), found


def _posts(db: Connection, at: Position) -> list[tuple[Any, ...]]:
    """When anybody showed anything of others last, the place of the post, and COLUMNS; one more row than fits the page."""
    values: dict[str, str | int] = {
        "viewer": at.viewer,
        "at_us": at.before.at_us,
        "id": at.before.id,
        "limit": at.limit + 1,
    }
    if db.has_lateral:
        return db.execute(_at_once(at.limit + 1), values).fetchall()
    found, since_us = _freshest(db, at)
    values |= {f"author{n}": author for n, author in enumerate(found)}
    return db.execute(_merge(len(found)), values | {"since_us": since_us}).fetchall()


def _walk(author: str, findable: str, since_us: str, rows: str) -> str:
    """The items of one author that are older than the cursor, newest first. All of SQL; findable: a condition of visibility.py."""
    return f"""SELECT c.id, c.published_us AS at_us FROM creation AS c
    WHERE c.owner_id = {author} AND {IN_FEEDS} AND c.published_us >= {since_us} AND {findable} AND {OLDER}
    ORDER BY c.published_us DESC, c.id DESC LIMIT {rows}"""


@cache
def _at_once(rows: int) -> str:
    """Both steps in one statement. rows: with the one that says that there is more; written out, so that the plan is made
    for so few.
    """
    where_and_how_many = "(SELECT us FROM since)", str(rows)
    of_one = _walk("author.owner_id", FINDABLE_BY_FOLLOWERS, *where_and_how_many)
    own = _walk(":viewer", FINDABLE_BY_OWNER, *where_and_how_many)
    return f"""WITH head AS MATERIALIZED ({_HEADS}),
  since AS MATERIALIZED (SELECT coalesce(
    (SELECT head_us FROM head WHERE head_us >= 0 ORDER BY head_us DESC LIMIT 1 OFFSET {rows - 1}), 0) AS us),
  author AS (SELECT owner_id FROM head WHERE head_us >= (SELECT us FROM since)),
  newest AS MATERIALIZED (
    SELECT of_one.id, of_one.at_us FROM author CROSS JOIN LATERAL ({of_one}) AS of_one
    UNION ALL SELECT * FROM ({own}) AS own ORDER BY at_us DESC, id DESC LIMIT {rows})
{_SHOWN}"""


def _freshest(db: Connection, at: Position) -> tuple[list[str], int]:
    """Those followed whose items may stand on the page, and since when items may."""
    sql = f"{_HEADS} ORDER BY head_us DESC LIMIT :authors"
    asked = needed = at.limit + 1
    while True:
        asked += 1
        values = {"viewer": at.viewer, "at_us": at.before.at_us, "id": at.before.id, "authors": asked}
        found = [each for each in db.execute(sql, values).fetchall() if each[1] >= 0]
        since_us = found[needed - 1][1] if len(found) >= needed else 0
        if len(found) < asked or found[-1][1] < since_us:
            return [author for author, head_us in found if head_us >= since_us], since_us
        asked *= 2  # more items of the same microsecond than there is room for: their ids decide


@cache
def _merge(authors: int) -> str:
    """The second step, of so many authors. (`MATERIALIZED`, or SQLite would merge walk with walk with walk, each row through all.)"""
    walks = [_walk(":viewer", FINDABLE_BY_OWNER, ":since_us", ":limit")]
    walks += [_walk(f":author{n}", FINDABLE_BY_FOLLOWERS, ":since_us", ":limit") for n in range(authors)]
    united = " UNION ALL ".join(f"SELECT * FROM ({walk}) AS of{n}" for n, walk in enumerate(walks))
    return f"""WITH walked AS MATERIALIZED ({united}),
  newest AS (SELECT id, at_us FROM walked ORDER BY at_us DESC, id DESC LIMIT :limit)
{_SHOWN}"""
