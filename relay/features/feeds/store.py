"""The lists of posts of one person."""

from relay.core.visibility import FINDABLE
from relay.engine.database import Connection
from relay.features.creations.api import IN_FEEDS, NEWEST, OLDER, SELECT, Detail, Position, detail, page
from relay.wire.owning import MAX_PINNED

_OF = f"{SELECT} WHERE c.owner_id = :owner AND {IN_FEEDS} AND {FINDABLE} AND {OLDER} {NEWEST}"
_PINNED = f"""{SELECT} WHERE c.owner_id = :owner AND c.pinned_us > 0 AND {IN_FEEDS} AND {FINDABLE}
  ORDER BY c.pinned_us DESC LIMIT {MAX_PINNED}"""
_ARCHIVED = (
    f"{SELECT} WHERE c.owner_id = :viewer AND {IN_FEEDS} AND c.state = 'archived' AND {OLDER} {NEWEST}"
)

Page = tuple[list[Detail], str | None]


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
