"""Whom to follow and which tags to look at, for somebody who follows nobody yet: of what is hot, and of what was posted lately."""

from relay.core.visibility import PUBLIC
from relay.engine.clock import now_us
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.creations.api import IN_FEEDS
from relay.features.feeds.ranking import KNOWN_TO
from relay.features.graph.api import not_muted
from relay.wire.rest import Producer
from relay.wire.search import TagCount

REACH = 100
"""Posts of each list that are looked at."""
TAG_REACH = 2_000
TAG_SPAN_US = 14 * 86_400_000_000
MAX_PEOPLE, MAX_TAGS = 12, 24
_HOT = " UNION ALL ".join(
    f"SELECT * FROM (SELECT c.owner_id, c.hot_us FROM creation AS c WHERE {IN_FEEDS} AND {PUBLIC}"
    f" AND {not_muted('c.owner_id')} AND c.people {which} ORDER BY c.hot_us DESC, c.id DESC LIMIT {REACH}) AS h{n}"
    for n, which in enumerate((f">= {KNOWN_TO}", f"< {KNOWN_TO}"))
)
_FOLLOWED = "SELECT followee_id FROM follow WHERE follower_id = :viewer AND followee_id IN ({marks})"
_TAGS = f"""SELECT g.tag, count(DISTINCT p.owner_id) AS people, count(*) AS posts FROM (
    SELECT c.id, c.owner_id FROM creation AS c WHERE {IN_FEEDS} AND {PUBLIC} AND {not_muted("c.owner_id")}
      AND c.published_us > :since_us
    ORDER BY c.published_us DESC, c.id DESC LIMIT {TAG_REACH}) AS p
  JOIN creation_tag AS g ON g.creation_id = p.id GROUP BY g.tag ORDER BY people DESC, posts DESC, g.tag LIMIT {MAX_TAGS}"""


def people(db: Connection, viewer: str) -> list[Producer]:
    """Whose posts are hot, and whom the viewer does not follow. [any thread with a snapshot]"""
    rows = sorted(db.execute(_HOT, {"viewer": viewer}).fetchall(), key=lambda row: row[1], reverse=True)
    owners = [owner for owner in dict.fromkeys(owner for owner, _ in rows) if owner != viewer]
    if not owners:
        return []
    marks = {f"o{n}": owner for n, owner in enumerate(owners)}
    sql = _FOLLOWED.format(marks=", ".join(f":{mark}" for mark in marks))
    followed = {owner for (owner,) in db.execute(sql, {"viewer": viewer, **marks}).fetchall()}
    chosen = [owner for owner in owners if owner not in followed][:MAX_PEOPLE]
    found = accounts.profiles(db, chosen)
    return [found[owner] for owner in chosen if owner in found]


def tags(db: Connection, viewer: str) -> list[TagCount]:
    """Of the last two weeks, those that most people used. [any thread with a snapshot]"""
    values = {"viewer": viewer, "since_us": now_us() - TAG_SPAN_US}
    return [TagCount(tag=tag, posts=posts) for tag, _, posts in db.execute(_TAGS, values).fetchall()]
