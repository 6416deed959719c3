"""Lists of people: followers, followed, who ask, who is blocked or muted; and how two people stand to each other."""

from enum import Enum

from msgspec import Struct

from relay.core.cursor import Cursor
from relay.core.visibility import present
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.graph.blocks import blocks, is_muted
from relay.features.graph.requests import is_asked
from relay.features.graph.store import follows
from relay.wire.rest import Producer

COUNTED = 10_000
"""Of a list of people, as many are counted."""


class List(Enum):
    """Each list: its table, whose it is, who stands on it."""

    FOLLOWERS = ("follow", "followee_id", "follower_id")
    FOLLOWING = ("follow", "follower_id", "followee_id")
    REQUESTS = ("follow_request", "followee_id", "follower_id")
    BLOCKED = ("block", "blocker_id", "blocked_id")
    MUTED = ("mute", "muter_id", "muted_id")


class Relation(Struct, frozen=True, kw_only=True):
    """How somebody stands to another person."""

    follows: bool = False
    requested: bool = False
    asks: bool = False
    """The other asks to follow."""
    blocks: bool = False
    mutes: bool = False


def people(
    db: Connection, which: List, account_id: str, *, viewer: str, before: Cursor, limit: int
) -> tuple[list[Producer], list[Cursor]]:
    """Of a list before a place, the newest first, and the place of each. Who is suspended, or shares a block with the
    viewer, is left out, but of the list that is of blocks. viewer: an account id, or "". [any thread with a snapshot]
    """
    table, whose, who = which.value
    hidden = f" AND {present(f'l.{who}')}"
    rows = db.execute(
        f"SELECT l.{who}, l.created_us FROM {table} AS l WHERE l.{whose} = :of"
        f" AND (l.created_us, l.{who}) < (:at_us, :id){'' if which is List.BLOCKED else hidden}"
        f" ORDER BY l.created_us DESC, l.{who} DESC LIMIT :limit",
        {"viewer": viewer, "of": account_id, "at_us": before.at_us, "id": before.id, "limit": limit},
    ).fetchall()
    found = accounts.profiles(db, [id_ for id_, _ in rows])
    places = [Cursor(created_us, id_) for id_, created_us in rows]
    return [found[place.id] for place in places], places


def numbered(
    db: Connection, which: List, account_id: str, *, viewer: str, first: int, limit: int
) -> tuple[list[Producer], int]:
    """As `people`, from the one with this number on; and how many there are, COUNTED at most. [any thread with a snapshot]"""
    table, whose, who = which.value
    listed = f"FROM {table} AS l WHERE l.{whose} = :of AND {present(f'l.{who}')}"
    values = {"viewer": viewer, "of": account_id}
    counted = f"SELECT count(*) FROM (SELECT 1 {listed} LIMIT {COUNTED}) AS listed"
    (total,) = db.execute(counted, values).fetchone()
    rows = db.execute(
        f"SELECT l.{who} {listed} ORDER BY l.created_us DESC, l.{who} DESC LIMIT :limit OFFSET :first",
        {**values, "limit": limit, "first": first},
    ).fetchall()
    found = accounts.profiles(db, [id_ for (id_,) in rows])
    return [found[id_] for (id_,) in rows], total


def followed_or_asked(db: Connection, viewer: str | None, ids: list[str]) -> dict[str, Relation]:
    """Of some people, whether somebody follows them or waits for leave to, in two statements: for the buttons of a list, on which
    nobody stands who shares a block with them. Without the viewer; empty for nobody. [any thread with a snapshot]
    """
    if viewer is None or not ids:
        return {}
    marks = ", ".join("?" * len(ids))

    def of(table: str) -> set[str]:
        asked = f"SELECT followee_id FROM {table} WHERE follower_id = ? AND followee_id IN ({marks})"
        return {id_ for (id_,) in db.execute(asked, (viewer, *ids)).fetchall()}

    follows, requested = of("follow"), of("follow_request")
    return {id_: Relation(follows=id_ in follows, requested=id_ in requested) for id_ in ids if id_ != viewer}


def relation(db: Connection, viewer: str | None, other_id: str) -> Relation:
    """[any thread with a snapshot]"""
    if viewer is None or viewer == other_id:
        return Relation()
    return Relation(
        follows=follows(db, viewer, other_id),
        requested=is_asked(db, viewer, other_id),
        asks=is_asked(db, other_id, viewer),
        blocks=blocks(db, viewer, other_id),
        mutes=is_muted(db, viewer, other_id),
    )
