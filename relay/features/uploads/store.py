"""The tables upload and upload_part."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.engine.database import Connection, Tx
from relay.engine.objects.door import Part

MAX_OPEN = 32
"""Of one account; one more ends the one that was touched longest ago."""
MAX_OPEN_BYTES = 512 << 20
"""Announced by one account, all of its open uploads together."""
LIFETIME_US = 24 * 3600 * 1_000_000
"""Since it was last touched."""
REMEMBERED_US = 7 * LIFETIME_US
"""So long an ended upload answers "gone" rather than "never heard of"."""
_MANY = 1 << 32
_COLUMNS = "id, account_id, metadata, size_bytes, offset_bytes, state, touched_us"

IsPublished = Callable[[Connection, str, str], bool]
"""Whether a key of an account has made its creation. [any thread with a snapshot]"""


class Upload(Struct, frozen=True, kw_only=True):
    """One upload. offset_bytes: how many of size_bytes are safe here."""

    id: str
    account_id: str
    metadata: str
    size_bytes: int
    offset_bytes: int
    state: str
    touched_us: int

    @property
    def expires_us(self) -> int:
        return self.touched_us + LIFETIME_US


def find(db: Connection, upload_id: str) -> Upload | None:
    """[any thread with a snapshot]"""
    row = db.execute(f"SELECT {_COLUMNS} FROM upload WHERE id = ?", (upload_id,)).fetchone()
    return _upload(row) if row else None


def size_bytes(db: Connection, upload_id: str) -> int:
    """As announced; 0 for one that is not known. [any thread with a snapshot]"""
    row = find(db, upload_id)
    return row.size_bytes if row else 0


def open_uploads(db: Connection) -> list[Upload]:
    """[any thread with a snapshot]"""
    rows = db.execute(f"SELECT {_COLUMNS} FROM upload WHERE state = 'open'")
    return [_upload(row) for row in rows]


def parts(db: Connection, upload_id: str) -> list[Part]:
    """In order; together they are the upload's bytes so far. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT object, offset_bytes, size_bytes FROM upload_part WHERE upload_id = ? ORDER BY offset_bytes",
        (upload_id,),
    )
    return [Part(name=name, offset_bytes=at, size_bytes=size) for name, at, size in rows]


def begin(tx: Tx, new: Upload, key: str | None, is_published: IsPublished) -> Upload:
    """The new one, or the one that key began before. Raises Refusal: quota_exceeded. [writer]"""
    row = tx.db.execute(
        f"SELECT {_COLUMNS} FROM upload WHERE account_id = ? AND key = ? AND state <> 'ended'",
        (new.account_id, key),
    ).fetchone()
    if row:
        old = _upload(row)
        same = (old.size_bytes, old.metadata) == (new.size_bytes, new.metadata)
        if old.state == "published" or (same and new.touched_us < old.expires_us):
            touch(tx, old.id, new.touched_us)
            return replace(old, touched_us=new.touched_us)
        end(tx, old.id)  # expired, or the take was made anew since
    if key is not None and is_published(tx.db, new.account_id, key):  # nobody needs the bytes a second time
        new = replace(new, state="published", offset_bytes=new.size_bytes)
    _make_room(tx, new)
    tx.db.execute(
        "INSERT INTO upload (id, account_id, key, metadata, size_bytes, offset_bytes, state, touched_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new.id,
            new.account_id,
            key,
            new.metadata,
            new.size_bytes,
            new.offset_bytes,
            new.state,
            new.touched_us,
        ),
    )
    return new


def _make_room(tx: Tx, new: Upload) -> None:
    tx.db.execute(
        "UPDATE upload SET state = 'ended', holder = NULL WHERE id IN (SELECT id FROM upload"
        " WHERE account_id = ? AND state = 'open' ORDER BY touched_us DESC, id DESC LIMIT ? OFFSET ?)",
        (new.account_id, _MANY, MAX_OPEN - 1),
    )
    announced = tx.db.execute(
        "SELECT coalesce(sum(size_bytes), 0) FROM upload WHERE account_id = ? AND state = 'open'",
        (new.account_id,),
    ).fetchone()[0]
    if announced + new.size_bytes > MAX_OPEN_BYTES:
        raise Refusal(
            "quota_exceeded",
            f"Your unfinished uploads would be more than {MAX_OPEN_BYTES >> 20} MiB.",
            "Finish or end one of them.",
        )


def hold(tx: Tx, upload_id: str, holder: str) -> None:
    """From now on only this request may move it; one before it finds out when it tries. [writer]"""
    tx.db.execute("UPDATE upload SET holder = ? WHERE id = ? AND state = 'open'", (holder, upload_id))


def move(tx: Tx, upload: Upload, part: Part, holder: str, now: int) -> Upload | None:
    """Count a part that is safe; None: another request has the upload, or it has ended. [writer]"""
    row = tx.db.execute(
        "UPDATE upload SET offset_bytes = ?, touched_us = ?"
        f" WHERE id = ? AND offset_bytes = ? AND holder = ? AND state = 'open' RETURNING {_COLUMNS}",
        (upload.offset_bytes + part.size_bytes, now, upload.id, upload.offset_bytes, holder),
    ).fetchone()
    if row is None:
        return None
    tx.db.execute(
        "INSERT INTO upload_part (upload_id, offset_bytes, size_bytes, object) VALUES (?, ?, ?, ?)",
        (upload.id, part.offset_bytes, part.size_bytes, part.name),
    )
    return _upload(row)


def touch(tx: Tx, upload_id: str, now: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE upload SET touched_us = ? WHERE id = ? AND state <> 'ended'", (now, upload_id))


def set_published(tx: Tx, upload_id: str) -> None:
    """A creation was made of it: what became of it is remembered, its bytes are no longer needed. [writer]"""
    tx.db.execute(
        "UPDATE upload SET state = 'published', holder = NULL WHERE id = ? AND state = 'open'", (upload_id,)
    )


def end(tx: Tx, upload_id: str) -> None:
    """[writer]"""
    tx.db.execute("UPDATE upload SET state = 'ended', holder = NULL WHERE id = ?", (upload_id,))


def end_all(tx: Tx) -> None:
    """Of which no bytes are here any more. [writer]"""
    tx.db.execute("UPDATE upload SET state = 'ended', holder = NULL WHERE state = 'open'")
    tx.db.execute("DELETE FROM upload_part")


def end_unless_used(tx: Tx, upload_id: str) -> bool:
    """End an open upload that no publication under way needs; whether it is ended. [writer]"""
    ended = tx.db.execute(
        "UPDATE upload SET state = 'ended', holder = NULL WHERE id = ? AND state = 'open'"
        " AND NOT EXISTS (SELECT 1 FROM publication WHERE upload_id = ? AND creation_id IS NULL) RETURNING 1",
        (upload_id, upload_id),
    )
    return ended.fetchone() is not None


def expire(tx: Tx, now: int) -> list[str]:
    """End what expired, forget what ended long ago; the ids whose bytes are not needed any more. [writer]"""
    forgotten = tx.db.execute("SELECT id FROM upload WHERE touched_us <= ?", (now - REMEMBERED_US,))
    old = [upload_id for (upload_id,) in forgotten]
    for upload_id in old:
        tx.db.execute("DELETE FROM upload_part WHERE upload_id = ?", (upload_id,))
        tx.db.execute("DELETE FROM upload WHERE id = ?", (upload_id,))
    tx.db.execute(
        "UPDATE upload SET state = 'ended', holder = NULL WHERE touched_us <= ? AND state = 'open'",
        (now - LIFETIME_US,),
    )
    useless = tx.db.execute(
        "DELETE FROM upload_part WHERE upload_id IN (SELECT id FROM upload WHERE state <> 'open') RETURNING upload_id"
    )
    return sorted({upload_id for (upload_id,) in useless})


def _upload(row: tuple[str, str, str, int, int, str, int]) -> Upload:
    """row: of _COLUMNS."""
    id_, account_id, metadata, size_bytes, offset_bytes, state, touched_us = row
    return Upload(
        id=id_,
        account_id=account_id,
        metadata=metadata,
        size_bytes=size_bytes,
        offset_bytes=offset_bytes,
        state=state,
        touched_us=touched_us,
    )
