"""The tables block and mute: who is kept away from whom, and of whom somebody wants to hear nothing."""

from relay.core.visibility import none
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.graph.store import end_follow, tell_parted
from relay.features.live import api as live


def not_muted(account_id: str) -> str:
    """Whether :viewer wants to see what an account makes: a condition for lists of many people's. account_id: SQL. [any]

    Whether the viewer mutes anybody is asked once for a statement; of whom, for each row, only if so. (In order, so that
    PostgreSQL does not take a walk through the table for the shorter way to any one.)
    """
    anybody = "SELECT 1 FROM mute WHERE muter_id = :viewer ORDER BY muted_id LIMIT 1"
    this_one = f"SELECT 1 FROM mute AS m WHERE m.muter_id = :viewer AND m.muted_id = {account_id}"
    return f"({none(anybody)} OR {none(this_one)})"


def block(tx: Tx, blocker_id: str, blocked_id: str) -> None:
    """Neither follows the other, nor asks to, any more; the devices of both forget the other's posts. [writer]"""
    if not _put(tx, "block", "blocker_id", "blocked_id", blocker_id, blocked_id):
        return
    for one, other in ((blocker_id, blocked_id), (blocked_id, blocker_id)):
        end_follow(tx, one, other)
        tell_parted(tx, one, other)
        tx.db.execute("DELETE FROM follow_request WHERE followee_id = ? AND follower_id = ?", (one, other))
    tx.effects.append(
        live.Blocked(commit=tx.commit, blocker_id=blocker_id, blocked_id=blocked_id, blocked=True)
    )


def unblock(tx: Tx, blocker_id: str, blocked_id: str) -> None:
    """[writer]"""
    gone = _drop(tx, "block", "blocker_id", "blocked_id", blocker_id, blocked_id)
    if not gone or are_blocked(tx.db, blocker_id, blocked_id):
        return
    tx.effects.append(
        live.Blocked(commit=tx.commit, blocker_id=blocker_id, blocked_id=blocked_id, blocked=False)
    )
    for one, other in ((blocker_id, blocked_id), (blocked_id, blocker_id)):
        if is_muted(tx.db, one, other):
            tx.effects.append(live.Muted(commit=tx.commit, muter_id=one, muted_id=other, muted=True))


def mute(tx: Tx, muter_id: str, muted_id: str) -> None:
    """The other does not learn of it. [writer]"""
    if _put(tx, "mute", "muter_id", "muted_id", muter_id, muted_id):
        tx.effects.append(live.Muted(commit=tx.commit, muter_id=muter_id, muted_id=muted_id, muted=True))


def unmute(tx: Tx, muter_id: str, muted_id: str) -> None:
    """[writer]"""
    gone = _drop(tx, "mute", "muter_id", "muted_id", muter_id, muted_id)
    if gone and not are_blocked(tx.db, muter_id, muted_id):
        tx.effects.append(live.Muted(commit=tx.commit, muter_id=muter_id, muted_id=muted_id, muted=False))


def are_blocked(db: Connection, one: str, other: str) -> bool:
    """Whether one of both blocks the other. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT 1 FROM block WHERE (blocker_id = ? AND blocked_id = ?) OR (blocker_id = ? AND blocked_id = ?)",
        (one, other, other, one),
    )
    return found.fetchone() is not None


def blocks(db: Connection, blocker_id: str, blocked_id: str) -> bool:
    """[any thread with a snapshot]"""
    asked = "SELECT 1 FROM block WHERE blocker_id = ? AND blocked_id = ?"
    return db.execute(asked, (blocker_id, blocked_id)).fetchone() is not None


def is_muted(db: Connection, muter_id: str, muted_id: str) -> bool:
    """[any thread with a snapshot]"""
    asked = "SELECT 1 FROM mute WHERE muter_id = ? AND muted_id = ?"
    return db.execute(asked, (muter_id, muted_id)).fetchone() is not None


def _put(tx: Tx, table: str, doer: str, other: str, doer_id: str, other_id: str) -> bool:
    """Whether it is new."""
    new = tx.db.execute(
        f"INSERT INTO {table} ({doer}, {other}, created_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
        (doer_id, other_id, now_us()),
    )
    return new.fetchone() is not None


def _drop(tx: Tx, table: str, doer: str, other: str, doer_id: str, other_id: str) -> bool:
    """Whether there was one."""
    gone = tx.db.execute(
        f"DELETE FROM {table} WHERE {doer} = ? AND {other} = ? RETURNING 1", (doer_id, other_id)
    )
    return gone.fetchone() is not None
