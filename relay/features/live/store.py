"""The tables event, told, event_log: what happened to which ids, in the order of commits.

Rows hold ids only. What is told of them is built from the rows of the features as they are when it is told.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from relay.engine.clock import new_id
from relay.engine.database import Connection, Effect, Tx
from relay.features.live.recovery import Log, Place
from relay.features.notifications import api as notifications

RETAINED_EVENTS = 100_000
"""In all; older ones are dropped, and who comes back later fetches pages instead."""
_TRIM_EVERY = 512
INBOX_TOPICS = "inbox:"


class Happened(Effect, frozen=True, kw_only=True, tag="happened"):
    """An event. topic: who hears of it. kind: of which feature; actor_id and object_id: ids of its rows."""

    i: int
    topic: str
    kind: str
    actor_id: str
    object_id: str
    id: str
    at_us: int


class Followed(Effect, frozen=True, kw_only=True, tag="followed"):
    """Somebody follows an account from this commit on."""

    follower_id: str
    followee_id: str


class Unfollowed(Effect, frozen=True, kw_only=True, tag="unfollowed"):
    """Somebody follows an account no longer."""

    follower_id: str
    followee_id: str


class Blocked(Effect, frozen=True, kw_only=True, tag="blocked"):
    """blocked False: no longer."""

    blocker_id: str
    blocked_id: str
    blocked: bool


class Muted(Effect, frozen=True, kw_only=True, tag="muted"):
    """Of whom somebody hears nothing any more; muted False: again."""

    muter_id: str
    muted_id: str
    muted: bool


class Act(Struct, frozen=True, kw_only=True):
    """What is told once, whatever is taken back between: somebody did this (kind, detail) to that."""

    kind: str
    actor_id: str
    about_id: str
    detail: str = ""


def author_topic(account_id: str) -> str:
    """Heard by an account and by who follows it."""
    return f"author:{account_id}"


def inbox_topic(account_id: str) -> str:
    """Heard by an account alone."""
    return f"{INBOX_TOPICS}{account_id}"


def owner_of_inbox(topic: str) -> str:
    """The account of inbox_topic."""
    return topic.removeprefix(INBOX_TOPICS)


def append(tx: Tx, *, topic: str, kind: str, actor_id: str, object_id: str, at_us: int) -> str:
    """Note the event; connections hear of it once the transaction has committed. Its id. [writer]"""
    happened = Happened(
        commit=tx.commit,
        i=_next_place(tx),
        topic=topic,
        kind=kind,
        actor_id=actor_id,
        object_id=object_id,
        id=new_id(),
        at_us=at_us,
    )
    tx.db.execute(
        "INSERT INTO event (n, i, topic, kind, actor_id, object_id, id, at_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (tx.commit, happened.i, topic, kind, actor_id, object_id, happened.id, at_us),
    )
    if tx.commit % _TRIM_EVERY == 0:
        _trim(tx)
    tx.effects.append(happened)
    return happened.id


def is_told_first(tx: Tx, *, kind: str, actor_id: str, object_id: str, detail: str = "") -> bool:
    """Whether this act is told for the first time; from now on it is not. [writer]"""
    first = tx.db.execute(
        "INSERT INTO told (kind, actor_id, object_id, detail) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
        (kind, actor_id, object_id, detail),
    )
    return first.fetchone() is not None


def append_once(tx: Tx, *, act: Act, topic: str, object_id: str, at_us: int) -> None:
    """Note the event of an act, unless it was told before and heard: then that event is of object_id from now on. [writer]"""
    notifications.note(
        tx,
        account_id=owner_of_inbox(topic),
        kind=act.kind,
        actor_id=act.actor_id,
        about_id=act.about_id,
        detail=act.detail,
        at_us=at_us,
    )
    key = (act.kind, act.actor_id, act.about_id, act.detail)
    which = "kind = ? AND actor_id = ? AND object_id = ? AND detail = ?"
    found = tx.db.execute(f"SELECT event_id, unheard FROM told WHERE {which}", key).fetchone()
    if found is not None and not found[1]:
        tx.db.execute("UPDATE event SET object_id = ? WHERE id = ?", (object_id, found[0]))
        return
    if found is not None:
        tx.db.execute("DELETE FROM event WHERE id = ?", (found[0],))
    event_id = append(tx, topic=topic, kind=act.kind, actor_id=act.actor_id, object_id=object_id, at_us=at_us)
    tx.db.execute(
        "INSERT INTO told (kind, actor_id, object_id, detail, event_id) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, actor_id, object_id, detail) DO UPDATE SET event_id = excluded.event_id, unheard = 0",
        (*key, event_id),
    )


def note_unheard(tx: Tx, event_ids: Sequence[str], stands: Callable[[Happened], bool]) -> None:
    """Acts that had been taken back when somebody was to hear of them: once they are done again they are told. [writer]

    stands: whether an event tells something now; those that do, again, are told here and now.
    """
    for event_id in event_ids:
        row = tx.db.execute(f"SELECT {_COLUMNS} FROM event WHERE id = ?", (event_id,)).fetchone()
        if row is None or not stands(event := _happened(row)):
            tx.db.execute("UPDATE told SET unheard = 1 WHERE event_id = ?", (event_id,))
            continue
        tx.db.execute("DELETE FROM event WHERE id = ?", (event_id,))
        anew = append(
            tx,
            topic=event.topic,
            kind=event.kind,
            actor_id=event.actor_id,
            object_id=event.object_id,
            at_us=event.at_us,
        )
        tx.db.execute("UPDATE told SET event_id = ? WHERE event_id = ?", (anew, event_id))


def _next_place(tx: Tx) -> int:
    """Several pieces share one commit, so the place is counted in the table."""
    found = tx.db.execute("SELECT max(i) FROM event WHERE n = ?", (tx.commit,)).fetchone()
    return 0 if found[0] is None else int(found[0]) + 1


def _trim(tx: Tx) -> None:
    """By commits: each has an event at least, so no more than RETAINED_EVENTS commits stay."""
    floor = tx.commit - RETAINED_EVENTS
    if floor > 0:
        tx.db.execute("DELETE FROM event WHERE n <= ?", (floor,))
        tx.db.execute("UPDATE event_log SET floor_n = ?", (floor,))


def log_of(db: Connection) -> Log:
    """[any thread with a snapshot]"""
    epoch, floor, head = db.execute(
        "SELECT meta.value, event_log.floor_n, commits.n FROM meta, event_log, commits WHERE meta.key = 'epoch'"
    ).fetchone()
    return Log(epoch=epoch, floor=floor, head=head)


_COLUMNS = "n, i, topic, kind, actor_id, object_id, id, at_us"
# One walk of the index for each author followed, and one for the inbox; only what happened since they were followed.
_MISSED = f"""SELECT {_COLUMNS} FROM (
  SELECT {", ".join("e." + name for name in _COLUMNS.split(", "))} FROM follow AS f
    JOIN event AS e ON e.topic = 'author:' || f.followee_id AND (e.n, e.i) > (:n, :i) AND e.n > f.since_n
    WHERE f.follower_id = :me
  UNION ALL SELECT {_COLUMNS} FROM event WHERE topic = 'author:' || :me AND (n, i) > (:n, :i)
  UNION ALL SELECT {_COLUMNS} FROM event WHERE topic = 'inbox:' || :me AND (n, i) > (:n, :i)) AS missed
ORDER BY n, i LIMIT :limit"""


def missed(db: Connection, account_id: str, after: Place, limit: int) -> list[Happened]:
    """What an account would have heard after a place, the oldest first. [any thread with a snapshot]"""
    values = {"me": account_id, "n": after.n, "i": after.i, "limit": limit}
    return [_happened(row) for row in db.execute(_MISSED, values)]


def inbox(db: Connection, account_id: str, before: Place, limit: int) -> list[Happened]:
    """Of the inbox, before a place, the newest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM event WHERE topic = ? AND (n, i) < (?, ?) ORDER BY n DESC, i DESC LIMIT ?",
        (inbox_topic(account_id), before.n, before.i, limit),
    )
    return [_happened(row) for row in rows]


def _happened(row: tuple[int, int, str, str, str, str, str, int]) -> Happened:
    n, i, topic, kind, actor_id, object_id, id_, at_us = row
    return Happened(
        commit=n,
        i=i,
        topic=topic,
        kind=kind,
        actor_id=actor_id,
        object_id=object_id,
        id=id_,
        at_us=at_us,
    )


def followees(db: Connection, account_id: str) -> list[tuple[str, str]]:
    """Id and name of whom an account follows. [any thread with a snapshot]"""
    return db.execute(
        "SELECT account.id, username FROM follow JOIN account ON account.id = followee_id WHERE follower_id = ?",
        (account_id,),
    ).fetchall()


def blocked_with(db: Connection, account_id: str) -> set[str]:
    """Whom an account blocks, and who blocks it. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT blocked_id FROM block WHERE blocker_id = ? UNION ALL SELECT blocker_id FROM block WHERE blocked_id = ?",
        (account_id, account_id),
    )
    return {row[0] for row in rows}


def hidden_from(db: Connection, account_id: str) -> set[str]:
    """Of whom an account hears nothing: a block is between them, or it mutes them. [any thread with a snapshot]"""
    rows = db.execute("SELECT muted_id FROM mute WHERE muter_id = ?", (account_id,))
    return blocked_with(db, account_id) | {row[0] for row in rows}
