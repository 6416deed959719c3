"""The tables mail_address and mail_confirmation."""

import re
import secrets

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.database import Connection, Tx
from relay.engine.secrets_at_rest import hash_of

SECRET_BYTES = 24
CONFIRM_US = 24 * 3600 * 1_000_000
MAX_CHARS = 254
"""RFC 5321, 4.5.3.1.3."""
MAX_ACCOUNTS = 5
"""So many of the accounts of one address are written to at once."""
_ADDRESS = re.compile(
    r"""[^\s@"(),:;<>\[\]\\]{1,64}@[a-z0-9]([a-z0-9.-]*[a-z0-9])?""", re.ASCII | re.IGNORECASE
)


class Recipient(Struct, frozen=True, kw_only=True):
    """Somebody with a confirmed address."""

    account_id: str
    username: str
    address: str


def require_address(typed: str) -> str:
    """Without the space around it. Raises Refusal: validation, where nobody can be written to there. [any]"""
    address = typed.strip()
    if len(address) > MAX_CHARS or not address.isascii() or not _ADDRESS.fullmatch(address):
        raise Refusal("validation", "This is not a mail address.", "Write it as name@example.com.")
    return address


def folded(address: str) -> str:
    """As it is looked for. [any]"""
    return address.strip().lower()


def address_of(db: Connection, account_id: str) -> str | None:
    """[any thread with a snapshot]"""
    found = db.execute("SELECT address FROM mail_address WHERE account_id = ?", (account_id,)).fetchone()
    return None if found is None else str(found[0])


def waiting_of(db: Connection, account_id: str, now_us: int) -> str | None:
    """The address that is still to be confirmed. [any thread with a snapshot]"""
    asked = "SELECT address FROM mail_confirmation WHERE account_id = ? AND expires_us > ?"
    found = db.execute(asked, (account_id, now_us)).fetchone()
    return None if found is None else str(found[0])


def recipients(db: Connection, who: str) -> list[Recipient]:
    """Of a user name, or of all who have that address. [any thread with a snapshot]"""
    column = "folded" if "@" in who else "username"
    rows = db.execute(
        "SELECT account.id, username, address FROM mail_address JOIN account ON account.id = account_id"
        f" WHERE {column} = ? ORDER BY username LIMIT ?",
        (folded(who), MAX_ACCOUNTS),
    )
    return [Recipient(account_id=id_, username=name, address=address) for id_, name, address in rows]


def recipient(db: Connection, account_id: str) -> Recipient | None:
    """[any thread with a snapshot]"""
    found = db.execute(
        "SELECT username, address FROM mail_address JOIN account ON account.id = account_id WHERE account_id = ?",
        (account_id,),
    ).fetchone()
    return None if found is None else Recipient(account_id=account_id, username=found[0], address=found[1])


def add_confirmation(tx: Tx, account_id: str, address: str, now_us: int) -> str:
    """The secret of the link; the one before it is worth nothing. [writer]"""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    tx.db.execute(
        "DELETE FROM mail_confirmation WHERE account_id = ? OR expires_us <= ?", (account_id, now_us)
    )
    tx.db.execute(
        "INSERT INTO mail_confirmation (hash, account_id, address, expires_us) VALUES (?, ?, ?, ?)",
        (hash_of(secret), account_id, address, now_us + CONFIRM_US),
    )
    return secret


def waiting_for(db: Connection, secret: str, now_us: int) -> Recipient:
    """Whose address a link confirms. Raises Refusal: not_found. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT account_id, username, address FROM mail_confirmation JOIN account ON account.id = account_id"
        " WHERE hash = ? AND expires_us > ?",
        (hash_of(secret), now_us),
    ).fetchone()
    if found is None:
        raise Refusal(
            "not_found",
            "This link was used, or is over.",
            "If letters do not come yet, give your address again.",
            way=("/settings/mail", "Your address"),
        )
    return Recipient(account_id=found[0], username=found[1], address=found[2])


def confirm(tx: Tx, secret: str, now_us: int) -> Recipient:
    """The link is used up. Raises Refusal: not_found. [writer]"""
    found = waiting_for(tx.db, secret, now_us)
    tx.db.execute("DELETE FROM mail_confirmation WHERE account_id = ?", (found.account_id,))
    tx.db.execute(
        "INSERT INTO mail_address (account_id, address, folded, confirmed_us) VALUES (?, ?, ?, ?) ON CONFLICT (account_id)"
        " DO UPDATE SET address = excluded.address, folded = excluded.folded, confirmed_us = excluded.confirmed_us",
        (found.account_id, found.address, folded(found.address), now_us),
    )
    return found


def forget(tx: Tx, account_id: str) -> None:
    """[writer]"""
    tx.db.execute("DELETE FROM mail_confirmation WHERE account_id = ?", (account_id,))
    tx.db.execute("DELETE FROM mail_address WHERE account_id = ?", (account_id,))
