"""People and their devices: register, claim, refresh, browser sessions, profiles."""

import base64
import hashlib
import secrets
import sqlite3

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from relay.core.access import Actor
from relay.core.refresh import Presented, RefreshVerdict, judge
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.services.clock import new_id, now_us
from relay.services.database import Database, Tx
from relay.services.events import Revoked, create_channels
from relay.services.tokens import Tokens
from relay.wire.rest import (
    ACCESS_LIFETIME_S,
    DevClaim,
    Device,
    DeviceRegister,
    Producer,
    TokenPair,
    claim_message,
)

CHALLENGE_US = 300_000_000
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

    def __init__(self, db: Database, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens

    async def register(self, request: DeviceRegister) -> Device:
        """The device of this public key, with a fresh challenge to sign. Raises Refusal: validation."""
        public_key = _key_bytes(request.public_key)
        now, fresh_id, challenge = now_us(), new_id(), secrets.token_urlsafe(32)

        def work(tx: Tx) -> Device:
            tx.db.execute(
                "INSERT INTO device (id, public_key, name, platform, version, created_us) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (public_key) DO UPDATE SET name = excluded.name, platform = excluded.platform,"
                " version = excluded.version",
                (fresh_id, public_key, request.name, request.platform, request.version, now),
            )
            device_id, created_us, username = tx.db.execute(
                "SELECT device.id, device.created_us, account.username FROM device"
                " LEFT JOIN account ON account.id = device.account_id WHERE public_key = ?",
                (public_key,),
            ).fetchone()
            tx.db.execute("DELETE FROM challenge WHERE expires_us <= ?", (now,))
            tx.db.execute(
                "INSERT INTO challenge VALUES (?, ?, ?)", (challenge, device_id, now + CHALLENGE_US)
            )
            return Device(
                device_id=device_id,
                name=request.name,
                claimed_by=username,
                created_at=rfc3339(created_us),
                challenge=challenge,
            )

        return await self._db.write(work)

    async def claim(self, request: DevClaim) -> TokenPair:
        """Join a device to an account named by the caller; only a --dev relay offers this.

        Raises Refusal: device_unknown, challenge_invalid, signature_invalid, device_claimed.
        """
        refresh = secrets.token_urlsafe(32)

        def work(tx: Tx) -> TokenPair:
            now = now_us()
            _prove_device(tx, request, now)
            account_id = ensure_account(tx, request.username, now)
            tx.db.execute(
                "UPDATE device SET account_id = ?, claimed_us = ? WHERE id = ?",
                (account_id, now, request.device_id),
            )
            family_id = new_id()
            tx.db.execute(
                "INSERT INTO family (id, account_id, device_id, created_us) VALUES (?, ?, ?, ?)",
                (family_id, account_id, request.device_id, now),
            )
            tx.db.execute(
                "INSERT INTO refresh_token VALUES (?, ?, 1, ?, NULL)", (_hash(refresh), family_id, now)
            )
            return self._pair(tx, account_id, request.device_id, family_id, refresh)

        return await self._db.write(work)

    async def refresh(self, token: str) -> TokenPair:
        """Exchange a refresh token. Raises Refusal: token_invalid, token_reused (which ends the family)."""
        fresh = secrets.token_urlsafe(32)

        def work(tx: Tx) -> TokenPair | Refusal:
            return self._exchange(tx, token, fresh)

        outcome = await self._db.write(work)
        if isinstance(outcome, Refusal):  # returned, not raised: the revocation itself must commit
            raise outcome
        return outcome

    def _exchange(self, tx: Tx, token: str, fresh: str) -> TokenPair | Refusal:
        now = now_us()
        found = tx.db.execute(
            "SELECT n, issued_us, used_us, family_id, account_id, device_id, revoked_us,"
            " EXISTS (SELECT 1 FROM refresh_token AS later WHERE later.family_id = token.family_id"
            "   AND later.n > token.n AND later.used_us IS NOT NULL),"
            " (SELECT max(n) FROM refresh_token AS any WHERE any.family_id = token.family_id)"
            " FROM refresh_token AS token JOIN family ON family.id = token.family_id WHERE hash = ?",
            (_hash(token),),
        ).fetchone()
        unknown = Refusal("token_invalid", "This refresh token is not valid.", "Sign in again.")
        if found is None:
            return unknown
        _n, issued_us, used_us, family_id, account_id, device_id, revoked_us, later_used, newest = found
        presented = Presented(
            issued_us=issued_us,
            used_us=used_us,
            later_used=bool(later_used),
            family_revoked=revoked_us is not None,
        )
        match judge(presented, now):
            case RefreshVerdict.ENDED:
                return unknown
            case RefreshVerdict.REUSED:
                tx.db.execute("UPDATE family SET revoked_us = ? WHERE id = ?", (now, family_id))
                tx.effects.append(Revoked(commit=tx.commit, family_id=family_id))
                return Refusal(
                    "token_reused",
                    "This refresh token was exchanged before, so somebody has a copy; the sign-in was ended.",
                    "Sign in again on this device.",
                )
            case RefreshVerdict.EXCHANGE:
                tx.db.execute(
                    "UPDATE refresh_token SET used_us = coalesce(used_us, ?) WHERE hash = ?",
                    (now, _hash(token)),
                )
                tx.db.execute(
                    "INSERT INTO refresh_token VALUES (?, ?, ?, ?, NULL)",
                    (_hash(fresh), family_id, newest + 1, now),
                )
                return self._pair(tx, account_id, device_id, family_id, fresh)

    def _pair(self, tx: Tx, account_id: str, device_id: str, family_id: str, refresh: str) -> TokenPair:
        return TokenPair(
            access_token=self._tokens.make(account_id=account_id, device_id=device_id, family_id=family_id),
            refresh_token=refresh,
            expires_in=ACCESS_LIFETIME_S,
            device_id=device_id,
            user=profile(tx.db, account_id),
        )

    async def open_session(self, username: str) -> Opened:
        """Sign a browser in as username, made if new; only a --dev relay offers this."""
        cookie, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)

        def work(tx: Tx) -> Opened:
            now = now_us()
            account_id = ensure_account(tx, username, now)
            tx.db.execute("DELETE FROM session WHERE expires_us <= ?", (now,))
            tx.db.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?)", (_hash(cookie), account_id, csrf, now + SESSION_US)
            )
            return Opened(cookie=cookie, user=profile(tx.db, account_id))

        return await self._db.write(work)

    async def close_session(self, cookie: str) -> None:
        await self._db.write(lambda tx: tx.db.execute("DELETE FROM session WHERE hash = ?", (_hash(cookie),)))

    async def session(self, cookie: str) -> Session | None:
        """The session of a cookie, None when it is unknown or over."""

        def work(db: sqlite3.Connection) -> Session | None:
            found = db.execute(
                "SELECT account_id, username, csrf, expires_us FROM session"
                " JOIN account ON account.id = session.account_id WHERE hash = ? AND expires_us > ?",
                (_hash(cookie), now_us()),
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


def revoked_families(db: sqlite3.Connection, now: int) -> set[str]:
    """Families whose access tokens may still be unexpired. [any thread with a snapshot]"""
    since = now - 2 * ACCESS_LIFETIME_S * 1_000_000
    return {row[0] for row in db.execute("SELECT id FROM family WHERE revoked_us > ?", (since,))}


def _prove_device(tx: Tx, request: DevClaim, now: int) -> None:
    device = tx.db.execute(
        "SELECT public_key, username FROM device LEFT JOIN account ON account.id = device.account_id"
        " WHERE device.id = ?",
        (request.device_id,),
    ).fetchone()
    if device is None:
        raise Refusal("device_unknown", "This device is not registered here.", "Register it first.")
    spent = tx.db.execute(
        "DELETE FROM challenge WHERE value = ? AND device_id = ? AND expires_us > ? RETURNING 1",
        (request.challenge, request.device_id, now),
    ).fetchone()
    if spent is None:
        raise Refusal("challenge_invalid", "The challenge is unknown, used or older than five minutes.",
                      "Register the device again to get a fresh one.")  # fmt: skip
    try:
        signature = base64.urlsafe_b64decode(request.signature + "==")
        message = claim_message(request.device_id, request.challenge)
        Ed25519PublicKey.from_public_bytes(device[0]).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Refusal("signature_invalid", "The signature is not this device's.") from None
    if device[1] not in (None, request.username):
        raise Refusal("device_claimed", f"This device belongs to {device[1]}.", "Remove it there first.")


def _key_bytes(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=")
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        raise Refusal("validation", "public_key is not an Ed25519 key in base64url.") from None
    return key


def _hash(secret: str) -> bytes:
    # A fast hash is right here: the secrets are 256 random bits, nothing can be guessed.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
