"""People: accounts, who they are elsewhere, their browser sessions, their profiles. Devices are in devices.py."""

import secrets
import sqlite3
from collections.abc import Iterator
from itertools import count

from msgspec import Struct

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.core.upstream import Known, username_from
from relay.services.clock import new_id, now_us
from relay.services.database import Database, Tx
from relay.services.events import create_channels
from relay.services.secrets_at_rest import hash_of
from relay.wire.rest import Producer

SESSION_US = 30 * 24 * 3600 * 1_000_000
_PROFILE = """SELECT id, username, display_name, bio, follower_count, following_count, post_count, daw_preference
FROM account"""


class Session(Struct, frozen=True, kw_only=True):
    """A signed-in browser. csrf must come back in a header with every change."""

    actor: Actor
    username: str
    csrf: str


class Opened(Struct, frozen=True, kw_only=True):
    """cookie: the secret of a fresh session, never stored as it is."""

    cookie: str
    user: Producer


class Accounts:
    """[loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open_session(self, username: str) -> Opened:
        """Sign a browser in as username, made if new; only a --dev relay offers this."""
        return await self._db.write(lambda tx: _open_session(tx, ensure_account(tx, username, now_us())))

    async def knows(self, known: Known) -> bool:
        """Whether whoever this provider vouches for has an account."""
        asked = "SELECT 1 FROM identity WHERE issuer = ? AND subject = ?"
        found = await self._db.read(lambda db: db.execute(asked, (known.issuer, known.subject)).fetchone())
        return found is not None

    async def open_session_of(self, known: Known) -> Opened:
        """Sign a browser in as whoever this provider vouches for; somebody new gets an account of their own."""

        def work(tx: Tx) -> Opened:
            found = tx.db.execute(
                "SELECT account_id FROM identity WHERE issuer = ? AND subject = ?",
                (known.issuer, known.subject),
            ).fetchone()
            return _open_session(tx, found[0] if found else _new_account(tx, known))

        return await self._db.write(work)

    async def renew_session(self, cookie: str) -> Opened:
        """The same session under a new secret: what was known of the old one is worth nothing. Raises Refusal."""

        def work(tx: Tx) -> Opened:
            ended = tx.db.execute(
                "DELETE FROM session WHERE hash = ? AND expires_us > ? RETURNING account_id",
                (hash_of(cookie), now_us()),
            ).fetchone()
            if ended is None:
                raise Refusal("sign_in_required", "This browser is no longer signed in.", "Sign in again.")
            return _open_session(tx, ended[0])

        return await self._db.write(work)

    async def close_session(self, cookie: str) -> None:
        await self._db.write(
            lambda tx: tx.db.execute("DELETE FROM session WHERE hash = ?", (hash_of(cookie),))
        )

    async def session(self, cookie: str) -> Session | None:
        """The session of a cookie, None when it is unknown or over."""

        def work(db: sqlite3.Connection) -> Session | None:
            found = db.execute(
                "SELECT account_id, username, csrf, expires_us FROM session"
                " JOIN account ON account.id = session.account_id WHERE hash = ? AND expires_us > ?",
                (hash_of(cookie), now_us()),
            ).fetchone()
            if found is None:
                return None
            account_id, username, csrf, expires_us = found
            return Session(
                actor=Actor(user_id=account_id, expires_us=expires_us), username=username, csrf=csrf
            )

        return await self._db.read(work)

    async def profile(self, account_id: str) -> Producer:
        return await self._db.read(lambda db: profile(db, account_id))

    async def find(self, name: str) -> Producer:
        """A profile by id or username. Raises Refusal: not_found."""
        return await self._db.read(lambda db: find(db, name))


def profile(db: sqlite3.Connection, account_id: str) -> Producer:
    """Raises Refusal: not_found. [any thread with a snapshot]"""
    return _producer(db.execute(f"{_PROFILE} WHERE id = ?", (account_id,)).fetchone())


def find(db: sqlite3.Connection, name: str) -> Producer:
    """By id or username: an id has 32 characters, a username at most 30. Raises Refusal: not_found."""
    column = "id" if len(name) == 32 else "username"
    return _producer(db.execute(f"{_PROFILE} WHERE {column} = ?", (name,)).fetchone())


def _producer(row: tuple[str, str, str, str, int, int, int, str | None] | None) -> Producer:
    if row is None:
        raise Refusal("not_found", "There is nobody of this name here.")
    return Producer(
        id=row[0],
        username=row[1],
        display_name=row[2],
        bio=row[3],
        follower_count=row[4],
        following_count=row[5],
        post_count=row[6],
        daw_preference=row[7],
    )


def _open_session(tx: Tx, account_id: str) -> Opened:
    now, cookie = now_us(), secrets.token_urlsafe(32)
    tx.db.execute("DELETE FROM session WHERE expires_us <= ?", (now,))
    tx.db.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?)",
        (hash_of(cookie), account_id, secrets.token_urlsafe(24), now + SESSION_US),
    )
    return Opened(cookie=cookie, user=profile(tx.db, account_id))


def _new_account(tx: Tx, known: Known) -> str:
    """Never an account that is there already: a name is not a proof either."""
    wished = username_from(known.suggestion)
    taken = {
        row[0]
        for row in tx.db.execute("SELECT username FROM account WHERE username GLOB ? || '*'", (wished,))
    }
    username = next(name for name in _variants(wished) if name not in taken)
    account_id = ensure_account(tx, username, now_us())
    tx.db.execute(
        "INSERT INTO identity VALUES (?, ?, ?, ?)", (known.issuer, known.subject, account_id, now_us())
    )
    return account_id


def _variants(name: str) -> Iterator[str]:
    yield name
    for n in count(2):
        yield f"{name}{n}"


def ensure_account(tx: Tx, username: str, now: int) -> str:
    """The id of the account, which is made if there is none. [writer]"""
    found = tx.db.execute("SELECT id FROM account WHERE username = ?", (username,)).fetchone()
    if found is not None:
        return str(found[0])
    account_id = new_id()
    tx.db.execute(
        "INSERT INTO account (id, username, display_name, created_us) VALUES (?, ?, ?, ?)",
        (account_id, username, username, now),
    )
    create_channels(tx, account_id)
    return account_id
