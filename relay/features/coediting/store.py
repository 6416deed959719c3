"""The tables coedit_document and coedit_update: what a document is made of, and which version of its creation has it."""

from collections.abc import Sequence

from msgspec import Struct

from relay.engine.database import Connection, Effect, Tx

MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
"""Of all its updates together, when they were made one."""


class Coedited(Effect, frozen=True, kw_only=True, tag="coedited"):
    """A document has more updates than before."""

    creation_id: str


class Stored(Struct, frozen=True, kw_only=True):
    """A document without its updates. unsaved_us: since when it has what no version has; None: it has nothing."""

    version: int
    last_n: int
    changed_us: int
    unsaved_us: int | None


def find(db: Connection, creation_id: str) -> Stored | None:
    """[any thread with a snapshot]"""
    row = db.execute(
        "SELECT version, last_n, changed_us, unsaved_us FROM coedit_document WHERE creation_id = ?",
        (creation_id,),
    ).fetchone()
    if row is None:
        return None
    version, last_n, changed_us, unsaved_us = row
    return Stored(version=version, last_n=last_n, changed_us=changed_us, unsaved_us=unsaved_us)


def updates(db: Connection, creation_id: str, after: int = 0) -> list[tuple[int, bytes]]:
    """With their numbers, in their order. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT n, data FROM coedit_update WHERE creation_id = ? AND n > ? ORDER BY n", (creation_id, after)
    ).fetchall()
    return [(n, bytes(data)) for n, data in rows]


def begin(tx: Tx, creation_id: str, version: int, data: bytes, at_us: int) -> None:
    """A document of the score of a version. [writer]"""
    tx.db.execute(
        "INSERT INTO coedit_document (creation_id, version, last_n, changed_us) VALUES (?, ?, 1, ?)",
        (creation_id, version, at_us),
    )
    _insert(tx, creation_id, 1, data)


def append(tx: Tx, creation_id: str, data: Sequence[bytes], at_us: int) -> int | None:
    """The number of the last; None: there is no such document any more. [writer]"""
    row = tx.db.execute(
        "UPDATE coedit_document SET last_n = last_n + ?, changed_us = ?, unsaved_us = coalesce(unsaved_us, ?)"
        " WHERE creation_id = ? RETURNING last_n",
        (len(data), at_us, at_us, creation_id),
    ).fetchone()
    if row is None:
        return None
    for n, each in enumerate(data, row[0] - len(data) + 1):
        _insert(tx, creation_id, n, each)
    tx.effects.append(Coedited(commit=tx.commit, creation_id=creation_id))
    return int(row[0])


def take_over(tx: Tx, creation_id: str, version: int) -> None:
    """It has the score of this version in it from now on. [writer]"""
    tx.db.execute("UPDATE coedit_document SET version = ? WHERE creation_id = ?", (version, creation_id))


def note_saved(tx: Tx, creation_id: str, version: int) -> None:
    """Nothing is in it that this version has not; or what is cannot be saved. [writer]"""
    tx.db.execute(
        "UPDATE coedit_document SET version = ?, unsaved_us = NULL WHERE creation_id = ?",
        (version, creation_id),
    )


def compact(tx: Tx, creation_id: str, up_to: int, data: bytes) -> None:
    """One update in place of all up to a number. [writer]"""
    tx.db.execute("DELETE FROM coedit_update WHERE creation_id = ? AND n <= ?", (creation_id, up_to))
    _insert(tx, creation_id, up_to, data)


def unsaved(db: Connection, quiet_since_us: int, waiting_since_us: int) -> list[str]:
    """Of those that have what no version has: which nobody has changed for a while, or which waited long. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT creation_id FROM coedit_document WHERE unsaved_us IS NOT NULL AND (changed_us <= ? OR unsaved_us <= ?)"
        " ORDER BY changed_us LIMIT 20",
        (quiet_since_us, waiting_since_us),
    ).fetchall()
    return [creation_id for (creation_id,) in rows]


def forget(tx: Tx, creation_id: str) -> None:
    """The creation is gone. [writer]"""
    tx.db.execute("DELETE FROM coedit_update WHERE creation_id = ?", (creation_id,))
    tx.db.execute("DELETE FROM coedit_document WHERE creation_id = ?", (creation_id,))


def _insert(tx: Tx, creation_id: str, n: int, data: bytes) -> None:
    tx.db.execute("INSERT INTO coedit_update (creation_id, n, data) VALUES (?, ?, ?)", (creation_id, n, data))
