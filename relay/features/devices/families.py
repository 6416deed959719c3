"""Families of refresh tokens: each is one sign-in of one device. Opened, refreshed, ended. [loop, or writer as said]"""

import secrets

from msgspec import Struct

from relay.core.access import Actor
from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import STALE_S, Connection, Database, Effect, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts import api as accounts
from relay.features.devices.proofs import is_signed_by
from relay.features.devices.refresh import Presented, RefreshVerdict, judge
from relay.features.devices.tokens import Tokens
from relay.wire.identity import ACCESS_LIFETIME_S, TokenPair
from relay.wire.oauth import refresh_message

MAX_LISTED = 200


class Revoked(Effect, frozen=True, kw_only=True, tag="revoked"):
    """A sign-in ended; its connections go with it."""

    family_id: str


class _Found(Struct, frozen=True, kw_only=True):
    """A refresh token and its family. proof: it needs the signature of public_key. newest: place of the family's last token."""

    token: Presented
    family_id: str
    account_id: str
    device_id: str
    proof: bool
    public_key: bytes
    newest: int

    def is_proven(self, token: str, signature: str | None) -> bool:
        """Whether who shows it has the device's key too; a signature that is not asked for must fit all the same."""
        if signature is None:
            return not self.proof
        return is_signed_by(self.public_key, refresh_message(token), signature)


class Families:
    """[loop]"""

    def __init__(self, db: Database, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens

    def open(
        self, tx: Tx, *, account_id: str, device_id: str, proof: bool, nonce: str | None = None
    ) -> tuple[str, TokenPair]:
        """A new sign-in in place of any other of this device; its id and first tokens. [writer]

        proof: its refresh tokens need the device's signature. Raises Refusal: account_suspended.
        """
        if accounts.is_suspended(tx.db, account_id):
            raise Refusal(
                "account_suspended",
                "This account is suspended.",
                "Its page /appeal takes what speaks against that.",
            )
        end_families(tx, device_id)
        now, family_id, refresh = now_us(), new_id(), secrets.token_urlsafe(32)
        tx.db.execute(
            "INSERT INTO family (id, account_id, device_id, created_us, proof) VALUES (?, ?, ?, ?, ?)",
            (family_id, account_id, device_id, now, int(proof)),
        )
        tx.db.execute(
            "INSERT INTO refresh_token (hash, family_id, n, issued_us) VALUES (?, ?, 1, ?)",
            (hash_of(refresh), family_id, now),
        )
        return family_id, self._pair(tx, account_id, device_id, family_id, refresh, nonce)

    async def confirm(self, actor: Actor) -> None:
        """Where this process hears nothing of what others end, the database is asked. Raises Refusal: token_invalid."""
        family_id = actor.family_id
        if family_id is not None and self._db.silent_s > STALE_S:
            alive = await self._db.read(lambda db: _lives(db, family_id))
            if not alive:
                raise Refusal("token_invalid", "This sign-in was ended.", "Sign in again.")

    async def refresh(self, token: str, signature: str | None) -> TokenPair:
        """Exchange a refresh token. Raises Refusal: token_invalid, token_reused (which ends the family)."""
        fresh = secrets.token_urlsafe(32)
        outcome = await self._db.write(lambda tx: self._exchange(tx, token, signature, fresh))
        if isinstance(outcome, Refusal):  # returned, not raised: the revocation itself must commit
            raise outcome
        return outcome

    def _exchange(self, tx: Tx, token: str, signature: str | None, fresh: str) -> TokenPair | Refusal:
        now, unknown = (
            now_us(),
            Refusal("token_invalid", "This refresh token is not valid.", "Sign in again."),
        )
        found = _presented(tx.db, token)
        if found is None or not found.is_proven(token, signature):
            return unknown  # whoever has the token but not the key gets nothing, and ends nothing
        match judge(found.token, now):
            case RefreshVerdict.ENDED:
                return unknown
            case RefreshVerdict.REUSED:
                end_family(tx, found.family_id)
                return Refusal(
                    "token_reused",
                    "This refresh token was exchanged before, so somebody has a copy; the sign-in was ended.",
                    "Sign in again on this device.",
                )
            case RefreshVerdict.EXCHANGE:
                _succeed(tx, token, fresh, found, now)
                return self._pair(tx, found.account_id, found.device_id, found.family_id, fresh, None)

    def _pair(
        self, tx: Tx, account_id: str, device_id: str, family_id: str, refresh: str, nonce: str | None
    ) -> TokenPair:
        return TokenPair(
            access_token=self._tokens.make(account_id=account_id, device_id=device_id, family_id=family_id),
            refresh_token=refresh,
            expires_in=ACCESS_LIFETIME_S,
            device_id=device_id,
            user=accounts.profile(tx.db, account_id),
            nonce=nonce,
        )


def _presented(db: Connection, token: str) -> _Found | None:
    """[writer]"""
    row = db.execute(
        "SELECT issued_us, used_us, family_id, token_family.account_id, device_id, revoked_us, proof, public_key,"
        " (SELECT 1 FROM refresh_token AS later WHERE later.family_id = token.family_id"
        "   AND later.n > token.n AND later.used_us IS NOT NULL LIMIT 1) IS NOT NULL,"
        " (SELECT max(n) FROM refresh_token AS every WHERE every.family_id = token.family_id)"
        " FROM refresh_token AS token JOIN family AS token_family ON token_family.id = token.family_id"
        " JOIN device ON device.id = token_family.device_id WHERE hash = ?",
        (hash_of(token),),
    ).fetchone()
    if row is None:
        return None
    issued_us, used_us, family_id, account_id, device_id, revoked_us, proof, key, later_used, newest = row
    presented = Presented(
        issued_us=issued_us,
        used_us=used_us,
        later_used=bool(later_used),
        family_revoked=revoked_us is not None,
    )
    return _Found(
        token=presented,
        family_id=family_id,
        account_id=account_id,
        device_id=device_id,
        proof=bool(proof),
        public_key=key,
        newest=newest,
    )


def _succeed(tx: Tx, token: str, fresh: str, found: _Found, now: int) -> None:
    """The fresh token takes the place of the one that was shown. [writer]"""
    tx.db.execute(
        "UPDATE refresh_token SET used_us = coalesce(used_us, ?) WHERE hash = ?", (now, hash_of(token))
    )
    tx.db.execute(
        "INSERT INTO refresh_token (hash, family_id, n, issued_us) VALUES (?, ?, ?, ?)",
        (hash_of(fresh), found.family_id, found.newest + 1, now),
    )


def end_family(tx: Tx, family_id: str) -> None:
    """End one sign-in, its access tokens and its open connections. Ending it twice is ending it once. [writer]"""
    ended = tx.db.execute(
        "UPDATE family SET revoked_us = ? WHERE id = ? AND revoked_us IS NULL RETURNING 1",
        (now_us(), family_id),
    ).fetchone()
    if ended:
        tx.effects.append(Revoked(commit=tx.commit, family_id=family_id))


def end_families(tx: Tx, device_id: str) -> None:
    """End every sign-in of a device. [writer]"""
    found = tx.db.execute("SELECT id FROM family WHERE device_id = ? AND revoked_us IS NULL", (device_id,))
    for (family_id,) in found.fetchall():
        end_family(tx, family_id)


def end_other_families(tx: Tx, account_id: str, kept_id: str | None) -> int:
    """End every sign-in of an account but one, also those that no list has room for; how many. [writer]"""
    found = tx.db.execute("SELECT id FROM family WHERE account_id = ? AND revoked_us IS NULL", (account_id,))
    others = [family_id for (family_id,) in found.fetchall() if family_id != kept_id]
    for family_id in others:
        end_family(tx, family_id)
    return len(others)


def _lives(db: Connection, family_id: str) -> bool:
    found = db.execute("SELECT 1 FROM family WHERE id = ? AND revoked_us IS NULL", (family_id,))
    return found.fetchone() is not None


def families_of(db: Connection, account_id: str) -> list[tuple[str, str, int]]:
    """Id, name of the device and time of each sign-in that holds, the newest first. [any thread with a snapshot]"""
    return db.execute(
        "SELECT family.id, device.name, family.created_us FROM family JOIN device ON device.id = family.device_id"
        " WHERE family.account_id = ? AND revoked_us IS NULL ORDER BY family.created_us DESC, family.id DESC LIMIT ?",
        (account_id, MAX_LISTED),
    ).fetchall()


def revoked_families(db: Connection, now: int) -> set[str]:
    """Families whose access tokens may still be unexpired. [any thread with a snapshot]"""
    since = now - 2 * ACCESS_LIFETIME_S * 1_000_000
    return {row[0] for row in db.execute("SELECT id FROM family WHERE revoked_us > ?", (since,))}


def is_untouched(tx: Tx, family_id: str) -> bool:
    """Whether it lives and none of its refresh tokens was ever used: nobody may have got them. [writer]"""
    found = tx.db.execute(
        "SELECT 1 FROM family WHERE id = ? AND revoked_us IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM refresh_token WHERE family_id = family.id AND used_us IS NOT NULL)",
        (family_id,),
    )
    return found.fetchone() is not None


def latest_family(tx: Tx, device_id: str) -> str | None:
    """The sign-in that holds. [writer]"""
    found = tx.db.execute(
        "SELECT id FROM family WHERE device_id = ? AND revoked_us IS NULL", (device_id,)
    ).fetchone()
    return found[0] if found else None
