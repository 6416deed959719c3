"""The tables notification and notification_preference: who did what, noted once, and whether it was seen and read. What is told
of it is read from the rows of the features when it is told.
"""

from collections.abc import Sequence

from msgspec import Struct

from relay.core.cursor import Cursor
from relay.engine.clock import new_id
from relay.engine.database import Connection, Effect, Tx
from relay.features.notifications.rules import OF_ACT, Kind

RETAINED_US = 90 * 24 * 3600 * 1_000_000
"""Older ones are forgotten."""
_COLUMNS = "id, kind, actor_id, about_id, detail, at_us, seen_us, read_us"


class NotificationsChanged(Effect, frozen=True, kw_only=True, tag="notifications_changed"):
    """Somebody has a new one, or has seen or read some. id: of the new one, or ""."""

    account_id: str
    id: str = ""


class Note(Struct, frozen=True, kw_only=True):
    """A row. kind: of the act (rules.OF_ACT); about_id, detail: of the act, too (live.Act)."""

    id: str
    kind: str
    actor_id: str
    about_id: str
    detail: str
    at_us: int
    is_seen: bool
    is_read: bool


class New(Struct, frozen=True, kw_only=True):
    """What is to be taken to somebody, too."""

    id: str
    account_id: str
    kind: Kind


# writing ------------------------------------------------------------------------------------------------------


def note(
    tx: Tx, *, account_id: str, kind: str, actor_id: str, about_id: str, detail: str, at_us: int
) -> None:
    """Somebody did something that concerns an account: doing it again changes nothing. Not what it wants to hear nothing of.

    [writer]
    """
    told_as = None if actor_id == account_id else OF_ACT.get(kind)
    if told_as is None or not preferences(tx.db, account_id)[told_as]:
        return
    made = tx.db.execute(
        "INSERT INTO notification (id, account_id, kind, actor_id, about_id, detail, at_us, is_queued)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING RETURNING id",
        (new_id(), account_id, kind, actor_id, about_id, detail, at_us),
    ).fetchone()
    if made is not None:
        tx.effects.append(NotificationsChanged(commit=tx.commit, account_id=account_id, id=made[0]))


def take_unqueued(tx: Tx, limit: int) -> list[New]:
    """The oldest that nobody has looked at for deliveries; from now on somebody has. [writer]"""
    rows = tx.db.execute(
        "UPDATE notification SET is_queued = 1 WHERE id IN (SELECT id FROM notification WHERE is_queued = 0"
        " ORDER BY at_us, id LIMIT ?) RETURNING id, account_id, kind, at_us",
        (limit,),
    ).fetchall()
    rows.sort(key=lambda row: (row[3], row[0]))
    return [
        New(id=id_, account_id=account_id, kind=OF_ACT[kind])
        for id_, account_id, kind, _ in rows
        if kind in OF_ACT
    ]


def mark_seen(tx: Tx, account_id: str, at_us: int) -> bool:
    """All there are; whether there were any that were not. [writer]"""
    marked = tx.db.execute(
        "UPDATE notification SET seen_us = ? WHERE account_id = ? AND seen_us IS NULL RETURNING 1",
        (at_us, account_id),
    )
    return len(marked.fetchall()) > 0


def mark_read(tx: Tx, account_id: str, ids: Sequence[str] | None, at_us: int) -> bool:
    """Those, or all there are; whether there were any that were not. What was read was seen. [writer]"""
    which, values = "", list[object]()
    if ids is not None:
        which, values = f" AND id IN ({', '.join('?' * len(ids)) or 'NULL'})", list(ids)
    marked = tx.db.execute(
        "UPDATE notification SET read_us = ?, seen_us = coalesce(seen_us, ?)"
        f" WHERE account_id = ? AND read_us IS NULL{which} RETURNING 1",
        (at_us, at_us, account_id, *values),
    )
    return len(marked.fetchall()) > 0


def set_preference(tx: Tx, account_id: str, kind: Kind, is_told: bool) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO notification_preference (account_id, kind, is_told) VALUES (?, ?, ?)"
        " ON CONFLICT (account_id, kind) DO UPDATE SET is_told = excluded.is_told",
        (account_id, kind, int(is_told)),
    )


def forget_old(tx: Tx, now_us: int) -> None:
    """[writer]"""
    tx.db.execute("DELETE FROM notification WHERE at_us < ?", (now_us - RETAINED_US,))


# reading ------------------------------------------------------------------------------------------------------


def preferences(db: Connection, account_id: str) -> dict[Kind, bool]:
    """Which kinds an account is told of; all, unless it chose otherwise. [any thread with a snapshot]"""
    rows = db.execute("SELECT kind, is_told FROM notification_preference WHERE account_id = ?", (account_id,))
    chosen = {kind: bool(is_told) for kind, is_told in rows}
    return {kind: chosen.get(kind, True) for kind in Kind}


def newest(db: Connection, account_id: str, before: Cursor, limit: int) -> list[Note]:
    """Before a place, the newest first. [any thread with a snapshot]"""
    return _notes(
        db,
        f"SELECT {_COLUMNS} FROM notification WHERE account_id = ? AND (at_us, id) < (?, ?)"
        " ORDER BY at_us DESC, id DESC LIMIT ?",
        (account_id, before.at_us, before.id, limit),
    )


def unread(db: Connection, account_id: str, limit: int) -> list[Note]:
    """The newest first. [any thread with a snapshot]"""
    return _notes(
        db,
        f"SELECT {_COLUMNS} FROM notification WHERE account_id = ? AND read_us IS NULL"
        " ORDER BY at_us DESC, id DESC LIMIT ?",
        (account_id, limit),
    )


def of_ids(db: Connection, account_id: str, ids: Sequence[str]) -> list[Note]:
    """The newest first; those that there are. [any thread with a snapshot]"""
    return _notes(
        db,
        f"SELECT {_COLUMNS} FROM notification WHERE account_id = ? AND id IN ({', '.join('?' * len(ids)) or 'NULL'})"
        " ORDER BY at_us DESC, id DESC",
        (account_id, *ids),
    )


def any_unqueued(db: Connection) -> bool:
    """[any thread with a snapshot]"""
    return db.execute("SELECT 1 FROM notification WHERE is_queued = 0 LIMIT 1").fetchone() is not None


def _notes(db: Connection, sql: str, values: Sequence[object]) -> list[Note]:
    return [
        Note(
            id=id_,
            kind=kind,
            actor_id=actor_id,
            about_id=about_id,
            detail=detail,
            at_us=at_us,
            is_seen=seen_us is not None,
            is_read=read_us is not None,
        )
        for id_, kind, actor_id, about_id, detail, at_us, seen_us, read_us in db.execute(sql, values)
    ]
