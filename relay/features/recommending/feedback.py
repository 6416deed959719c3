"""The table feedback: what somebody said of what was recommended to them. What it makes of lists is for_you.py's business."""

from enum import IntFlag

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx

MAX_OF_ACCOUNT = 5_000
"""Then what was clicked or skipped longest ago is forgotten; what was said on purpose is not."""


class Feedback(IntFlag):
    """Of one post. Of LIKE and DISLIKE the last one counts."""

    LIKE = 1
    DISLIKE = 2
    SKIP = 4
    HIDE = 8
    CLICK = 16


ON_PURPOSE = Feedback.LIKE | Feedback.DISLIKE | Feedback.HIDE
_AGAINST = {Feedback.LIKE: Feedback.DISLIKE, Feedback.DISLIKE: Feedback.LIKE}
IS_HIDDEN = f"(h.said & {int(Feedback.HIDE)}) <> 0"
"""Of `feedback AS h`: the post is not recommended to them again, ever."""
IS_ON_PURPOSE = f"(h.said & {int(ON_PURPOSE)}) <> 0"
"""Likewise: it is known to them."""


def give(tx: Tx, account_id: str, creation_id: str, said: Feedback) -> Feedback:
    """All that is said of it now. Saying it again changes nothing but when it was. Raises Refusal: quota_exceeded. [writer]"""
    before = of(tx.db, account_id, creation_id)
    now = (before | said) & ~_AGAINST.get(said, Feedback(0))
    if not before:
        _make_room(tx, account_id)
    tx.db.execute(
        "INSERT INTO feedback (account_id, creation_id, said, at_us) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (account_id, creation_id) DO UPDATE SET said = excluded.said, at_us = excluded.at_us",
        (account_id, creation_id, int(now), now_us()),
    )
    return now


def take_back(tx: Tx, account_id: str, creation_id: str) -> None:
    """All of it, as if nothing had been said. [writer]"""
    tx.db.execute("DELETE FROM feedback WHERE account_id = ? AND creation_id = ?", (account_id, creation_id))


def forget(tx: Tx, creation_id: str) -> None:
    """Of a creation that is deleted. [writer]"""
    tx.db.execute("DELETE FROM feedback WHERE creation_id = ?", (creation_id,))


def of(db: Connection, account_id: str, creation_id: str) -> Feedback:
    """[any thread with a snapshot]"""
    row = db.execute(
        "SELECT said FROM feedback WHERE account_id = ? AND creation_id = ?", (account_id, creation_id)
    ).fetchone()
    return Feedback(0 if row is None else row[0])


def newest(db: Connection, account_id: str, said: Feedback, limit: int) -> list[str]:
    """Of which posts any of that was said, the last first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT creation_id FROM feedback WHERE account_id = ? AND (said & ?) <> 0 ORDER BY at_us DESC, creation_id LIMIT ?",
        (account_id, int(said), limit),
    )
    return [creation_id for (creation_id,) in rows.fetchall()]


def _make_room(tx: Tx, account_id: str) -> None:
    count = tx.db.execute("SELECT count(*) FROM feedback WHERE account_id = ?", (account_id,)).fetchone()[0]
    if count < MAX_OF_ACCOUNT:
        return
    gone = tx.db.execute(
        "DELETE FROM feedback WHERE account_id = ? AND creation_id = (SELECT creation_id FROM feedback"
        "  WHERE account_id = ? AND (said & ?) = 0 ORDER BY at_us LIMIT 1) RETURNING 1",
        (account_id, account_id, int(ON_PURPOSE)),
    ).fetchone()
    if gone is None:
        raise Refusal(
            "quota_exceeded",
            f"You have said what you think of {MAX_OF_ACCOUNT:,} posts.",
            "Take something back first.",
        )
