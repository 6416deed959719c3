"""The tables comment and comment_mention."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from relay.core.counts import Miscount
from relay.core.cursor import Cursor
from relay.core.times import rfc3339
from relay.core.visibility import FINDABLE, READABLE, Audience, present
from relay.engine.database import Connection, Effect, Tx
from relay.features.live import api as live
from relay.features.search import api as search
from relay.wire.comments import REPLIES_SHOWN, Comment
from relay.wire.events import CommentAdded

COMMENT, REPLY, MENTION = "comment", "comment_reply", "comment_mention"
"""Kinds of events of an inbox: on a creation of theirs, to a comment of theirs, naming them."""
_WHY = {COMMENT: "yours", REPLY: "reply", MENTION: "mention"}


class CommentChanged(Effect, frozen=True, kw_only=True, tag="comment_changed"):
    """What became of a comment: "added", "edited" or "deleted"."""

    what: str
    comment_id: str
    root_author_id: str
    author_id: str
    creation_id: str
    owner_id: str


class CommentRow(NamedTuple):
    """The columns of _SELECT, in its order."""

    id: str
    creation_id: str
    owner_id: str
    root_id: str
    parent_id: str | None
    depth: int
    author_id: str
    username: str
    state: str
    words: str
    position_ms: int | None
    reply_count: int
    created_us: int
    edited_us: int | None
    mentions: str

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"


class NewRow(Struct, frozen=True, kw_only=True):
    """All that is stored of a new comment, but whom it names."""

    id: str
    creation_id: str
    author_id: str
    root_id: str
    parent_id: str | None
    depth: int
    words: str
    position_ms: int | None
    at_us: int


_COLUMNS = """k.id, k.creation_id, c.owner_id, k.root_id, k.parent_id, k.depth, k.author_id, a.username, k.state, k.words,
  CASE WHEN k.position_ms <= c.duration_ms THEN k.position_ms END, k.reply_count, k.created_us, k.edited_us,
  (SELECT json_group_array(n.username) FROM comment_mention AS m JOIN account AS n ON n.id = m.account_id
   WHERE m.comment_id = k.id)"""
_FROM = """FROM comment AS k JOIN account AS a ON a.id = k.author_id JOIN creation AS c ON c.id = k.creation_id
  JOIN comment AS r ON r.id = k.root_id"""


def _of_seen(comment: str) -> str:
    return f"({comment}.state = 'deleted' OR ({present(f'{comment}.author_id')}))"


SEEN = f"{READABLE} AND {_of_seen('k')} AND {_of_seen('r')}"
"""Whether :viewer sees `comment AS k`: what it is on, and neither its author nor that of its thread suspended, or
blocked either way.
"""
FOUND = f"{FINDABLE} AND {_of_seen('k')} AND {_of_seen('r')} AND k.state = 'ready'"
"""Likewise, whether a search by :viewer finds it: not on what has an address alone."""
JOINED = "JOIN creation AS c ON c.id = k.creation_id JOIN comment AS r ON r.id = k.root_id"
"""What SEEN and FOUND speak of, besides `comment AS k`."""
_SELECT = f"SELECT {_COLUMNS} {_FROM} WHERE {SEEN}"
OLDEST = Cursor(-1, "")
"""Before the oldest: earlier than anything."""
_names = msgspec.json.Decoder(list[str])

# reading ------------------------------------------------------------------------------------------------------


def one(db: Connection, comment_id: str, viewer: str | None) -> CommentRow | None:
    """None: the viewer sees no such comment. [any thread with a snapshot]"""
    found = db.execute(f"{_SELECT} AND k.id = :id", {"viewer": viewer or "", "id": comment_id}).fetchone()
    return None if found is None else CommentRow(*found)


def any_of(db: Connection, comment_id: str) -> CommentRow | None:
    """One that stands, whoever may see it: for moderators. [any thread with a snapshot]"""
    sql = f"SELECT {_COLUMNS} {_FROM} WHERE k.state = 'ready' AND k.id = :id"
    found = db.execute(sql, {"viewer": "", "id": comment_id}).fetchone()
    return None if found is None else CommentRow(*found)


def seen(db: Connection, comment_ids: Sequence[str], viewer: str) -> dict[str, CommentRow]:
    """Those of them that stand and the viewer sees. [any thread with a snapshot]"""
    if not comment_ids:
        return {}
    marks = {f"k{index}": comment_id for index, comment_id in enumerate(comment_ids)}
    sql = f"{_SELECT} AND k.state = 'ready' AND k.id IN ({', '.join(f':{mark}' for mark in marks)})"
    return {row.id: row for row in _rows(db, sql, viewer, **marks)}


def first_of_threads(
    db: Connection, creation_id: str, viewer: str | None, before: Cursor, limit: int
) -> list[CommentRow]:
    """Before a place, the newest first. [any thread with a snapshot]"""
    sql = (
        f"{_SELECT} AND k.creation_id = :creation AND k.depth = 0 AND (k.created_us, k.id) < (:at_us, :id)"
        " ORDER BY k.created_us DESC, k.id DESC LIMIT :limit"
    )
    return _rows(db, sql, viewer, creation=creation_id, at_us=before.at_us, id=before.id, limit=limit)


def numbered(
    db: Connection, creation_id: str, viewer: str | None, first: int, limit: int
) -> tuple[list[CommentRow], int]:
    """Those that begin threads and stand, the newest first, from the one with this number on; and how many there are.

    [any thread with a snapshot]
    """
    wanted = f"{SEEN} AND k.creation_id = :creation AND k.depth = 0 AND k.state = 'ready'"
    values = {"viewer": viewer or "", "creation": creation_id}
    (total,) = db.execute(f"SELECT count(*) {_FROM} WHERE {wanted}", values).fetchone()
    sql = f"SELECT {_COLUMNS} {_FROM} WHERE {wanted} ORDER BY k.created_us DESC, k.id DESC LIMIT :limit OFFSET :first"
    return _rows(db, sql, viewer, creation=creation_id, first=first, limit=limit), total


def answers(db: Connection, root_id: str, viewer: str | None, after: Cursor, limit: int) -> list[CommentRow]:
    """In a thread, after a place, the oldest first. [any thread with a snapshot]"""
    sql = (
        f"{_SELECT} AND k.root_id = :root AND k.depth > 0 AND (k.created_us, k.id) > (:at_us, :id)"
        " ORDER BY k.created_us, k.id LIMIT :limit"
    )
    return _rows(db, sql, viewer, root=root_id, at_us=after.at_us, id=after.id, limit=limit)


def first_answers(db: Connection, root_ids: Sequence[str], viewer: str | None) -> dict[str, list[CommentRow]]:
    """REPLIES_SHOWN of each thread, the oldest first: a statement for each, however many answers it has.

    [any thread with a snapshot]
    """
    return {root_id: answers(db, root_id, viewer, OLDEST, REPLIES_SHOWN) for root_id in root_ids}


def _rows(db: Connection, sql: str, viewer: str | None, **values: str | int) -> list[CommentRow]:
    rows: list[tuple[Any, ...]] = db.execute(sql, {"viewer": viewer or "", **values}).fetchall()
    return [CommentRow(*row) for row in rows]


def said_just_now(db: Connection, new: NewRow, since_us: int) -> str | None:
    """The id of the same comment of the same author, said since then. [any thread with a snapshot]"""
    found: tuple[str] | None = db.execute(
        "SELECT id FROM comment WHERE author_id = ? AND created_us > ? AND creation_id = ? AND words = ?"
        " AND coalesce(parent_id, '') = ? AND coalesce(position_ms, -1) = ?",
        (
            new.author_id,
            since_us,
            new.creation_id,
            new.words,
            new.parent_id or "",
            -1 if new.position_ms is None else new.position_ms,
        ),
    ).fetchone()
    return None if found is None else found[0]


def has_said(db: Connection, creation_id: str, author_id: str) -> bool:
    """Whether a comment of theirs stands there. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT 1 FROM comment WHERE creation_id = ? AND author_id = ? AND state = 'ready' LIMIT 1",
        (creation_id, author_id),
    )
    return found.fetchone() is not None


def author_of(db: Connection, comment_id: str) -> str:
    """Of a comment that there is, deleted or not. [any thread with a snapshot]"""
    found = db.execute("SELECT author_id FROM comment WHERE id = ?", (comment_id,)).fetchone()
    return str(found[0])


def shown(row: CommentRow, replies: Sequence[CommentRow] = ()) -> Comment:
    """As everybody who sees it is shown it. [any]"""
    return Comment(
        id=row.id,
        post_id=row.creation_id,
        root_id=row.root_id,
        parent_id=row.parent_id,
        user_id=row.author_id if row.is_ready else None,
        username=row.username if row.is_ready else None,
        text=row.words,
        position_ms=row.position_ms,
        mentions=sorted(_names.decode(row.mentions)),
        created_at=rfc3339(row.created_us),
        edited_at=None if row.edited_us is None else rfc3339(row.edited_us),
        deleted=not row.is_ready,
        reply_count=row.reply_count,
        replies=[shown(each) for each in replies],
    )


# writing ------------------------------------------------------------------------------------------------------


def insert(tx: Tx, new: NewRow) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO comment (id, creation_id, author_id, root_id, parent_id, depth, words, position_ms, created_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            new.creation_id,
            new.author_id,
            new.root_id,
            new.parent_id,
            new.depth,
            new.words,
            new.position_ms,
            new.at_us,
        ),
    )
    _put_words(tx, new.id, new.words)
    if new.depth > 0:
        _count_reply(tx, new.root_id, 1)


def rewrite(tx: Tx, comment_id: str, words: str, at_us: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE comment SET words = ?, edited_us = ? WHERE id = ?", (words, at_us, comment_id))
    _put_words(tx, comment_id, words)


def set_mentions(tx: Tx, comment_id: str, account_ids: Sequence[str]) -> None:
    """In place of whom it named before. [writer]"""
    tx.db.execute("DELETE FROM comment_mention WHERE comment_id = ?", (comment_id,))
    for account_id in account_ids:
        tx.db.execute(
            "INSERT INTO comment_mention (comment_id, account_id) VALUES (?, ?)", (comment_id, account_id)
        )


def remove(tx: Tx, row: CommentRow) -> None:
    """One that is ready: gone, or a tombstone while it has answers; so are the tombstones above it that had only it. [writer]"""
    set_mentions(tx, row.id, ())
    search.remove(tx, search.COMMENT, row.id)
    if row.depth > 0:
        _count_reply(tx, row.root_id, -1)
    tx.db.execute(
        "UPDATE comment SET state = 'deleted', words = '', position_ms = NULL WHERE id = ?", (row.id,)
    )
    gone: str | None = row.id
    while gone is not None:
        found = tx.db.execute(
            "DELETE FROM comment WHERE id = ? AND state = 'deleted'"
            " AND (SELECT 1 FROM comment AS child WHERE child.parent_id = ? LIMIT 1) IS NULL RETURNING parent_id",
            (gone, gone),
        ).fetchone()
        gone = None if found is None else found[0]


def _put_words(tx: Tx, comment_id: str, words: str) -> None:
    search.put(tx, search.COMMENT, search.Words(id=comment_id, head=words, rest=""))


def words_after(db: Connection, after_id: str, limit: int) -> list[search.Words]:
    """By which comments are found, so many in the order of their ids. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT id, words FROM comment WHERE id > ? AND state = 'ready' ORDER BY id LIMIT ?",
        (after_id, limit),
    )
    return [search.Words(id=id_, head=words, rest="") for id_, words in rows.fetchall()]


def _count_reply(tx: Tx, root_id: str, step: int) -> None:
    tx.db.execute("UPDATE comment SET reply_count = reply_count + ? WHERE id = ?", (step, root_id))


def forget(tx: Tx, creation_id: str) -> None:
    """All that anybody said to a creation that is deleted. [writer]"""
    tx.db.execute(
        "DELETE FROM comment_mention WHERE comment_id IN (SELECT id FROM comment WHERE creation_id = ?)",
        (creation_id,),
    )
    gone = tx.db.execute("DELETE FROM comment WHERE creation_id = ? RETURNING id", (creation_id,)).fetchall()
    for (comment_id,) in gone:
        search.remove(tx, search.COMMENT, comment_id)


# telling ------------------------------------------------------------------------------------------------------


def tell_comments(db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Addressed]:
    """To each inbox those that its owner sees now. [any thread with a snapshot]"""
    told: dict[str, live.Addressed] = {}
    for each in events:
        row = one(db, each.object_id, live.owner_of_inbox(each.topic))
        if row is not None and row.is_ready:
            payload = CommentAdded(comment=shown(row), why=_WHY[each.kind])
            told[each.id] = live.Addressed(payload=payload, audience=Audience.EVERYBODY)
    return told


# looking after ------------------------------------------------------------------------------------------------


def miscounts(db: Connection) -> list[Miscount]:
    """Comments of creations and answers of threads, counted anew. [any thread with a snapshot]"""
    of_creations = db.execute(
        "SELECT c.id, c.comment_count, count(k.id) FROM creation AS c"
        " LEFT JOIN comment AS k ON k.creation_id = c.id AND k.state = 'ready'"
        " GROUP BY c.id, c.comment_count HAVING c.comment_count <> count(k.id)"
    ).fetchall()
    of_threads = db.execute(
        "SELECT r.id, r.reply_count, count(k.id) FROM comment AS r"
        " LEFT JOIN comment AS k ON k.root_id = r.id AND k.depth > 0 AND k.state = 'ready' AND r.depth = 0"
        " GROUP BY r.id, r.reply_count HAVING r.reply_count <> count(k.id)"
    ).fetchall()
    return [
        Miscount(table=table, column=column, id=id_, stored=old, counted=new)
        for table, column, rows in (
            ("creation", "comment_count", of_creations),
            ("comment", "reply_count", of_threads),
        )
        for id_, old, new in rows
    ]
