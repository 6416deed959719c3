"""The table follow_request: who asks to follow an account that is private, and what becomes of it."""

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.graph.blocks import are_blocked
from relay.features.graph.store import begin_follow, follows
from relay.features.live import api as live

NEW_REQUEST, ACCEPTED = "follow_request", "follow_accepted"
MAX_WAITING = 1_000
"""Who ask of one account at once; then nobody more may, until some are answered."""
ACCEPTED_AT_ONCE = 100
"""Of one transaction, where an account that becomes public lets in all who ask."""


def follow(tx: Tx, follower_id: str, followee_id: str) -> bool:
    """Follow, or ask to where the account is private; whether one follows now. Raises Refusal: forbidden, busy. [writer]"""
    if are_blocked(tx.db, follower_id, followee_id):
        raise Refusal("forbidden", "One of you has blocked the other.")
    if follows(tx.db, follower_id, followee_id):
        return True
    if not accounts.profile(tx.db, followee_id).is_private:
        begin_follow(tx, follower_id, followee_id)
        return True
    _ask(tx, follower_id, followee_id)
    return False


def _ask(tx: Tx, follower_id: str, followee_id: str) -> None:
    """Asking twice is asking once, and is told once. Raises Refusal: busy."""
    if is_asked(tx.db, follower_id, followee_id):
        return
    if count(tx.db, followee_id) >= MAX_WAITING:
        raise Refusal("busy", "Very many ask to follow this account already.", "Try again another day.")
    now = now_us()
    tx.db.execute(
        "INSERT INTO follow_request (followee_id, follower_id, created_us) VALUES (?, ?, ?)",
        (followee_id, follower_id, now),
    )
    live.append_once(
        tx,
        act=live.Act(kind=NEW_REQUEST, actor_id=follower_id, about_id=followee_id),
        topic=live.inbox_topic(followee_id),
        object_id=followee_id,
        at_us=now,
    )


def accept(tx: Tx, followee_id: str, follower_id: str) -> None:
    """Who asked follows from now on, and both are told. Raises Refusal: not_found. [writer]"""
    if not withdraw(tx, follower_id, followee_id):
        raise Refusal("not_found", "They do not ask to follow you.")
    begin_follow(tx, follower_id, followee_id)
    live.append_once(
        tx,
        act=live.Act(kind=ACCEPTED, actor_id=followee_id, about_id=follower_id),
        topic=live.inbox_topic(follower_id),
        object_id=follower_id,
        at_us=now_us(),
    )


def accept_some(tx: Tx, followee_id: str) -> bool:
    """Those who have waited longest, of an account that became public; whether there may be more. [writer]"""
    rows = tx.db.execute(
        "SELECT follower_id FROM follow_request WHERE followee_id = ? ORDER BY created_us, follower_id LIMIT ?",
        (followee_id, ACCEPTED_AT_ONCE),
    ).fetchall()
    for (follower_id,) in rows:
        accept(tx, followee_id, follower_id)
    return len(rows) == ACCEPTED_AT_ONCE


def withdraw(tx: Tx, follower_id: str, followee_id: str) -> bool:
    """It is asked no longer, whoever says so; whether it was. Nobody is told. [writer]"""
    gone = tx.db.execute(
        "DELETE FROM follow_request WHERE followee_id = ? AND follower_id = ? RETURNING 1",
        (followee_id, follower_id),
    )
    return gone.fetchone() is not None


def is_asked(db: Connection, follower_id: str, followee_id: str) -> bool:
    """[any thread with a snapshot]"""
    found = db.execute(
        "SELECT 1 FROM follow_request WHERE followee_id = ? AND follower_id = ?", (followee_id, follower_id)
    )
    return found.fetchone() is not None


def count(db: Connection, followee_id: str) -> int:
    """How many ask. [any thread with a snapshot]"""
    asked = "SELECT count(*) FROM follow_request WHERE followee_id = ?"
    return int(db.execute(asked, (followee_id,)).fetchone()[0])
