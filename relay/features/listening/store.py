"""The tables listening and listening_file."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.creations import api as creations
from relay.features.listening.tasks import FETCH, Fetch, Task

ANALYSE = "analyse"
KEPT_US = 24 * 3600 * 1_000_000
"""Of what was made for one use: a conversion, a comparison, a drawing."""
UNENDED_US = 7 * KEPT_US
"""So long it is remembered that something was asked for, of which nothing came."""
_COLUMNS = "id, account_id, kind, job_id, creation_id, asked, result, created_us"


class Source(Struct, frozen=True, kw_only=True):
    """A sound that is listened to: an upload, or what is stored here already. name: as its owner calls it."""

    name: str
    upload_id: str | None = None
    sha256: str | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """As the column `asked` holds it."""

    task: Task | Fetch
    sources: list[Source]


class Listening(Struct, frozen=True, kw_only=True):
    """A row. result: JSON, whose type the kind says; None: nothing came of it, or not yet."""

    id: str
    account_id: str
    kind: str
    job_id: str
    creation_id: str | None
    asked: Asked
    result: str | None
    created_us: int


class File(Struct, frozen=True, kw_only=True):
    """A file that came of it."""

    name: str
    sha256: str
    size_bytes: int
    mime: str


class Known(Struct, frozen=True, kw_only=True):
    """What came of the same task on the same sound before."""

    result: str
    files: list[File]


def insert(tx: Tx, new: Listening, content: str | None = None) -> None:
    """content: where it is known before anything came of it. [writer]"""
    asked = msgspec.json.encode(new.asked).decode()
    tx.db.execute(
        "INSERT INTO listening (id, account_id, kind, job_id, creation_id, asked, content, result, created_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            new.account_id,
            new.kind,
            new.job_id,
            new.creation_id,
            asked,
            content,
            new.result,
            new.created_us,
        ),
    )


def newest_fetch(db: Connection, content: str) -> Listening | None:
    """[any thread with a snapshot]"""
    where = f"kind = '{FETCH}' AND content = ? ORDER BY created_us DESC, id DESC LIMIT 1"
    return _first(db, where, content)


def find(db: Connection, listening_id: str) -> Listening | None:
    """[any thread with a snapshot]"""
    return _first(db, "id = ?", listening_id)


def of_job(db: Connection, job_id: str) -> Listening | None:
    """[any thread with a snapshot]"""
    return _first(db, "job_id = ?", job_id)


def newest_of(db: Connection, creation_id: str, kind: str, *, done: bool) -> Listening | None:
    """done: the newest of which something came. [any thread with a snapshot]"""
    which = " AND result IS NOT NULL" if done else ""
    return _first(
        db,
        f"creation_id = ? AND kind = ?{which} ORDER BY created_us DESC, id DESC LIMIT 1",
        creation_id,
        kind,
    )


def page(db: Connection, account_id: str, kind: str, skip: int, limit: int) -> tuple[list[Listening], int]:
    """Of files that were sent: those of which something came, the newest first, and how many there are. [any thread with a snapshot]"""
    where = "FROM listening WHERE account_id = ? AND kind = ? AND creation_id IS NULL AND result IS NOT NULL"
    total = db.execute(f"SELECT count(*) {where}", (account_id, kind)).fetchone()[0]
    rows = db.execute(
        f"SELECT {_COLUMNS} {where} ORDER BY created_us DESC, id DESC LIMIT ? OFFSET ?",
        (account_id, kind, limit, skip),
    )
    return [_listening(row) for row in rows.fetchall()], int(total)


def count(db: Connection, account_id: str) -> int:
    """[any thread with a snapshot]"""
    return int(db.execute("SELECT count(*) FROM listening WHERE account_id = ?", (account_id,)).fetchone()[0])


def files_of(db: Connection, listening_id: str) -> list[File]:
    """[any thread with a snapshot]"""
    rows = db.execute(
        "SELECT name, sha256, size_bytes, mime FROM listening_file WHERE listening_id = ? ORDER BY name",
        (listening_id,),
    )
    return [
        File(name=name, sha256=sha256, size_bytes=size, mime=mime)
        for name, sha256, size, mime in rows.fetchall()
    ]


def held_bytes(db: Connection, account_id: str) -> int:
    """What was made for an account takes up. [any thread with a snapshot]"""
    asked = (
        "SELECT coalesce(sum(f.size_bytes), 0) FROM listening_file AS f JOIN listening AS l ON l.id = f.listening_id"
        " WHERE l.account_id = ?"
    )
    return int(db.execute(asked, (account_id,)).fetchone()[0])


def known(db: Connection, kind: str, content: str) -> Known | None:
    """[any thread with a snapshot]"""
    row = db.execute(
        "SELECT id, result FROM listening WHERE kind = ? AND content = ? AND result IS NOT NULL LIMIT 1",
        (kind, content),
    ).fetchone()
    return None if row is None else Known(result=row[1], files=files_of(db, row[0]))


def finish(tx: Tx, listening_id: str, content: str, result: str, files: Sequence[File]) -> bool:
    """Whether it was still asked for. [writer]"""
    row = tx.db.execute(
        "UPDATE listening SET result = ?, content = ? WHERE id = ? RETURNING 1",
        (result, content, listening_id),
    ).fetchone()
    if row is None:
        return False
    for file in files:
        tx.db.execute(
            "INSERT INTO listening_file (listening_id, name, sha256, size_bytes, mime) VALUES (?, ?, ?, ?, ?)",
            (listening_id, file.name, file.sha256, file.size_bytes, file.mime),
        )
    return True


def delete(tx: Tx, listening_id: str) -> list[str]:
    """Objects that nothing names any more. [writer]"""
    return _delete(tx, "id = ?", listening_id)


def delete_all(tx: Tx, account_id: str) -> list[str]:
    """All of an account. [writer]"""
    return _delete(tx, "account_id = ?", account_id)


def delete_old(tx: Tx) -> list[str]:
    """What was made for one use, what came to nothing, and what is of something that was deleted. [writer]"""
    now = now_us()
    once = f"kind NOT IN ('{ANALYSE}', '{FETCH}') AND creation_id IS NULL AND created_us < ?"
    names = _delete(tx, once, now - KEPT_US)
    names += _delete(tx, "result IS NULL AND created_us < ?", now - UNENDED_US)
    gone = "SELECT id FROM creation WHERE state = 'deleted'"
    return names + _delete(tx, f"creation_id IN ({gone}) AND created_us < ?", now)


def _delete(tx: Tx, where: str, value: str | int) -> list[str]:
    files = tx.db.execute(
        f"DELETE FROM listening_file WHERE listening_id IN (SELECT id FROM listening WHERE {where}) RETURNING sha256",
        (value,),
    ).fetchall()
    tx.db.execute(f"DELETE FROM listening WHERE {where}", (value,))
    return creations.begin_removal(tx, [sha256 for (sha256,) in files])


def _first(db: Connection, where: str, *values: str) -> Listening | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM listening WHERE {where}", values).fetchone()
    return None if row is None else _listening(row)


def _listening(row: tuple[str, str, str, str, str | None, str, str | None, int]) -> Listening:
    """row: of _COLUMNS."""
    id_, account_id, kind, job_id, creation_id, asked, result, created_us = row
    return Listening(
        id=id_,
        account_id=account_id,
        kind=kind,
        job_id=job_id,
        creation_id=creation_id,
        asked=msgspec.json.decode(asked, type=Asked),
        result=result,
        created_us=created_us,
    )
