"""The table guest."""

from msgspec import Struct

from relay.core.access import Actor
from relay.engine.database import Connection, Tx
from relay.engine.secrets_at_rest import hash_of


class Guest(Struct, frozen=True, kw_only=True):
    """taken_by: whose all that it made is now. creations: how many that was."""

    account_id: str
    taken_by: str | None
    creations: int


def insert(tx: Tx, account_id: str, token: str, at_us: int) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO guest (account_id, hash, created_us) VALUES (?, ?, ?)",
        (account_id, hash_of(token), at_us),
    )


def find(db: Connection, token: str) -> Guest | None:
    """Also one that was taken over; not one that is deleted. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT g.account_id, g.taken_by, g.taken_count FROM guest AS g JOIN account AS a ON a.id = g.account_id"
        " WHERE g.hash = ? AND (a.deleted_us IS NULL OR g.taken_by IS NOT NULL)",
        (hash_of(token),),
    ).fetchone()
    return None if row is None else Guest(account_id=row[0], taken_by=row[1], creations=row[2])


def actor(db: Connection, token: str) -> Actor | None:
    """[any thread with a snapshot]"""
    row = db.execute(
        "SELECT a.id, a.suspended_us FROM guest AS g JOIN account AS a ON a.id = g.account_id"
        " WHERE g.hash = ? AND a.deleted_us IS NULL",
        (hash_of(token),),
    ).fetchone()
    return None if row is None else Actor(user_id=row[0], is_suspended=row[1] is not None, is_guest=True)


def note_taken(tx: Tx, account_id: str, taken_by: str, count: int) -> None:
    """[writer]"""
    tx.db.execute(
        "UPDATE guest SET taken_by = ?, taken_count = ? WHERE account_id = ?", (taken_by, count, account_id)
    )


def idle(db: Connection, before_us: int, limit: int) -> list[str]:
    """Guests that were last here before then, the longest away first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT id FROM account WHERE is_guest = 1 AND deleted_us IS NULL AND active_us < ? ORDER BY active_us LIMIT ?",
        (before_us, limit),
    )
    return [id_ for (id_,) in rows.fetchall()]
