"""The table invite: links by which accounts come to be, whatever their owners sign in by then."""

import secrets

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.clock import new_id
from relay.engine.database import Connection, Tx
from relay.engine.secrets_at_rest import hash_of

SECRET_BYTES = 24
MAX_LISTED = 1_000


class Invite(Struct, frozen=True, kw_only=True):
    """A link to a new account, as its operator sees it listed. expires_us: since the epoch."""

    id: str
    uses_left: int
    expires_us: int


def add_invite(tx: Tx, *, uses: int, now_us: int, expires_us: int) -> tuple[Invite, str]:
    """The invite, and the secret of its link. [writer]"""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    made = Invite(id=new_id(), uses_left=uses, expires_us=expires_us)
    tx.db.execute("DELETE FROM invite WHERE expires_us <= ? OR uses_left = 0", (now_us,))
    tx.db.execute(
        "INSERT INTO invite (hash, id, uses_left, created_us, expires_us) VALUES (?, ?, ?, ?, ?)",
        (hash_of(secret), made.id, uses, now_us, expires_us),
    )
    return made, secret


def invites(db: Connection, now_us: int) -> list[Invite]:
    """Those that still lead to an account, the newest first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT id, uses_left, expires_us FROM invite WHERE expires_us > ? AND uses_left > 0"
        " ORDER BY created_us DESC, id DESC LIMIT ?",
        (now_us, MAX_LISTED),
    )
    return [Invite(id=id_, uses_left=uses_left, expires_us=expires_us) for id_, uses_left, expires_us in rows]


def revoke_invite(tx: Tx, invite_id: str) -> bool:
    """Whether there was one. [writer]"""
    return tx.db.execute("DELETE FROM invite WHERE id = ? RETURNING id", (invite_id,)).fetchone() is not None


def is_invited(db: Connection, invite_hash: bytes, now_us: int) -> bool:
    """[any thread with a snapshot]"""
    asked = "SELECT 1 FROM invite WHERE hash = ? AND uses_left > 0 AND expires_us > ?"
    return db.execute(asked, (invite_hash, now_us)).fetchone() is not None


def spend_invite(tx: Tx, invite_hash: bytes, now_us: int) -> None:
    """One use of it. Raises Refusal: not_found. [writer]"""
    spent = tx.db.execute(
        "UPDATE invite SET uses_left = uses_left - 1 WHERE hash = ? AND uses_left > 0 AND expires_us > ? RETURNING id",
        (invite_hash, now_us),
    ).fetchone()
    if spent is None:
        raise invite_over()


def invite_over() -> Refusal:
    """For a link that leads nowhere, whatever the reason. [any]"""
    return Refusal(
        "not_found", "This invite is used up, over or was taken back.", "Ask who sent it for a new one."
    )
