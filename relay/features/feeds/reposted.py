"""What those one follows show of others, and oneself: items of a timeline beside posts, each with who shows it and their word.

A post stands on a timeline once: not where its author is followed, whose post it is there already; and of several who show it,
by whoever did first, so that no later repost brings it back. Its place is when that was. What the viewer mutes, or may not see,
nobody shows them.
"""

from msgspec.structs import replace

from relay.core.cursor import Cursor
from relay.core.times import rfc3339
from relay.core.visibility import PUBLIC, none, not_suspended
from relay.engine.database import Connection
from relay.features.creations.api import COLUMNS, Detail, Position, detail
from relay.features.graph.api import not_muted
from relay.wire.rest import FeedPost

REASON = "repost"
NEWEST_US = "(SELECT p.created_us FROM repost AS p WHERE p.created_us > 0 ORDER BY p.created_us DESC LIMIT 1)"
"""When anybody showed anything last: a column. Mostly that is longer ago than a page reaches, and nobody is looked at."""
_IS_MINE_OR_FOLLOWED = (
    "(e.account_id = :viewer OR (SELECT 1 FROM follow AS g"
    " WHERE g.follower_id = :viewer AND g.followee_id = e.account_id) IS NOT NULL)"
)
_WAS_SHOWN = f"""SELECT 1 FROM repost AS e WHERE e.creation_id = r.creation_id
  AND (e.created_us, e.id) < (r.created_us, r.id) AND {_IS_MINE_OR_FOLLOWED}
  AND {not_muted("e.account_id")} AND {not_suspended("e.account_id")} LIMIT 1"""
_BY = f"""JOIN creation AS c ON c.id = r.creation_id
  WHERE r.created_us >= :since_us AND (r.created_us, r.id) < (:at_us, :id) AND {PUBLIC}
  AND c.owner_id <> :viewer AND {not_muted("c.owner_id")}
  AND {none("SELECT 1 FROM follow AS o WHERE o.follower_id = :viewer AND o.followee_id = c.owner_id")}
  AND {none(_WAS_SHOWN)}"""
_ITEM = "r.id, r.created_us, r.creation_id, r.account_id, r.text"
_SHOWN = f"""SELECT n.id, n.created_us, n.text, n.account_id, w.username, {COLUMNS} FROM (
    SELECT * FROM (SELECT {_ITEM} FROM follow AS f JOIN repost AS r ON r.account_id = f.followee_id {_BY}
      AND f.follower_id = :viewer AND {not_muted("f.followee_id")} AND {not_suspended("f.followee_id")}
      ORDER BY r.created_us DESC, r.id DESC LIMIT :limit) AS of0
    UNION ALL SELECT * FROM (SELECT {_ITEM} FROM repost AS r {_BY} AND r.account_id = :viewer
      ORDER BY r.created_us DESC, r.id DESC LIMIT :limit) AS of1) AS n
  JOIN account AS w ON w.id = n.account_id JOIN creation AS c ON c.id = n.creation_id
  JOIN account AS a ON a.id = c.owner_id ORDER BY n.created_us DESC, n.id DESC LIMIT :limit"""


def reposted(db: Connection, at: Position, since_us: int, base_url: str) -> list[tuple[Cursor, Detail]]:
    """At most a page and one, before the place, not before since_us; each with its place. [any thread with a snapshot]"""
    values = {
        "viewer": at.viewer,
        "at_us": at.before.at_us,
        "id": at.before.id,
        "since_us": since_us,
        "limit": at.limit + 1,
    }
    found: list[tuple[Cursor, Detail]] = []
    for id_, at_us, text, who, username, *row in db.execute(_SHOWN, values).fetchall():
        shown = detail(tuple(row), base_url, REASON)
        assert isinstance(shown.post, FeedPost), "it has a reason"
        post = replace(
            shown.post, reposted_by=username, reposted_by_id=who, repost_text=text, reposted_at=rfc3339(at_us)
        )
        found.append((Cursor(at_us, id_), replace(shown, post=post)))
    return found
