"""The table avatar. The bytes are in the objects."""

from collections.abc import Mapping

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts


class Stored(Struct, frozen=True, kw_only=True):
    """One picture in one size, as an object."""

    sha256: str
    size_bytes: int


def put_avatar(tx: Tx, account_id: str, of_size: Mapping[int, Stored]) -> list[str]:
    """Show this one instead; none of no size: none. The objects that the one before had. [writer]"""
    gone = tx.db.execute("DELETE FROM avatar WHERE account_id = ? RETURNING sha256", (account_id,)).fetchall()
    avatar_id = new_id() if of_size else None
    for size_px, stored in of_size.items():
        tx.db.execute(
            "INSERT INTO avatar (avatar_id, size_px, account_id, sha256, size_bytes) VALUES (?, ?, ?, ?, ?)",
            (avatar_id, size_px, account_id, stored.sha256, stored.size_bytes),
        )
    accounts.set_avatar(tx, account_id, avatar_id)
    return [sha256 for (sha256,) in gone]


def avatar(db: Connection, avatar_id: str, size_px: int) -> Stored:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT sha256, size_bytes FROM avatar WHERE avatar_id = ? AND size_px = ?", (avatar_id, size_px)
    ).fetchone()
    if found is None:
        raise Refusal("not_found", "There is no such picture.")
    return Stored(sha256=found[0], size_bytes=found[1])
