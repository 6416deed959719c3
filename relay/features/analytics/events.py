"""The tables analytics_salt and analytics_event: what happened on a day. Who it was cannot be told once the day is over.

Somebody's hash of a day is the same for all that they hear on it, and another one for their being here; of two days no two hashes belong
together. Doing the same again on the same day is no second event.
"""

import hashlib
import secrets
from collections.abc import Collection
from enum import StrEnum

from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx

DAY_US = 86_400_000_000
WEEK_DAYS = 7
FIRST_MONDAY = 4
"""1970 began on a Thursday."""
KEPT_DAYS = 90
"""After its own; what was counted of it stays."""
MAX_TIMES = 1_000
THOUSANDTHS = 1_000
FORGOTTEN_AT_ONCE = 5_000
HASH_BYTES = 16
COUNTED = "(SELECT 1 FROM analytics_opt_out AS o WHERE o.account_id = {who}) IS NULL"
"""SQL: who has not opted out of being counted."""


class EventKind(StrEnum):
    """play: a sound was heard. stop: where one stopped hearing it. here: an account asked for something; week: for the first time in its week."""

    PLAY = "play"
    STOP = "stop"
    HERE = "here"
    WEEK = "week"


def week_of(day: int) -> int:
    """Of a day since 1970, the number of its week, which begins on Monday. [any]"""
    return (day - FIRST_MONDAY) // WEEK_DAYS


def note_play(tx: Tx, creation_id: str, who: str, at_us: int) -> bool:
    """who: an account, or an address. Whether it is the first time today. [writer]"""
    day = at_us // DAY_US
    (times,) = tx.db.execute(
        "INSERT INTO analytics_event (day, kind, about, who) VALUES (?, 'play', ?, ?)"
        " ON CONFLICT (day, kind, about, who) DO UPDATE SET times ="
        f" CASE WHEN analytics_event.times < {MAX_TIMES} THEN analytics_event.times + 1 ELSE {MAX_TIMES} END RETURNING times",
        (day, creation_id, _hash(salt_of(tx, day), EventKind.PLAY, who)),
    ).fetchone()
    return bool(times == 1)


def note_stop(tx: Tx, creation_id: str, who: str, thousandth: int, at_us: int) -> bool:
    """Where somebody stopped who heard it today; the last time counts. Whether there is anybody who did. [writer]"""
    day = at_us // DAY_US
    hashed = _hash(salt_of(tx, day), EventKind.PLAY, who)
    heard = "SELECT 1 FROM analytics_event WHERE day = ? AND kind = 'play' AND about = ? AND who = ?"
    if tx.db.execute(heard, (day, creation_id, hashed)).fetchone() is None:
        return False
    tx.db.execute(
        "INSERT INTO analytics_event (day, kind, about, who, value) VALUES (?, 'stop', ?, ?, ?)"
        " ON CONFLICT (day, kind, about, who) DO UPDATE SET value = excluded.value",
        (day, creation_id, hashed, min(thousandth, THOUSANDTHS)),
    )
    return True


def note_here(tx: Tx, account_ids: Collection[str], at_us: int) -> None:
    """They asked for something; called before it is written when they last did. Guests are not counted. [writer, apart]"""
    marks = ", ".join("?" * len(account_ids))
    day = at_us // DAY_US
    rows = tx.db.execute(
        "SELECT id, active_us, created_us FROM account WHERE is_guest = 0 AND active_us < ?"
        f" AND id IN ({marks}) AND {COUNTED.format(who='account.id')}",
        (day * DAY_US, *account_ids),
    ).fetchall()
    if not rows:
        return
    salt = salt_of(tx, day)
    for account_id, active_us, created_us in rows:
        is_new_week = week_of(active_us // DAY_US) < week_of(day)
        hashed = _hash(salt, EventKind.HERE, account_id)
        for kind in (EventKind.HERE, EventKind.WEEK) if is_new_week else (EventKind.HERE,):
            tx.db.execute(
                "INSERT INTO analytics_event (day, kind, about, who, value) VALUES (?, ?, '', ?, ?) ON CONFLICT DO NOTHING",
                (day, kind, hashed, max(week_of(created_us // DAY_US), 0)),
            )


def forget_today(tx: Tx, account_id: str) -> None:
    """What of today can still be told to be an account's. [writer]"""
    day = now_us() // DAY_US
    found = tx.db.execute("SELECT salt FROM analytics_salt WHERE day = ?", (day,)).fetchone()
    if found is not None:
        hashes = [_hash(found[0], kind, account_id) for kind in (EventKind.PLAY, EventKind.HERE)]
        tx.db.execute("DELETE FROM analytics_event WHERE day = ? AND who IN (?, ?)", (day, *hashes))


def forget_creation(tx: Tx, creation_id: str) -> None:
    """All that was counted of it. [writer]"""
    today = now_us() // DAY_US
    days = ", ".join(str(day) for day in range(today - KEPT_DAYS - 1, today + 2))
    tx.db.execute(
        f"DELETE FROM analytics_event WHERE day IN ({days}) AND kind IN ('play', 'stop') AND about = ?",
        (creation_id,),
    )
    tx.db.execute("DELETE FROM analytics_count WHERE about = ?", (creation_id,))


async def forget_old(db: Database) -> None:
    """Salts of days that are over, and events that are kept no longer. A task of the process calls it."""
    while await db.write(_forget_some):
        pass


def events_of(db: Connection, day: int, kind: EventKind) -> list[tuple[str, bytes, int, int]]:
    """about, who, times, value of each: what the counts are held against. [any thread with a snapshot]"""
    asked = "SELECT about, who, times, value FROM analytics_event WHERE day = ? AND kind = ?"
    return db.execute(asked, (day, kind)).fetchall()


def _forget_some(tx: Tx) -> bool:
    """Whether there may be more."""
    today = now_us() // DAY_US
    tx.db.execute("DELETE FROM analytics_salt WHERE day < ?", (today,))
    gone = tx.db.execute(
        "DELETE FROM analytics_event WHERE (day, kind, about, who) IN"
        " (SELECT day, kind, about, who FROM analytics_event WHERE day < ? LIMIT ?) RETURNING 1",
        (today - KEPT_DAYS, FORGOTTEN_AT_ONCE),
    ).fetchall()
    return len(gone) == FORGOTTEN_AT_ONCE


def salt_of(tx: Tx, day: int) -> bytes:
    """Made with the first event of a day; then those before it go. [writer]"""
    asked = "SELECT salt FROM analytics_salt WHERE day = ?"
    found = tx.db.execute(asked, (day,)).fetchone()
    if found is None:
        new = (day, secrets.token_bytes(32))
        tx.db.execute("INSERT INTO analytics_salt (day, salt) VALUES (?, ?) ON CONFLICT DO NOTHING", new)
        tx.db.execute("DELETE FROM analytics_salt WHERE day < ?", (day,))
        found = tx.db.execute(asked, (day,)).fetchone()
    return bytes(found[0])


def _hash(salt: bytes, kind: EventKind, who: str) -> bytes:
    return hashlib.blake2b(who.encode(), key=salt, digest_size=HASH_BYTES, person=kind.encode()).digest()
