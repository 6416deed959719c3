"""Everybody's patterns by pages: of the newest two thousand machines and as many patterns by steps, so that a page costs the same however
many there are.
"""

from msgspec import Struct

from relay.core.folding import folded
from relay.core.visibility import PUBLIC
from relay.engine.database import Connection
from relay.features.creations import api as creations
from relay.features.graph.api import not_muted
from relay.features.studio import store
from relay.features.studio.beat_views import KINDS
from relay.wire.creations import CreationItem

REACH = 2_000
"""Of each kind."""
MAX_SEARCH = 1_000
ORDERS = {
    "recent": "c.published_us DESC, c.id DESC",
    "popular": "c.play_count DESC, c.published_us DESC, c.id DESC",
    "liked": "c.like_count DESC, c.published_us DESC, c.id DESC",
}


class Asked(Struct, frozen=True, kw_only=True):
    """style, owner_id, words: only those. viewer: an account id, or ""."""

    viewer: str
    sort: str
    style: str | None
    owner_id: str | None
    words: str
    first: int
    limit: int


def _newest(kind: str, columns: str) -> str:
    """SQL: what is for everybody of a kind. play_count, which no index has: PostgreSQL would read the index of what followers find, owner
    by owner, and sort all of it, where nothing but what that has is asked for.
    """
    return (
        f"SELECT * FROM (SELECT {columns} FROM creation AS c WHERE c.kind = '{kind}' AND {PUBLIC} AND c.play_count >= 0"
        f" ORDER BY c.published_us DESC, c.id DESC LIMIT {REACH}) AS {kind}s"
    )


def newest(columns: str) -> str:
    """SQL: `columns` of `creation AS c`, of what is for everybody, of both kinds. Asks for :viewer. [any]"""
    return " UNION ALL ".join(_newest(kind, columns) for kind in KINDS)


_COLUMNS = "c.id, c.owner_id, c.title, c.card, c.play_count, c.like_count, c.published_us"
_FOUND = f"FROM ({newest(_COLUMNS)}) AS c WHERE {not_muted('c.owner_id')}"


def listed(db: Connection, asked: Asked, base_url: str) -> tuple[list[CreationItem], int]:
    """A page, and how many there are. [any thread with a snapshot]"""
    wanted, values = _FOUND, {"viewer": asked.viewer}
    if asked.style is not None:
        wanted += " AND c.card LIKE :style"
        values["style"] = (
            f'%"style":"{asked.style}"%'  # nobody can write that into another field: it would be escaped
        )
    if asked.owner_id is not None:
        wanted += " AND c.owner_id = :owner"
        values["owner"] = asked.owner_id
    order = f"ORDER BY {ORDERS[asked.sort]}"
    if asked.words:
        ids = _matching(db, f"SELECT c.id, c.title, c.card {wanted} {order}", values, asked.words)
        page, total = ids[asked.first : asked.first + asked.limit], len(ids)
    else:
        rows = db.execute(
            f"SELECT c.id, count(*) OVER () {wanted} {order} LIMIT :limit OFFSET :first",
            {**values, "limit": asked.limit, "first": asked.first},
        ).fetchall()
        page, total = [id_ for id_, _ in rows], rows[0][1] if rows else 0
        if asked.first and not rows:  # behind the end, where nothing says how many there are
            (total,) = db.execute(f"SELECT count(*) {wanted}", values).fetchone()
    return store.by_ids(db, page, asked.viewer, base_url), total


def _matching(db: Connection, sql: str, values: dict[str, str], words: str) -> list[str]:
    """Ids of those whose title or description has the words as they stand."""
    looked_for = folded(words)
    return [
        id_
        for id_, title, card in db.execute(sql, values).fetchall()
        if looked_for in folded(f"{title} {creations.read_card(card).description}", MAX_SEARCH)
    ]
