"""All accounts, counted: for who runs the relay."""

from msgspec import Struct

from relay.core.access import Role
from relay.engine.database import Connection


class Census(Struct, frozen=True, kw_only=True):
    """active: here since a moment. staff: moderators and admins. stored_bytes: what their creations take up."""

    accounts: int
    active: int
    suspended: int
    staff: int
    posts: int
    stored_bytes: int


def census(db: Connection, since_us: int) -> Census:
    """[any thread with a snapshot]"""
    row = db.execute(
        "SELECT count(*), count(CASE WHEN active_us >= ? THEN 1 END), count(suspended_us),"
        " count(CASE WHEN role <> ? THEN 1 END), coalesce(sum(post_count), 0), coalesce(sum(stored_bytes), 0)"
        " FROM account WHERE deleted_us IS NULL",
        (since_us, Role.USER),
    ).fetchone()
    accounts, active, suspended, staff, posts, stored_bytes = map(int, row)
    return Census(
        accounts=accounts,
        active=active,
        suspended=suspended,
        staff=staff,
        posts=posts,
        stored_bytes=stored_bytes,
    )
