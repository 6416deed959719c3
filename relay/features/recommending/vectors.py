"""The table sound_vector: how creations sound, as bytes. What is made of the numbers is matrix.py's business."""

from collections.abc import Iterable

from msgspec import Struct

from audio.analyse.likeness_scale import ALGORITHM, DIMENSIONS
from relay.engine.database import Connection, Effect, Tx

VECTOR_BYTES = 4 * DIMENSIONS
SILENT = bytes(VECTOR_BYTES)
"""Of silence, and of a sound that cannot be read any more: it is like nothing."""
MAX_VECTORS = 300_000
"""Of posts, that a process holds to look through: the newest. Older ones are found by anything but their sound."""
ASKED_AT_ONCE = 200
"""In one statement."""
STEP = 16
"""Older creations that are listened to between two notes of how far it is."""


class VectorChanged(Effect, frozen=True, kw_only=True, tag="vector_changed"):
    """A creation sounds otherwise, or not at all."""

    creation_id: str


class Unheard(Struct, frozen=True, kw_only=True):
    """A creation that nobody has listened to, and the object that is its lossless sound."""

    creation_id: str
    sha256: str


class Progress(Struct, frozen=True, kw_only=True):
    """Up to which creation older ones were listened to by this algorithm."""

    after_id: str = ""
    is_done: bool = False


def put_vector(tx: Tx, creation_id: str, vector: bytes) -> None:
    """vector: VECTOR_BYTES of float32. [writer]"""
    tx.db.execute(
        "INSERT INTO sound_vector (creation_id, algorithm, vector) VALUES (?, ?, ?)"
        " ON CONFLICT (creation_id) DO UPDATE SET algorithm = excluded.algorithm, vector = excluded.vector",
        (creation_id, ALGORITHM, vector),
    )
    tx.effects.append(VectorChanged(commit=tx.commit, creation_id=creation_id))


def remove_vector(tx: Tx, creation_id: str) -> None:
    """[writer]"""
    gone = tx.db.execute("DELETE FROM sound_vector WHERE creation_id = ? RETURNING 1", (creation_id,))
    if gone.fetchone() is not None:
        tx.effects.append(VectorChanged(commit=tx.commit, creation_id=creation_id))


def vector_of(db: Connection, creation_id: str) -> bytes | None:
    """None: nobody has listened to it, or it is silent. [any thread with a snapshot]"""
    return vectors_of(db, [creation_id]).get(creation_id)


def vectors_of(db: Connection, creation_ids: Iterable[str], kind: str | None = None) -> dict[str, bytes]:
    """Of those that sound; kind: and are of it. [any thread with a snapshot]"""
    wanted, found = list(creation_ids), dict[str, bytes]()
    for first in range(0, len(wanted), ASKED_AT_ONCE):
        marks = {f"c{n}": each for n, each in enumerate(wanted[first : first + ASKED_AT_ONCE])}
        rows = db.execute(
            "SELECT v.creation_id, v.vector FROM sound_vector AS v JOIN creation AS c ON c.id = v.creation_id"
            f" WHERE v.algorithm = {ALGORITHM} AND v.creation_id IN ({', '.join(f':{mark}' for mark in marks)})"
            " AND (:kind = '' OR c.kind = :kind)",
            {**marks, "kind": kind or ""},
        ).fetchall()
        found |= {creation_id: vector for creation_id, vector in rows if vector != SILENT}
    return found


def newest(db: Connection, kind: str, most: int) -> list[tuple[str, bytes]]:
    """Of so many that sound and are of a kind, those that came first first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT c.id, v.vector FROM creation AS c JOIN sound_vector AS v ON v.creation_id = c.id"
        f" WHERE v.algorithm = {ALGORITHM} AND c.kind = ? AND c.state <> 'deleted'"
        " ORDER BY c.published_us DESC, c.id DESC LIMIT ?",
        (kind, most),
    ).fetchall()
    return [(id_, vector) for id_, vector in reversed(rows) if vector != SILENT]


# older creations ----------------------------------------------------------------------------------------------


def progress(db: Connection) -> Progress:
    """[any thread with a snapshot]"""
    row = db.execute(
        "SELECT after_id, is_done FROM sound_vector_progress WHERE algorithm = ?", (ALGORITHM,)
    ).fetchone()
    return Progress() if row is None else Progress(after_id=row[0], is_done=bool(row[1]))


def unheard(db: Connection, after_id: str) -> list[Unheard]:
    """At most STEP, in the order of ids. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT c.id, s.sha256 FROM creation AS c JOIN asset AS s ON s.version_id = c.head_version_id AND s.role = 'lossless'"
        " LEFT JOIN sound_vector AS v ON v.creation_id = c.id"
        " WHERE c.id > ? AND c.state <> 'deleted' AND c.kind <> 'sample' AND (v.algorithm IS NULL OR v.algorithm <> ?)"
        f" ORDER BY c.id LIMIT {STEP}",
        (after_id, ALGORITHM),
    )
    return [Unheard(creation_id=id_, sha256=sha256) for id_, sha256 in rows.fetchall()]


def put_heard(tx: Tx, found: dict[Unheard, bytes]) -> None:
    """Of those that still have the sound that was listened to. [writer]"""
    for each, vector in found.items():
        standing = tx.db.execute(
            "SELECT 1 FROM creation AS c JOIN asset AS s ON s.version_id = c.head_version_id AND s.role = 'lossless'"
            " WHERE c.id = ? AND s.sha256 = ?",
            (each.creation_id, each.sha256),
        ).fetchone()
        if standing is not None:
            put_vector(tx, each.creation_id, vector)


def set_progress(tx: Tx, now: Progress) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO sound_vector_progress (algorithm, after_id, is_done) VALUES (?, ?, ?)"
        " ON CONFLICT (algorithm) DO UPDATE SET after_id = excluded.after_id, is_done = excluded.is_done",
        (ALGORITHM, now.after_id, int(now.is_done)),
    )
