"""The tables report, appeal and audit."""

from typing import Any, NamedTuple

from relay.core.cursor import Cursor
from relay.core.times import rfc3339
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.wire.moderation import Appeal, NewReport, Report, Reported

MAX_TEXTS = 20
"""Words of reporters, of one object, that a moderator is shown."""


def report(tx: Tx, reporter_id: str, given: NewReport) -> tuple[Report, bool]:
    """The report of this object by this account, and whether it is new. [writer]"""
    new = tx.db.execute(
        "INSERT INTO report (id, reporter_id, kind, object_id, reason, text, created_us) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING 1",
        (new_id(), reporter_id, given.kind, given.id, given.reason, given.text, now_us()),
    ).fetchone()
    id_, kind, object_id, reason, created_us, closed_us = tx.db.execute(
        "SELECT id, kind, object_id, reason, created_us, closed_us FROM report"
        " WHERE reporter_id = ? AND kind = ? AND object_id = ?",
        (reporter_id, given.kind, given.id),
    ).fetchone()
    made = Report(
        id=id_,
        kind=kind,
        object_id=object_id,
        reason=reason,
        created_at=rfc3339(created_us),
        is_closed=closed_us is not None,
    )
    return made, new is not None


def close(tx: Tx, kind: str, object_id: str) -> int:
    """All that is open of an object; how many. [writer]"""
    closed = tx.db.execute(
        "UPDATE report SET closed_us = ? WHERE kind = ? AND object_id = ? AND closed_us IS NULL RETURNING 1",
        (now_us(), kind, object_id),
    )
    return len(closed.fetchall())


def count_open(db: Connection) -> int:
    """Reports that nobody has decided on. [any thread with a snapshot]"""
    return int(db.execute("SELECT count(*) FROM report WHERE closed_us IS NULL").fetchone()[0])


def is_reported(db: Connection, kind: str, object_id: str) -> bool:
    """Whether moderators have it before them. [any thread with a snapshot]"""
    asked = "SELECT 1 FROM report WHERE kind = ? AND object_id = ? AND closed_us IS NULL LIMIT 1"
    return db.execute(asked, (kind, object_id)).fetchone() is not None


def is_comment_reported(db: Connection, creation_id: str) -> bool:
    """Of a comment on it. [any thread with a snapshot]"""
    asked = (
        "SELECT 1 FROM comment AS k JOIN report AS r ON r.kind = 'comment' AND r.object_id = k.id"
        " WHERE k.creation_id = ? AND r.closed_us IS NULL LIMIT 1"
    )
    return db.execute(asked, (creation_id,)).fetchone() is not None


def is_noted(db: Connection, actor_id: str, deed: str, object_id: str) -> bool:
    """[any thread with a snapshot]"""
    asked = "SELECT 1 FROM audit WHERE actor_id = ? AND deed = ? AND object_id = ? LIMIT 1"
    return db.execute(asked, (actor_id, deed, object_id)).fetchone() is not None


def queue(db: Connection, limit: int) -> list[Reported]:
    """What is reported and not decided: what was reported first comes first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT kind, object_id, count(*), min(created_us) FROM report WHERE closed_us IS NULL"
        " GROUP BY kind, object_id ORDER BY min(created_us), object_id LIMIT ?",
        (limit,),
    ).fetchall()
    return [_reported(db, *row) for row in rows]


def _reported(db: Connection, kind: str, object_id: str, count: int, first_us: int) -> Reported:
    open_ones = "FROM report WHERE kind = ? AND object_id = ? AND closed_us IS NULL"
    reasons = db.execute(f"SELECT reason, count(*) {open_ones} GROUP BY reason", (kind, object_id))
    texts = db.execute(
        f"SELECT text {open_ones} AND text <> '' ORDER BY created_us LIMIT ?", (kind, object_id, MAX_TEXTS)
    )
    return Reported(
        kind=kind,
        id=object_id,
        count=count,
        reasons=dict(reasons.fetchall()),
        texts=[text for (text,) in texts.fetchall()],
        first_at=rfc3339(first_us),
    )


# appeals ------------------------------------------------------------------------------------------------------

_APPEAL = "SELECT id, kind, object_id, account_id, text, answer, created_us FROM appeal"


def appeal(tx: Tx, account_id: str, kind: str, object_id: str, text: str) -> Appeal:
    """Once for each decision; saying it again changes nothing. [writer]"""
    tx.db.execute(
        "INSERT INTO appeal (id, account_id, kind, object_id, text, created_us) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (new_id(), account_id, kind, object_id, text, now_us()),
    )
    found = tx.db.execute(
        f"{_APPEAL} WHERE account_id = ? AND kind = ? AND object_id = ?", (account_id, kind, object_id)
    )
    return _appeals(tx.db, found.fetchall())[0]


def answer(tx: Tx, appeal_id: str, words: str) -> Appeal | None:
    """None: there is no such appeal without an answer. [writer]"""
    done = tx.db.execute(
        "UPDATE appeal SET answered_us = ?, answer = ? WHERE id = ? AND answered_us IS NULL RETURNING 1",
        (now_us(), words, appeal_id),
    ).fetchone()
    if done is None:
        return None
    return _appeals(tx.db, tx.db.execute(f"{_APPEAL} WHERE id = ?", (appeal_id,)).fetchall())[0]


def appellant(db: Connection, appeal_id: str) -> str | None:
    """Whose appeal it is. [any thread with a snapshot]"""
    found = db.execute("SELECT account_id FROM appeal WHERE id = ?", (appeal_id,)).fetchone()
    return None if found is None else str(found[0])


def open_appeals(db: Connection, limit: int) -> list[Appeal]:
    """The oldest first. [any thread with a snapshot]"""
    rows = db.execute(f"{_APPEAL} WHERE answered_us IS NULL ORDER BY created_us, id LIMIT ?", (limit,))
    return _appeals(db, rows.fetchall())


def appeals_of(db: Connection, account_id: str) -> list[Appeal]:
    """[any thread with a snapshot]"""
    rows = db.execute(
        f"{_APPEAL} WHERE account_id = ? ORDER BY created_us DESC, id DESC LIMIT 100", (account_id,)
    )
    return _appeals(db, rows.fetchall())


def _appeals(db: Connection, rows: list[Any]) -> list[Appeal]:  # any: rows of _APPEAL
    people = accounts.profiles(db, sorted({row[3] for row in rows}))
    return [
        Appeal(
            id=id_,
            kind=kind,
            object_id=object_id,
            username=people[who].username,
            text=text,
            answer=said,
            created_at=rfc3339(at_us),
        )
        for id_, kind, object_id, who, text, said, at_us in rows
    ]


# the log ------------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A row of the log. owner_id: whose the object was; None: of a line that is older than the column."""

    id: str
    at_us: int
    actor_id: str
    deed: str
    kind: str
    object_id: str
    owner_id: str | None
    note: str


def note(
    tx: Tx, *, actor_id: str, deed: str, kind: str, object_id: str, owner_id: str | None, words: str
) -> None:
    """For good: the tables of both engines refuse to change or remove it. [writer]"""
    tx.db.execute(
        "INSERT INTO audit (id, at_us, actor_id, deed, kind, object_id, owner_id, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (new_id(), now_us(), actor_id, deed, kind, object_id, owner_id, words),
    )


def log(db: Connection, before: Cursor, limit: int) -> list[Line]:
    """Before a place, the newest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"SELECT {', '.join(Line._fields)} FROM audit WHERE (at_us, id) < (?, ?) ORDER BY at_us DESC, id DESC LIMIT ?",
        (before.at_us, before.id, limit),
    ).fetchall()
    return [Line(*row) for row in rows]
