"""The table session, and how an account comes to be; people.py has what stands in one, identities.py who it is elsewhere."""

import secrets

from msgspec import Struct

from relay.core.access import Actor, Role
from relay.core.calls import Session
from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Effect, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts.names import looks_taken, require_free, skeleton
from relay.features.accounts.people import profile
from relay.features.search import api as search
from relay.wire.rest import Producer

GUEST_NAME = "Guest"
"""As which all of them are shown."""
SESSION_US = 30 * 24 * 3600 * 1_000_000
MAX_SESSIONS = 100
"""Of one account; one more ends the oldest."""


class SessionEnded(Effect, frozen=True, kw_only=True, tag="session_ended"):
    """A browser signed out, or was signed out; its connections go with it."""

    session_id: str


class Opened(Struct, frozen=True, kw_only=True):
    """cookie: the secret of a fresh session, never stored as it is."""

    cookie: str
    user: Producer


class BrowserSession(Struct, frozen=True, kw_only=True):
    """A browser that is signed in, as its owner sees it listed."""

    id: str
    agent: str
    created_us: int


# accounts ---------------------------------------------------------------------------------------------------


def ensure_account(tx: Tx, username: str, now: int) -> str:
    """The id of the account, which is made if there is none. Raises Refusal: validation. [writer]"""
    found = tx.db.execute("SELECT id FROM account WHERE username = ?", (username,)).fetchone()
    if found is not None:
        return str(found[0])
    return create_account(tx, username, now)


def create_account(tx: Tx, username: str, now: int) -> str:
    """The id of a new account. Raises Refusal: validation, where nobody gets that name, or not any more. [writer]"""
    require_free(username)
    if is_like_another(tx.db, username):
        raise looks_taken(username)
    return new_account(tx, username, now)


def is_like_another(db: Connection, username: str) -> bool:
    """Whether an account, or one that was, has a name that looks the same. [any thread with a snapshot]"""
    asked = "SELECT 1 FROM account WHERE skeleton = ? UNION ALL SELECT 1 FROM retired_name WHERE skeleton = ?"
    return db.execute(asked, (skeleton(username),) * 2).fetchone() is not None


def new_account(tx: Tx, username: str, now: int) -> str:
    """username: free, and like no other. [writer]"""
    account_id = new_id()
    tx.db.execute(
        "INSERT INTO account (id, username, skeleton, display_name, created_us, active_us) VALUES (?, ?, ?, ?, ?, ?)",
        (account_id, username, skeleton(username), username, now, now),
    )
    search.put(tx, search.PERSON, search.Words(id=account_id, head=username, rest=""))
    return account_id


def create_guest(tx: Tx, now: int) -> str:
    """The id of a new account that nobody has signed up for; people are found by words, and it is not. [writer]"""
    account_id = new_id()
    tx.db.execute(
        "INSERT INTO account (id, username, skeleton, display_name, is_guest, created_us, active_us)"
        " VALUES (?, ?, ?, ?, 1, ?, ?)",
        (account_id, f"guest-{account_id[16:]}", account_id, GUEST_NAME, now, now),
    )
    return account_id


# sessions -----------------------------------------------------------------------------------------------------


def open_session(tx: Tx, account_id: str, agent: str) -> Opened:
    """A fresh one. agent: which browser, for its owner to recognise. [writer]"""
    now, cookie = now_us(), secrets.token_urlsafe(32)
    tx.db.execute("DELETE FROM session WHERE expires_us <= ?", (now,))
    tx.db.execute(
        "INSERT INTO session (hash, id, account_id, csrf, agent, created_us, expires_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (hash_of(cookie), new_id(), account_id, secrets.token_urlsafe(24), agent, now, now + SESSION_US),
    )
    for (oldest,) in tx.db.execute(
        "SELECT id FROM session WHERE account_id = ? ORDER BY created_us DESC, id DESC LIMIT ? OFFSET ?",
        (account_id, MAX_SESSIONS, MAX_SESSIONS),
    ).fetchall():
        _end(tx, "id", oldest)
    return Opened(cookie=cookie, user=profile(tx.db, account_id))


def renew_session(tx: Tx, cookie: str) -> Opened:
    """The same session under a new secret: what was known of the old one is worth nothing. Raises Refusal. [writer]"""
    found = tx.db.execute(
        "SELECT account_id, agent FROM session WHERE hash = ? AND expires_us > ?", (hash_of(cookie), now_us())
    ).fetchone()
    if found is None:
        raise Refusal("sign_in_required", "This browser is no longer signed in.", "Sign in again.")
    close_session(tx, cookie)
    return open_session(tx, *found)


def close_session(tx: Tx, cookie: str) -> None:
    """[writer]"""
    _end(tx, "hash", hash_of(cookie))


def end_session(tx: Tx, session_id: str) -> None:
    """[writer]"""
    _end(tx, "id", session_id)


def _end(tx: Tx, column: str, value: str | bytes) -> None:
    ended = tx.db.execute(f"DELETE FROM session WHERE {column} = ? RETURNING id", (value,)).fetchone()
    if ended is not None:
        tx.effects.append(SessionEnded(commit=tx.commit, session_id=ended[0]))


def session(db: Connection, cookie: str) -> Session | None:
    """The session of a cookie, None when it is unknown or over. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT session.id, account_id, username, csrf, expires_us, suspended_us, role FROM session"
        " JOIN account ON account.id = session.account_id WHERE hash = ? AND expires_us > ?",
        (hash_of(cookie), now_us()),
    ).fetchone()
    if found is None:
        return None
    session_id, account_id, username, csrf, expires_us, suspended_us, role = found
    actor = Actor(
        user_id=account_id,
        session_id=session_id,
        expires_us=expires_us,
        is_suspended=suspended_us is not None,
    )
    return Session(actor=actor, username=username, csrf=csrf, moderates=role != Role.USER)


def session_lives(db: Connection, session_id: str) -> bool:
    """Whether a browser is still signed in. [any thread with a snapshot]"""
    asked = "SELECT 1 FROM session WHERE id = ? AND expires_us > ?"
    return db.execute(asked, (session_id, now_us())).fetchone() is not None


def sessions_of(db: Connection, account_id: str) -> list[BrowserSession]:
    """The newest first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT id, agent, created_us FROM session WHERE account_id = ? AND expires_us > ?"
        " ORDER BY created_us DESC, id DESC LIMIT ?",
        (account_id, now_us(), MAX_SESSIONS),
    )
    return [BrowserSession(id=id_, agent=agent, created_us=created_us) for id_, agent, created_us in rows]
