"""The tables delivery and delivery_note.

queued ──taken──► sending ──► sent | withdrawn (nothing of it stands any more) | given_up
   ▲                 │
 failed ◄──fault, lost┘
"""

from collections.abc import Sequence

from msgspec import Struct

from relay.core.cursor import Cursor
from relay.engine.clock import new_id
from relay.engine.database import Connection, Tx
from relay.features.deliveries.rules import MAX_ATTEMPTS, MOST, SECOND_US, Channel, Priority

LEASE_US = 60 * SECOND_US
"""Longer than any channel may take: who is still at it then has died."""
REMEMBERED_US = 30 * 24 * 3600 * SECOND_US
MAX_NOTES = 100
"""That one delivery tells of; what comes then goes with the next."""
MAX_OPEN = 2_000
"""Deliveries of one account that are not over; what comes then is in the list alone."""
MAX_ERROR_CHARS = 300
_COLUMNS = "id, account_id, channel, target_id, group_key, priority, state, attempts, due_us, error, created_us, ended_us"


class Row(Struct, frozen=True, kw_only=True):
    """One delivery. error: of the last try."""

    id: str
    account_id: str
    channel: Channel
    target_id: str
    group_key: str
    priority: Priority
    state: str
    attempts: int
    due_us: int
    error: str | None
    created_us: int
    ended_us: int | None


# writing ------------------------------------------------------------------------------------------------------


def add(
    tx: Tx,
    *,
    account_id: str,
    channel: Channel,
    target_id: str,
    group_key: str,
    priority: Priority,
    note_id: str,
    now_us: int,
    due_us: int,
) -> None:
    """It goes with one that waits, or is one more. [writer]"""
    found = tx.db.execute(
        "SELECT id FROM delivery WHERE account_id = ? AND channel = ? AND target_id = ? AND group_key = ? AND ended_us IS NULL"
        " AND state = 'queued' AND (SELECT count(*) FROM delivery_note WHERE delivery_id = delivery.id) < ? LIMIT 1",
        (account_id, channel, target_id, group_key, MAX_NOTES),
    ).fetchone()
    if found is None and _open_of(tx.db, account_id) >= MAX_OPEN:
        return
    delivery_id = new_id() if found is None else str(found[0])
    if found is None:
        tx.db.execute(
            "INSERT INTO delivery (id, account_id, channel, target_id, group_key, priority, state, due_us, created_us)"
            " VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
            (delivery_id, account_id, channel, target_id, group_key, priority, due_us, now_us),
        )
    tx.db.execute(
        "INSERT INTO delivery_note (delivery_id, notification_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (delivery_id, note_id),
    )


def take(tx: Tx, holder: str, now_us: int) -> Row | None:
    """The next that is due, of an account that nothing is sent to by that channel at this moment; None: there is none. [writer]

    One whose holder died is taken again; after MAX_ATTEMPTS it is given up.
    """
    while True:
        row = tx.db.execute(
            "UPDATE delivery SET state = CASE WHEN attempts >= :most THEN 'given_up' ELSE 'sending' END,"
            " holder = CASE WHEN attempts >= :most THEN NULL ELSE :holder END,"
            " ended_us = CASE WHEN attempts >= :most THEN :now ELSE NULL END,"
            " attempts = attempts + 1, due_us = :lease WHERE id = (SELECT d.id FROM delivery AS d"
            "  WHERE d.ended_us IS NULL AND d.due_us <= :now AND (SELECT 1 FROM delivery AS s WHERE s.account_id = d.account_id"
            "   AND s.channel = d.channel AND s.ended_us IS NULL AND s.state = 'sending' AND s.due_us > :now LIMIT 1) IS NULL"
            f"  ORDER BY d.due_us, d.id LIMIT 1) RETURNING {_COLUMNS}",
            {"now": now_us, "most": MAX_ATTEMPTS, "holder": holder, "lease": now_us + LEASE_US},
        ).fetchone()
        if row is None or row[6] == "sending":
            return None if row is None else _row(row)


def settle(tx: Tx, row: Row, holder: str, state: str, now_us: int, error: str | None = None) -> bool:
    """It is over, in that way; whether it was still this holder's. [writer]"""
    return _set(
        tx,
        "UPDATE delivery SET state = ?, holder = NULL, ended_us = ?, error = ?"
        " WHERE id = ? AND holder = ? AND state = 'sending' RETURNING 1",
        (state, now_us, _short(error), row.id, holder),
    )


def again(tx: Tx, row: Row, holder: str, due_us: int, error: str) -> bool:
    """It failed, and is tried again then; whether it was still this holder's. [writer]"""
    return _set(
        tx,
        "UPDATE delivery SET state = 'failed', holder = NULL, due_us = ?, error = ?"
        " WHERE id = ? AND holder = ? AND state = 'sending' RETURNING 1",
        (due_us, _short(error), row.id, holder),
    )


def put_off(tx: Tx, row: Row, holder: str, due_us: int) -> None:
    """As if it had not been taken: it is not its time. [writer]"""
    tx.db.execute(
        "UPDATE delivery SET state = CASE WHEN attempts > 1 THEN 'failed' ELSE 'queued' END, holder = NULL, due_us = ?,"
        " attempts = attempts - 1 WHERE id = ? AND holder = ? AND state = 'sending'",
        (due_us, row.id, holder),
    )


def end_leases(tx: Tx, now_us: int) -> None:
    """Whoever was sending has died, and that is known. [writer]"""
    tx.db.execute("UPDATE delivery SET due_us = ? WHERE ended_us IS NULL AND state = 'sending'", (now_us,))


def give_up_all(tx: Tx, account_id: str, channel: Channel, target_id: str, error: str, now_us: int) -> None:
    """Of a target that is no more. [writer]"""
    tx.db.execute(
        "UPDATE delivery SET state = 'given_up', holder = NULL, ended_us = ?, error = ?"
        " WHERE account_id = ? AND channel = ? AND target_id = ? AND ended_us IS NULL",
        (now_us, _short(error), account_id, channel, target_id),
    )


def forget(tx: Tx, now_us: int) -> None:
    """Deliveries that were over long ago. [writer]"""
    gone = "SELECT id FROM delivery WHERE ended_us <= ?"
    tx.db.execute(f"DELETE FROM delivery_note WHERE delivery_id IN ({gone})", (now_us - REMEMBERED_US,))
    tx.db.execute("DELETE FROM delivery WHERE ended_us <= ?", (now_us - REMEMBERED_US,))


# reading ------------------------------------------------------------------------------------------------------


def notes_of(db: Connection, delivery_id: str) -> list[str]:
    """[any thread with a snapshot]"""
    rows = db.execute("SELECT notification_id FROM delivery_note WHERE delivery_id = ?", (delivery_id,))
    return [str(id_) for (id_,) in rows]


def next_due_us(db: Connection) -> int | None:
    """[any thread with a snapshot]"""
    found = db.execute("SELECT min(due_us) FROM delivery WHERE ended_us IS NULL").fetchone()[0]
    return None if found is None else int(found)


def free_us(db: Connection, account_id: str, channel: Channel, now_us: int) -> int:
    """When one more may go to an account by a channel. [any thread with a snapshot]"""
    most, span_us = MOST[channel]
    found = db.execute(
        "SELECT ended_us FROM delivery WHERE account_id = ? AND channel = ? AND state = 'sent' AND ended_us > ?"
        " ORDER BY ended_us DESC LIMIT 1 OFFSET ?",
        (account_id, channel, now_us - span_us, most - 1),
    ).fetchone()
    return now_us if found is None else int(found[0]) + span_us


def of_account(db: Connection, account_id: str, before: Cursor, limit: int) -> list[Row]:
    """The newest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM delivery WHERE account_id = ? AND (created_us, id) < (?, ?)"
        " ORDER BY created_us DESC, id DESC LIMIT ?",
        (account_id, before.at_us, before.id, limit),
    )
    return [_row(row) for row in rows]


def counts(db: Connection) -> dict[str, int]:
    """How many wait, by their states. [any thread with a snapshot]"""
    return dict(
        db.execute("SELECT state, count(*) FROM delivery WHERE ended_us IS NULL GROUP BY state").fetchall()
    )


def _open_of(db: Connection, account_id: str) -> int:
    asked = "SELECT count(*) FROM delivery WHERE account_id = ? AND ended_us IS NULL"
    return int(db.execute(asked, (account_id,)).fetchone()[0])


def _set(tx: Tx, sql: str, values: Sequence[object]) -> bool:
    return tx.db.execute(sql, tuple(values)).fetchone() is not None


def _short(error: str | None) -> str | None:
    return None if error is None else error[:MAX_ERROR_CHARS]


def _row(row: Sequence[object]) -> Row:
    """row: of _COLUMNS."""
    fields = dict(zip(Row.__struct_fields__, row, strict=True))
    return Row(**{**fields, "channel": Channel(fields["channel"]), "priority": Priority(fields["priority"])})  # type: ignore[arg-type]
