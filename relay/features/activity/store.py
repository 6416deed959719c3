"""What people did with patterns, read of the rows that say so: of each kind of deed the newest, then all of them in one order."""

from hashlib import sha256
from typing import Literal, NamedTuple

from relay.core.dashed_ids import dashed
from relay.core.times import rfc3339
from relay.core.visibility import FINDABLE, present
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.comments import api as comments
from relay.features.creations import api as creations
from relay.features.graph.api import not_muted
from relay.features.studio import api as studio
from relay.wire.beat_people import Activity, PatternNamed
from relay.wire.rest import Producer

MAX_EACH = 1_000
"""Of one kind of deed."""
Deed = Literal["pattern_created", "pattern_liked", "comment_created", "user_followed"]
_PATTERNS = f"c.kind IN ({', '.join(repr(each) for each in studio.PATTERN_KINDS)})"
_BY_FOLLOWED = (
    f"JOIN follow AS me ON me.follower_id = :viewer AND me.followee_id = {{who}} WHERE {not_muted('{who}')}"
)
_NEWEST = "ORDER BY 3 DESC, 1 DESC LIMIT :most"
_DEEDS: dict[Deed, str] = {
    "pattern_created": f"SELECT c.id, c.owner_id, c.published_us, c.id FROM creation AS c"
    f" {_BY_FOLLOWED.format(who='c.owner_id')} AND {_PATTERNS} AND c.published_us >= :since AND {FINDABLE} {_NEWEST}",
    "pattern_liked": f"SELECT l.id, l.account_id, l.created_us, c.id FROM creation_like AS l"
    f" JOIN creation AS c ON c.id = l.creation_id {_BY_FOLLOWED.format(who='l.account_id')}"
    f" AND {_PATTERNS} AND l.created_us >= :since AND {present('l.account_id')} AND {FINDABLE} {_NEWEST}",
    "comment_created": f"SELECT k.id, k.author_id, k.created_us, c.id FROM comment AS k {comments.JOINED}"
    f" {_BY_FOLLOWED.format(who='k.author_id')}"
    f" AND {_PATTERNS} AND k.created_us >= :since AND {comments.FOUND} {_NEWEST}",
    "user_followed": f"SELECT g.follower_id, g.follower_id, g.created_us, g.followee_id FROM follow AS g"
    f" {_BY_FOLLOWED.format(who='g.follower_id')} AND g.created_us >= :since AND g.followee_id <> :viewer"
    f" AND {present('g.follower_id')} AND {present('g.followee_id')} {_NEWEST}",
}


class _Row(NamedTuple):
    """about: a creation, or whom somebody follows."""

    at_us: int
    id: str
    deed: Deed
    who: str
    about: str


def page(db: Connection, viewer: str, since_us: int, first: int, limit: int) -> tuple[list[Activity], int]:
    """The newest first, and how many there are since then. [any thread with a snapshot]"""
    values = {"viewer": viewer, "since": since_us, "most": MAX_EACH}
    found = [
        _Row(at_us, _id_of(deed, id_, about), deed, who, about)
        for deed, sql in _DEEDS.items()
        for id_, who, at_us, about in db.execute(sql, values).fetchall()
    ]
    found.sort(reverse=True)
    shown = found[first : first + limit]
    named = {each.about for each in shown if each.deed == "user_followed"}
    people = accounts.profiles(db, sorted({each.who for each in shown} | named))
    titles = creations.readable_titles(db, sorted({each.about for each in shown} - named), viewer)
    return [_told(each, people, titles) for each in shown], len(found)


def _told(row: _Row, people: dict[str, Producer], titles: dict[str, str]) -> Activity:
    is_follow = row.deed == "user_followed"
    return Activity(
        id=dashed(row.id),
        type=row.deed,
        user=studio.author_of(people[row.who]),
        created_at=rfc3339(row.at_us),
        pattern=None if is_follow else PatternNamed(id=dashed(row.about), title=titles[row.about]),
        target_user=studio.author_of(people[row.about]) if is_follow else None,
    )


def _id_of(deed: Deed, id_: str, about: str) -> str:
    """A follow has no id of its own."""
    return sha256((id_ + about).encode()).hexdigest()[:32] if deed == "user_followed" else id_
