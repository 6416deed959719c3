"""The tables password and password_reset."""

import secrets

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.database import Connection, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts import api as accounts

SECRET_BYTES = 24
RESET_US, MAILED_RESET_US = 24 * 3600 * 1_000_000, 3600 * 1_000_000
MAX_LISTED = 1_000


class User(Struct, frozen=True, kw_only=True):
    """An account, as the operator sees it listed. signs_in_here: by a password of this relay. links: by so many providers."""

    username: str
    role: str
    is_suspended: bool
    signs_in_here: bool
    links: int
    created_us: int
    active_us: int


class Reset(Struct, frozen=True, kw_only=True):
    """A link that sets a password. is_mailed: by a letter, so a code of an app is asked for as ever; else by the operator.
    is_first: there was none before.
    """

    account_id: str
    username: str
    is_mailed: bool
    is_first: bool


# passwords --------------------------------------------------------------------------------------------------------


def password_of(db: Connection, username: str) -> tuple[str, str] | None:
    """Account id and hash of who signs in by that name here. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT account_id, phc FROM password JOIN account ON account.id = account_id WHERE username = ?",
        (username,),
    ).fetchone()
    return None if found is None else (str(found[0]), str(found[1]))


def has_password(db: Connection, account_id: str) -> bool:
    """[any thread with a snapshot]"""
    return db.execute("SELECT 1 FROM password WHERE account_id = ?", (account_id,)).fetchone() is not None


def has_any(db: Connection) -> bool:
    """Whether anybody has a password. [any thread with a snapshot]"""
    return db.execute("SELECT 1 FROM password LIMIT 1").fetchone() is not None


def set_password(tx: Tx, account_id: str, phc: str, now_us: int) -> None:
    """The only one from now on; every link to set another is worth nothing. [writer]"""
    tx.db.execute(
        "INSERT INTO password (account_id, phc, changed_us) VALUES (?, ?, ?)"
        " ON CONFLICT (account_id) DO UPDATE SET phc = excluded.phc, changed_us = excluded.changed_us",
        (account_id, phc, now_us),
    )
    tx.db.execute("DELETE FROM password_reset WHERE account_id = ?", (account_id,))


def create_account(tx: Tx, username: str, phc: str, now_us: int) -> str:
    """The id of a new account that signs in by this password. Raises Refusal: validation. [writer]"""
    account_id = accounts.create_account(tx, username, now_us)
    set_password(tx, account_id, phc, now_us)
    return account_id


# links that set a new password ----------------------------------------------------------------------------------------


def add_reset(tx: Tx, username: str, now_us: int) -> str:
    """The secret of a link for who goes by that name; the link before it is worth nothing. Raises Refusal: not_found. [writer]"""
    found = tx.db.execute("SELECT id FROM account WHERE username = ?", (username,)).fetchone()
    if found is None:
        raise Refusal(
            "not_found", f"Nobody here is called {username}.", "`sidechain relay users` lists who there is."
        )
    return _add_reset(tx, str(found[0]), now_us, now_us + RESET_US, is_mailed=False)


def add_mailed_reset(tx: Tx, account_id: str, now_us: int) -> str:
    """The same for a letter. [writer]"""
    return _add_reset(tx, account_id, now_us, now_us + MAILED_RESET_US, is_mailed=True)


def _add_reset(tx: Tx, account_id: str, now_us: int, expires_us: int, *, is_mailed: bool) -> str:
    secret = secrets.token_urlsafe(SECRET_BYTES)
    tx.db.execute("DELETE FROM password_reset WHERE account_id = ? OR expires_us <= ?", (account_id, now_us))
    tx.db.execute(
        "INSERT INTO password_reset (hash, account_id, is_mailed, expires_us) VALUES (?, ?, ?, ?)",
        (hash_of(secret), account_id, int(is_mailed), expires_us),
    )
    return secret


def reset_for(db: Connection, secret: str, now_us: int) -> Reset:
    """Whose link it is. Raises Refusal: not_found. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT account.id, username, is_mailed, phc IS NULL FROM password_reset"
        " JOIN account ON account.id = password_reset.account_id"
        " LEFT JOIN password ON password.account_id = account.id WHERE hash = ? AND expires_us > ?",
        (hash_of(secret), now_us),
    ).fetchone()
    if found is None:
        raise Refusal(
            "not_found",
            "This link was used, or is over.",
            "If it was you who used it, sign in with the new password; else ask for another link.",
            way=("/forgot-password", "Another link"),
        )
    account_id, username, is_mailed, is_first = found
    return Reset(account_id=account_id, username=username, is_mailed=bool(is_mailed), is_first=bool(is_first))


# accounts -------------------------------------------------------------------------------------------------------------


def users(db: Connection, after: str) -> list[User]:
    """By name, those after `after`; "": from the first. At most MAX_LISTED. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT username, role, suspended_us IS NOT NULL, phc IS NOT NULL,"
        " (SELECT count(*) FROM identity WHERE identity.account_id = account.id), account.created_us, active_us FROM account"
        " LEFT JOIN password ON password.account_id = account.id"
        " WHERE username > ? AND deleted_us IS NULL ORDER BY username LIMIT ?",
        (after, MAX_LISTED),
    )
    return [
        User(
            username=username,
            role=role,
            is_suspended=bool(suspended),
            signs_in_here=bool(here),
            links=links,
            created_us=created_us,
            active_us=active_us,
        )
        for username, role, suspended, here, links, created_us, active_us in rows
    ]
