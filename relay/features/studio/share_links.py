"""The table share_link: whoever has a link sees a creation, whoever may see it otherwise, until the link expires.

Of a token only its hash is stored, so nobody who reads the table has a link.
"""

import secrets
from hashlib import sha256

from relay.core.refusal import Refusal
from relay.core.visibility import SHARED
from relay.engine.database import Connection, Tx

TOKEN_BYTES = 16
DAY_US = 86_400_000_000
MAX_LINKS = 100
"""Of one creation, that have not expired."""


def make(tx: Tx, creation_id: str, at_us: int, days: int | None) -> tuple[str, int | None]:
    """A token, and when it expires; None: never. Raises Refusal: validation. [writer]"""
    tx.db.execute("DELETE FROM share_link WHERE creation_id = ? AND expires_us <= ?", (creation_id, at_us))
    asked = "SELECT count(*) FROM share_link WHERE creation_id = ?"
    if tx.db.execute(asked, (creation_id,)).fetchone()[0] >= MAX_LINKS:
        raise Refusal("validation", f"There are {MAX_LINKS} links to this already.", "Use one of those.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_us = None if days is None else at_us + days * DAY_US
    tx.db.execute(
        "INSERT INTO share_link (hash, creation_id, created_us, expires_us) VALUES (?, ?, ?, ?)",
        (_hash(token), creation_id, at_us, expires_us),
    )
    return token, expires_us


def shown_by(db: Connection, token: str, viewer: str | None, at_us: int) -> str:
    """The id of the creation that a link shows. Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT l.creation_id, l.expires_us FROM share_link AS l JOIN creation AS c ON c.id = l.creation_id"
        f" WHERE l.hash = :hash AND {SHARED}",
        {"hash": _hash(token), "viewer": viewer or ""},
    ).fetchone()
    if row is None:
        raise Refusal("not_found", "There is no such link, or what it showed is no longer there.")
    creation_id, expires_us = row
    if expires_us is not None and expires_us <= at_us:
        raise Refusal("gone", "This link has expired.", "Ask whoever gave it to you for another one.")
    return str(creation_id)


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
