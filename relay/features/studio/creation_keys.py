"""The table creation_key: which creation was made under which idempotency key."""

from hashlib import sha256

import msgspec

from relay.core.refusal import Refusal
from relay.engine.database import Connection, Tx
from relay.wire.creations import NewCreation


def made_under(db: Connection, account_id: str, key: str, given: NewCreation) -> str | None:
    """The id of the creation, None: there is none yet. Raises Refusal: idempotency_mismatch. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT creation_id, sha256 FROM creation_key WHERE account_id = ? AND key = ?", (account_id, key)
    ).fetchone()
    if row is None:
        return None
    if bytes(row[1]) != _hash(given):
        raise Refusal(
            "idempotency_mismatch", "This key was used for another creation.", "Take a new key for a new one."
        )
    return str(row[0])


def under(db: Connection, account_id: str, key: str) -> str | None:
    """The creation that was made under it, whatever was asked for. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT creation_id FROM creation_key WHERE account_id = ? AND key = ?", (account_id, key)
    ).fetchone()
    return None if row is None else str(row[0])


def hand_over(tx: Tx, from_id: str, to_id: str) -> None:
    """What one account made under keys counts as made by another. [writer]"""
    tx.db.execute(
        "UPDATE creation_key SET account_id = ? WHERE account_id = ? AND NOT EXISTS (SELECT 1 FROM creation_key AS other"
        " WHERE other.account_id = ? AND other.key = creation_key.key)",
        (to_id, from_id, to_id),
    )


def note(tx: Tx, account_id: str, key: str, given: NewCreation, creation_id: str) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO creation_key (account_id, key, sha256, creation_id) VALUES (?, ?, ?, ?)",
        (account_id, key, _hash(given), creation_id),
    )


def _hash(given: NewCreation) -> bytes:
    return sha256(msgspec.json.encode(given)).digest()
