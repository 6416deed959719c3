"""Claims by a code that the device shows and somebody types (RFC 8628)."""

import secrets

from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts import api as accounts
from relay.features.devices.claimants import Claimant, GrantRefused, find_claimant, raised, require_free
from relay.features.devices.device_grant import (
    GRANT_LIFETIME_US,
    INTERVAL_US,
    SLOW_DOWN_US,
    USER_CODE_ALPHABET,
    USER_CODE_LETTERS,
    GrantState,
    Polled,
    PollVerdict,
    judge_poll,
    write_user_code,
)
from relay.features.devices.families import Families, is_untouched, latest_family
from relay.features.devices.proofs import is_signed_by
from relay.features.devices.service import join
from relay.wire.identity import TokenPair
from relay.wire.oauth import DEVICE_GRANT, DeviceAuthorization, grant_message, token_message

MANY = 1 << 32
MAX_OPEN_GRANTS = 5
"""Per device; the oldest goes. Else somebody could fill the space of codes with one device."""


class GrantClaims:
    """poll_interval_us: how often devices may ask. [loop]"""

    def __init__(self, db: Database, families: Families, poll_interval_us: int = INTERVAL_US) -> None:
        self._db = db
        self._families = families
        self._interval_us = poll_interval_us

    async def begin_grant(
        self, device_id: str, signature: str, network: str, verification_uri: str
    ) -> DeviceAuthorization:
        """Raises GrantRefused: invalid_request, for a device that is not registered, or has not signed this.

        network: where it asks from, of core.places. It stays that of the grant, wherever the device is seen later.
        """
        device_code = secrets.token_urlsafe(32)
        letters = "".join(secrets.choice(USER_CODE_ALPHABET) for _ in range(USER_CODE_LETTERS))

        def work(tx: Tx) -> None:
            _require_signed(tx, device_id, signature)
            self._insert(tx, device_id, network, hash_of(device_code), hash_of(letters))

        await self._db.write(work)
        return DeviceAuthorization(
            device_code=device_code,
            user_code=write_user_code(letters),
            verification_uri=verification_uri,
            expires_in=GRANT_LIFETIME_US // 1_000_000,
            interval=max(1, self._interval_us // 1_000_000),
        )

    def _insert(self, tx: Tx, device_id: str, network: str, code_hash: bytes, letters_hash: bytes) -> None:
        """In place of those of the device that are too many. [writer]"""
        now = now_us()
        tx.db.execute("DELETE FROM device_grant WHERE expires_us <= ?", (now,))
        tx.db.execute(
            "DELETE FROM device_grant WHERE hash IN (SELECT hash FROM device_grant WHERE device_id = ?"
            " ORDER BY expires_us DESC LIMIT ? OFFSET ?)",
            (device_id, MANY, MAX_OPEN_GRANTS - 1),
        )
        expires_us = now + GRANT_LIFETIME_US
        tx.db.execute(
            "INSERT INTO device_grant (hash, user_code_hash, device_id, network, state, interval_us, polled_us,"
            " expires_us) VALUES (?, ?, ?, ?, 'pending', ?, ?, ?)",
            (code_hash, letters_hash, device_id, network, self._interval_us, now, expires_us),
        )

    async def grant_of(self, letters: str) -> Claimant | None:
        """The device that shows this code now, or None."""

        def work(db: Connection) -> Claimant | None:
            found = db.execute(
                "SELECT device_id, network FROM device_grant"
                " WHERE user_code_hash = ? AND state = 'pending' AND expires_us > ?",
                (hash_of(letters), now_us()),
            ).fetchone()
            return replace(find_claimant(db, found[0]), network=found[1]) if found else None

        return await self._db.read(work)

    async def decide_grant(self, letters: str, account_id: str | None, cookie: str) -> accounts.Opened:
        """Yes by account_id, or no (None); the session that said so, under a new secret, as in grant_code.

        Raises Refusal: not_found, device_claimed, sign_in_required.
        """

        def work(tx: Tx) -> accounts.Opened:
            state = GrantState.DENIED if account_id is None else GrantState.APPROVED
            found = tx.db.execute(
                "UPDATE device_grant SET state = ?, account_id = ? WHERE user_code_hash = ? AND state = 'pending'"
                " AND expires_us > ? RETURNING device_id",
                (state, account_id, hash_of(letters), now_us()),
            ).fetchone()
            if found is None:
                raise Refusal(
                    "not_found", "This code is not shown by any device now.", "Look at the device again."
                )
            if account_id is not None:
                require_free(find_claimant(tx.db, found[0]), account_id)
            return accounts.renew_session(tx, cookie)

        return await self._db.write(work)

    async def poll_grant(self, device_code: str, device_id: str, signature: str) -> TokenPair:
        """Raises GrantRefused: authorization_pending, slow_down, access_denied, expired_token."""

        def work(tx: Tx) -> TokenPair | GrantRefused:
            return self._poll(tx, device_code, device_id, signature)

        return raised(await self._db.write(work))

    def _poll(self, tx: Tx, device_code: str, device_id: str, signature: str) -> TokenPair | GrantRefused:
        now = now_us()
        found = tx.db.execute(
            "SELECT state, device_grant.account_id, interval_us, polled_us, expires_us, public_key FROM device_grant"
            " JOIN device ON device.id = device_id WHERE hash = ? AND device_id = ?",
            (hash_of(device_code), device_id),
        ).fetchone()
        expired = GrantRefused(PollVerdict.EXPIRED, "This code is not valid, or no longer.")
        if found is None:
            return expired
        state, account_id, interval_us, polled_us, expires_us, key = found
        if not is_signed_by(key, token_message(DEVICE_GRANT, device_id, device_code), signature):
            return expired
        polled = Polled(
            state=GrantState(state), interval_us=interval_us, polled_us=polled_us, expires_us=expires_us
        )
        family_id = latest_family(tx, device_id)
        lost = family_id is not None and is_untouched(tx, family_id)
        verdict = judge_poll(polled, now, answer_may_be_lost=lost)
        slower_us = SLOW_DOWN_US if verdict is PollVerdict.SLOW_DOWN else 0
        tx.db.execute(
            "UPDATE device_grant SET polled_us = ?, interval_us = interval_us + ? WHERE hash = ?",
            (now, slower_us, hash_of(device_code)),
        )
        if verdict is not PollVerdict.GRANT:
            return expired if verdict is PollVerdict.EXPIRED else GrantRefused(verdict, "No answer yet.")
        if find_claimant(tx.db, device_id).owner_id not in (None, account_id):
            return GrantRefused(PollVerdict.DENIED, "It belongs to another account.")
        tx.db.execute("UPDATE device_grant SET state = 'used' WHERE hash = ?", (hash_of(device_code),))
        join(tx, device_id, account_id)
        _, pair = self._families.open(tx, account_id=account_id, device_id=device_id, proof=True)
        return pair


def _require_signed(tx: Tx, device_id: str, signature: str) -> None:
    """Raises GrantRefused: invalid_request. [writer]"""
    key = tx.db.execute("SELECT public_key FROM device WHERE id = ?", (device_id,)).fetchone()
    if key is None:
        raise GrantRefused("invalid_request", "This device is not registered here.")
    if not is_signed_by(key[0], grant_message(device_id), signature):
        raise GrantRefused("invalid_request", "The signature is not this device's.")
