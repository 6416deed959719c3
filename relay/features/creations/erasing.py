"""What becomes of creations when their owner goes: each is deleted, as by its owner."""

from msgspec.structs import replace

from relay.core.visibility import State
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.creations import changes, removals
from relay.features.creations.kinds import LOSSLESS

AT_ONCE = 20
"""Of one transaction."""


def erase_some(tx: Tx, owner_id: str) -> tuple[list[str], bool]:
    """Objects that nothing names any more, and whether there are more creations. [writer]"""
    rows = tx.db.execute(
        "SELECT id FROM creation WHERE owner_id = ? AND state <> 'deleted' ORDER BY id LIMIT ?",
        (owner_id, AT_ONCE),
    ).fetchall()
    names: list[str] = []
    for (creation_id,) in rows:
        if (was := changes.standing(tx.db, creation_id)) is not None:
            at_us = now_us()
            names += changes.delete(tx, was, at_us)
            changes.tell(tx, was, replace(was.shown, state=State.DELETED), at_us)
    return removals.begin(tx, names), len(rows) == AT_ONCE


def lossless_of(db: Connection, owner_id: str) -> list[tuple[str, str]]:
    """Name and object of each sound as it was played: the post's id, and of one that was replaced its number, too.

    [any thread with a snapshot]
    """
    return db.execute(
        "SELECT CASE WHEN v.id = c.head_version_id THEN c.id ELSE c.id || '-version-' || CAST(v.n AS TEXT) END, s.sha256"
        " FROM creation AS c JOIN creation_version AS v ON v.creation_id = c.id JOIN asset AS s ON s.version_id = v.id"
        " WHERE c.owner_id = ? AND c.state <> 'deleted' AND s.role = ? ORDER BY c.id, v.n",
        (owner_id, LOSSLESS),
    ).fetchall()
