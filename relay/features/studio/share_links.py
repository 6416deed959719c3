"""The table share_link: whoever has a link sees a creation, whoever may see it otherwise, until the link expires.

With some one also edits it, together with its owner. Of a token only its hash is stored, so nobody who reads the table has a link.
"""

import secrets
from hashlib import sha256

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.core.visibility import SHARED
from relay.engine.database import Connection, Tx
from relay.features.creations import api as creations
from relay.wire.creations import MAX_LINKS

TOKEN_BYTES = 16
DAY_US = 86_400_000_000
_COLUMNS = (
    "l.hash, l.creation_id, l.created_us, l.expires_us,"
    " (SELECT e.for_guests FROM editing_link AS e WHERE e.hash = l.hash)"
)


class Link(Struct, frozen=True, kw_only=True):
    """One that still shows something. id: of the row, in hexadecimal, and of no use to who wants to see it.

    may_edit: whoever is signed in. guests_may_edit: and who is not, as a guest.
    """

    id: str
    creation_id: str
    created_us: int
    expires_us: int | None
    may_edit: bool
    guests_may_edit: bool


class Shown(Struct, frozen=True, kw_only=True):
    """A link, and what it shows."""

    link: Link
    kind: str
    title: str
    view_count: int


def id_of(token: str) -> str:
    """As `Link.id`. [any]"""
    return _hash(token).hex()


def make(
    tx: Tx,
    creation_id: str,
    at_us: int,
    days: int | None,
    *,
    may_edit: bool = False,
    guests_may_edit: bool = False,
) -> tuple[str, int | None]:
    """A token, and when it expires; None: never. Raises Refusal: validation. [writer]"""
    ended = "share_link WHERE creation_id = ? AND expires_us <= ?"
    tx.db.execute(f"DELETE FROM editing_link WHERE hash IN (SELECT hash FROM {ended})", (creation_id, at_us))
    tx.db.execute(f"DELETE FROM {ended}", (creation_id, at_us))
    if guests_may_edit and not may_edit:
        raise Refusal(
            "validation", "A link lets guests edit only what it lets others edit.", "Say may_edit, too."
        )
    asked = "SELECT count(*) FROM share_link WHERE creation_id = ?"
    if tx.db.execute(asked, (creation_id,)).fetchone()[0] >= MAX_LINKS:
        raise Refusal("validation", f"There are {MAX_LINKS} links to this already.", "Use one of those.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_us = None if days is None else at_us + days * DAY_US
    tx.db.execute(
        "INSERT INTO share_link (hash, creation_id, created_us, expires_us) VALUES (?, ?, ?, ?)",
        (_hash(token), creation_id, at_us, expires_us),
    )
    if may_edit:
        creations.require_ability(tx.db, creation_id, creations.Ability.COEDIT)
        tx.db.execute(
            "INSERT INTO editing_link (hash, for_guests) VALUES (?, ?)", (_hash(token), int(guests_may_edit))
        )
    return token, expires_us


def shown_by(db: Connection, token: str, viewer: str | None, at_us: int) -> str:
    """The id of the creation that a link shows. Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    return found(db, token, viewer, at_us).creation_id


def found(db: Connection, token: str, viewer: str | None, at_us: int) -> Link:
    """Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM share_link AS l JOIN creation AS c ON c.id = l.creation_id"
        f" WHERE l.hash = :hash AND {SHARED}",
        {"hash": _hash(token), "viewer": viewer or ""},
    ).fetchone()
    if row is None:
        raise Refusal("not_found", "There is no such link, or what it showed is no longer there.")
    link = _link(row)
    if link.expires_us is not None and link.expires_us <= at_us:
        raise Refusal(
            "gone", "This link has expired, or was ended.", "Ask whoever gave it to you for another one."
        )
    return link


def of_creation(db: Connection, creation_id: str, at_us: int) -> list[Link]:
    """Those that have not expired, the newest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM share_link AS l WHERE l.creation_id = ? AND (l.expires_us IS NULL OR l.expires_us > ?)"
        " ORDER BY l.created_us DESC, l.hash",
        (creation_id, at_us),
    ).fetchall()
    return [_link(row) for row in rows]


def of_owner(db: Connection, owner_id: str, at_us: int, limit: int) -> list[Shown]:
    """Those to all that somebody made that have not expired, the newest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"SELECT c.kind, c.title, c.view_count, {_COLUMNS} FROM share_link AS l JOIN creation AS c ON c.id = l.creation_id"
        " WHERE c.owner_id = ? AND c.state <> 'deleted' AND (l.expires_us IS NULL OR l.expires_us > ?)"
        " ORDER BY l.created_us DESC, l.hash LIMIT ?",
        (owner_id, at_us, limit),
    ).fetchall()
    return [Shown(link=_link(row[3:]), kind=row[0], title=row[1], view_count=row[2]) for row in rows]


def end(tx: Tx, creation_id: str, id_: str, at_us: int) -> None:
    """It has expired from now on. Raises Refusal: not_found. [writer]"""
    ended = "UPDATE share_link SET expires_us = ? WHERE creation_id = ? AND hash = ? RETURNING 1"
    if not _is_id(id_) or tx.db.execute(ended, (at_us, creation_id, bytes.fromhex(id_))).fetchone() is None:
        raise Refusal("not_found", "There is no such link.")
    creations.note_otherwise(tx)


def _is_id(text: str) -> bool:
    return len(text) == 64 and all(each in "0123456789abcdef" for each in text)


def _link(row: tuple[bytes, str, int, int | None, int | None]) -> Link:
    hash_, creation_id, created_us, expires_us, for_guests = row
    return Link(
        id=bytes(hash_).hex(),
        creation_id=creation_id,
        created_us=created_us,
        expires_us=expires_us,
        may_edit=for_guests is not None,
        guests_may_edit=bool(for_guests),
    )


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
