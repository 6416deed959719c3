"""The lists of posts: of everybody, of those one follows, of one person. Fan-out on read."""

from relay.core.visibility import FINDABLE, PUBLIC
from relay.engine.database import Connection
from relay.features.creations.api import NEWEST, OLDER, SELECT, Detail, Position, page

_IS_POST = "c.kind = 'post'"
_GLOBAL = f"{SELECT} WHERE {_IS_POST} AND {PUBLIC} AND {OLDER} {NEWEST}"
_OF = f"{SELECT} WHERE c.owner_id = :owner AND {_IS_POST} AND {FINDABLE} AND {OLDER} {NEWEST}"
# The newest of each author followed, merged. Each branch walks one author's index.
_TIMELINE = f"""{SELECT} WHERE c.id IN (
  SELECT c.id FROM (SELECT followee_id AS author FROM follow WHERE follower_id = :viewer UNION ALL SELECT :viewer) AS heard
  JOIN creation AS c ON c.owner_id = heard.author
  WHERE {_IS_POST} AND {FINDABLE} AND {OLDER} {NEWEST}) {NEWEST}"""

Page = tuple[list[Detail], str | None]


def newest(db: Connection, at: Position, base_url: str) -> Page:
    """Everybody's. [any thread with a snapshot]"""
    return page(db, _GLOBAL, at, base_url)


def timeline(db: Connection, at: Position, base_url: str) -> Page:
    """Of those the viewer follows, and the viewer's own. [any thread with a snapshot]"""
    return page(db, _TIMELINE, at, base_url)


def of(db: Connection, owner_id: str, at: Position, base_url: str) -> Page:
    """One person's. [any thread with a snapshot]"""
    return page(db, _OF, at, base_url, owner=owner_id)
