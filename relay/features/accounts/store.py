"""The tables account, session, identity and pending_sign_in."""

import secrets

from msgspec import Struct

from relay.core.access import Actor
from relay.core.calls import Session
from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Effect, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts.names import looks_taken, propose, require_free, skeleton
from relay.features.accounts.providers import Known
from relay.wire.rest import Producer

SESSION_US = 30 * 24 * 3600 * 1_000_000
MAX_SESSIONS = 100
"""Of one account; one more ends the oldest."""
_PROFILE = """SELECT id, username, display_name, bio, follower_count, following_count, post_count, daw_preference
FROM account"""


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


# people -------------------------------------------------------------------------------------------------------


def profile(db: Connection, account_id: str) -> Producer:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    return _found(db.execute(f"{_PROFILE} WHERE id = ?", (account_id,)).fetchone())


def profiles(db: Connection, account_ids: list[str]) -> dict[str, Producer]:
    """Those of them that are there, in one statement. [any thread with a snapshot]"""
    if not account_ids:
        return {}
    marks = ", ".join("?" * len(account_ids))
    rows = db.execute(f"{_PROFILE} WHERE id IN ({marks})", account_ids).fetchall()
    return {each.id: each for each in map(_producer, rows)}


def find(db: Connection, name: str) -> Producer:
    """By id or username: an id has 32 characters, a username at most 30. Raises Refusal: not_found."""
    column = "id" if len(name) == 32 else "username"
    return _found(db.execute(f"{_PROFILE} WHERE {column} = ?", (name,)).fetchone())


_Row = tuple[str, str, str, str, int, int, int, str | None]


def _found(row: _Row | None) -> Producer:
    if row is None:
        raise Refusal("not_found", "There is nobody of this name here.")
    return _producer(row)


def _producer(row: _Row) -> Producer:
    """row: of _PROFILE."""
    id_, username, display_name, bio, followers, following, posts, daw = row
    return Producer(
        id=id_,
        username=username,
        display_name=display_name,
        bio=bio,
        follower_count=followers,
        following_count=following,
        post_count=posts,
        daw_preference=daw,
    )


def ensure_account(tx: Tx, username: str, now: int) -> str:
    """The id of the account, which is made if there is none. Raises Refusal: validation. [writer]"""
    found = tx.db.execute("SELECT id FROM account WHERE username = ?", (username,)).fetchone()
    if found is not None:
        return str(found[0])
    require_free(username)
    if _is_like_another(tx.db, username):
        raise looks_taken(username)
    return _new_account(tx, username, now)


def account_of(tx: Tx, known: Known) -> str:
    """The account of whoever a provider vouches for; somebody new gets one of their own. [writer]

    Never an account that is there already: a name is not a proof.
    """
    found = tx.db.execute(
        "SELECT account_id FROM identity WHERE issuer = ? AND subject = ?", (known.issuer, known.subject)
    ).fetchone()
    if found is not None:
        return str(found[0])
    username = next(name for name in propose(known.suggestion) if not _is_like_another(tx.db, name))
    account_id = _new_account(tx, username, now_us())
    tx.db.execute(
        "INSERT INTO identity (issuer, subject, account_id, created_us) VALUES (?, ?, ?, ?)",
        (known.issuer, known.subject, account_id, now_us()),
    )
    return account_id


def knows(db: Connection, known: Known) -> bool:
    """Whether whoever a provider vouches for has an account. [any thread with a snapshot]"""
    asked = "SELECT 1 FROM identity WHERE issuer = ? AND subject = ?"
    return db.execute(asked, (known.issuer, known.subject)).fetchone() is not None


def _is_like_another(db: Connection, username: str) -> bool:
    asked = "SELECT 1 FROM account WHERE skeleton = ?"
    return db.execute(asked, (skeleton(username),)).fetchone() is not None


def _new_account(tx: Tx, username: str, now: int) -> str:
    account_id = new_id()
    tx.db.execute(
        "INSERT INTO account (id, username, skeleton, display_name, created_us) VALUES (?, ?, ?, ?, ?)",
        (account_id, username, skeleton(username), username, now),
    )
    return account_id


def count_posts(tx: Tx, account_id: str, step: int) -> None:
    """[writer]"""
    tx.db.execute("UPDATE account SET post_count = post_count + ? WHERE id = ?", (step, account_id))


def set_newest_post(tx: Tx, account_id: str, newest_post_us: int) -> None:
    """newest_post_us: -1: followers find none. [writer]"""
    tx.db.execute("UPDATE account SET newest_post_us = ? WHERE id = ?", (newest_post_us, account_id))


def count_follow(tx: Tx, follower_id: str, followee_id: str, step: int) -> None:
    """[writer]"""
    tx.db.execute(
        "UPDATE account SET following_count = following_count + ? WHERE id = ?", (step, follower_id)
    )
    tx.db.execute("UPDATE account SET follower_count = follower_count + ? WHERE id = ?", (step, followee_id))


def store_bytes(tx: Tx, account_id: str, step_bytes: int) -> None:
    """What an account's creations take up. [writer]"""
    tx.db.execute("UPDATE account SET stored_bytes = stored_bytes + ? WHERE id = ?", (step_bytes, account_id))


def stored_bytes(db: Connection, account_id: str) -> int:
    """[any thread with a snapshot]"""
    return int(db.execute("SELECT stored_bytes FROM account WHERE id = ?", (account_id,)).fetchone()[0])


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
        "SELECT session.id, account_id, username, csrf, expires_us FROM session"
        " JOIN account ON account.id = session.account_id WHERE hash = ? AND expires_us > ?",
        (hash_of(cookie), now_us()),
    ).fetchone()
    if found is None:
        return None
    session_id, account_id, username, csrf, expires_us = found
    actor = Actor(user_id=account_id, session_id=session_id, expires_us=expires_us)
    return Session(actor=actor, username=username, csrf=csrf)


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
