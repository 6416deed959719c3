"""Claims: authorization codes given out after a yes in the browser, device codes that people type. Both end in tokens.

Every refusal at the token endpoint reads the same, so that nobody learns which part of a guess was right.
"""

import secrets

from msgspec import Struct
from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts import api as accounts
from relay.features.devices.authorization import CODE_LIFETIME_US, AuthorizeRequest, proves_challenge
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
from relay.features.devices.families import Families, end_family, is_untouched, latest_family
from relay.features.devices.proofs import is_signed_by
from relay.features.devices.service import join
from relay.wire.oauth import CODE_GRANT, DEVICE_GRANT, DeviceAuthorization, grant_message, token_message
from relay.wire.rest import TokenPair

REMEMBERED_US = 24 * 3600 * 1_000_000
"""How long a used code is remembered after it ended, to know a second use of it."""
MAX_WRONG_CODES = 5
WRONG_CODES_US = 600_000_000
"""34.5 bits hold against nothing else: so many tries of one account or one network in this time."""
MANY = 1 << 32
MAX_OPEN_GRANTS = 5
"""Per device; the oldest goes. Else somebody could fill the space of codes with one device."""


class Claimant(Struct, frozen=True, kw_only=True):
    """A device that wants to be claimed, as the person sees it. owner_id: whose it is already."""

    device_id: str
    name: str
    platform: str
    network: str
    first_seen_us: int
    owner_id: str | None


class GrantRefused(Exception):
    """The token endpoint says no. error: an RFC's word."""

    def __init__(self, error: str, description: str = "This is not valid, or no longer.") -> None:
        super().__init__(error)
        self.error = error
        self.description = description


class CodeExchange(Struct, frozen=True, kw_only=True):
    """The fields of a token request by authorization code (RFC 6749, 4.1.3; RFC 7636, 4.5), with the device's signature."""

    code: str
    redirect_uri: str
    code_verifier: str
    device_id: str
    signature: str


class Claiming:
    """poll_interval_us: how often devices may ask. [loop]"""

    def __init__(self, db: Database, families: Families, poll_interval_us: int = INTERVAL_US) -> None:
        self._db = db
        self._families = families
        self._interval_us = poll_interval_us

    async def claimant(self, device_id: str) -> Claimant:
        """Raises Refusal: device_unknown."""
        return await self._db.read(lambda db: _claimant(db, device_id))

    # by browser ---------------------------------------------------------------------------------------------------

    async def grant_code(
        self, request: AuthorizeRequest, account_id: str, cookie: str
    ) -> tuple[str, accounts.Opened]:
        """Somebody said yes: a code that only this device can use, and their session under a new secret.

        A session that somebody planted, or has seen, ends here: what it just did was the dangerous part.
        Raises Refusal: device_unknown, device_claimed, sign_in_required.
        """
        code = secrets.token_urlsafe(32)

        def work(tx: Tx) -> accounts.Opened:
            now = now_us()
            _require_free(_claimant(tx.db, request.device_id), account_id)
            tx.db.execute("DELETE FROM claim_code WHERE expires_us <= ?", (now - REMEMBERED_US,))
            tx.db.execute(
                "INSERT INTO claim_code (hash, device_id, account_id, redirect_uri, challenge, nonce, expires_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (hash_of(code), request.device_id, account_id, request.redirect_uri, request.code_challenge,
                 request.nonce, now + CODE_LIFETIME_US),
            )  # fmt: skip
            return accounts.renew_session(tx, cookie)

        return code, await self._db.write(work)

    async def exchange_code(self, given: CodeExchange) -> TokenPair:
        """Raises GrantRefused: invalid_grant. The first attempt uses the code up, whatever comes of it.

        The same attempt again, while its answer can have been lost, is the same attempt: it gives other tokens in place
        of the first.
        """

        def work(tx: Tx) -> TokenPair | GrantRefused:
            return self._exchange_code(tx, given)

        return _raised(await self._db.write(work))

    def _exchange_code(self, tx: Tx, given: CodeExchange) -> TokenPair | GrantRefused:
        now, refused = now_us(), GrantRefused("invalid_grant")
        found = tx.db.execute(
            "SELECT device_id, public_key, claim_code.account_id, redirect_uri, challenge, nonce, expires_us, used_us,"
            " family_id FROM claim_code JOIN device ON device.id = device_id WHERE hash = ?",
            (hash_of(given.code),),
        ).fetchone()
        if found is None:
            return refused
        device_id, key, account_id, redirect_uri, challenge, nonce, expires_us, used_us, family_id = found
        fits = (
            now < expires_us
            and given.device_id == device_id
            and given.redirect_uri == redirect_uri
            and proves_challenge(given.code_verifier, challenge)
            and is_signed_by(key, token_message(CODE_GRANT, device_id, given.code), given.signature)
            and _claimant(tx.db, device_id).owner_id in (None, account_id)
        )
        if used_us is not None:
            # RFC 6749, 4.1.2: two have the code, so one stole it, and what it gave ends. Unless it is the same device,
            # with its key and the verifier, that has never used what it was given: the answer got lost.
            again = fits and family_id is not None and is_untouched(tx, family_id)
            if family_id is not None:
                end_family(tx, family_id)
            if not again:
                return refused
        tx.db.execute(
            "UPDATE claim_code SET used_us = coalesce(used_us, ?) WHERE hash = ?", (now, hash_of(given.code))
        )
        if not fits:
            return refused
        join(tx, device_id, account_id)
        family_id, pair = self._families.open(
            tx, account_id=account_id, device_id=device_id, proof=True, nonce=nonce
        )
        tx.db.execute("UPDATE claim_code SET family_id = ? WHERE hash = ?", (family_id, hash_of(given.code)))
        return pair

    # by code ------------------------------------------------------------------------------------------------------

    async def begin_grant(
        self, device_id: str, signature: str, network: str, verification_uri: str
    ) -> DeviceAuthorization:
        """Raises GrantRefused: invalid_request, for a device that is not registered, or has not signed this.

        network: where it asks from, of core.places. It stays that of the grant, wherever the device is seen later.
        """
        device_code = secrets.token_urlsafe(32)
        letters = "".join(secrets.choice(USER_CODE_ALPHABET) for _ in range(USER_CODE_LETTERS))

        def work(tx: Tx) -> None:
            now = now_us()
            key = tx.db.execute("SELECT public_key FROM device WHERE id = ?", (device_id,)).fetchone()
            if key is None:
                raise GrantRefused("invalid_request", "This device is not registered here.")
            if not is_signed_by(key[0], grant_message(device_id), signature):
                raise GrantRefused("invalid_request", "The signature is not this device's.")
            tx.db.execute("DELETE FROM device_grant WHERE expires_us <= ?", (now,))
            tx.db.execute(
                "DELETE FROM device_grant WHERE hash IN (SELECT hash FROM device_grant WHERE device_id = ?"
                " ORDER BY expires_us DESC LIMIT ? OFFSET ?)",
                (device_id, MANY, MAX_OPEN_GRANTS - 1),
            )
            tx.db.execute(
                "INSERT INTO device_grant (hash, user_code_hash, device_id, network, state, interval_us, polled_us,"
                " expires_us) VALUES (?, ?, ?, ?, 'pending', ?, ?, ?)",
                (hash_of(device_code), hash_of(letters), device_id, network, self._interval_us, now,
                 now + GRANT_LIFETIME_US),
            )  # fmt: skip

        await self._db.write(work)
        return DeviceAuthorization(
            device_code=device_code,
            user_code=write_user_code(letters),
            verification_uri=verification_uri,
            expires_in=GRANT_LIFETIME_US // 1_000_000,
            interval=max(1, self._interval_us // 1_000_000),
        )

    async def grant_of(self, letters: str) -> Claimant | None:
        """The device that shows this code now, or None."""

        def work(db: Connection) -> Claimant | None:
            found = db.execute(
                "SELECT device_id, network FROM device_grant"
                " WHERE user_code_hash = ? AND state = 'pending' AND expires_us > ?",
                (hash_of(letters), now_us()),
            ).fetchone()
            return replace(_claimant(db, found[0]), network=found[1]) if found else None

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
                _require_free(_claimant(tx.db, found[0]), account_id)
            return accounts.renew_session(tx, cookie)

        return await self._db.write(work)

    # wrong codes --------------------------------------------------------------------------------------------------

    async def require_tries(self, tried_by: list[str]) -> None:
        """tried_by: an account, a network. Raises Refusal: rate_limited, after MAX_WRONG_CODES of one of them."""

        def work(db: Connection) -> int:
            since = now_us() - WRONG_CODES_US
            counts = [
                db.execute(
                    "SELECT count(*) FROM wrong_code WHERE who = ? AND at_us > ?", (who, since)
                ).fetchone()[0]
                for who in tried_by
            ]
            return int(max(counts))

        if await self._db.read(work) >= MAX_WRONG_CODES:
            raise Refusal(
                "rate_limited", "Too many wrong codes.", "Wait ten minutes, then go on.", retry_after_s=600
            )

    async def count_wrong_code(self, tried_by: list[str]) -> None:
        """Somebody typed a code that no device shows."""

        def work(tx: Tx) -> None:
            now = now_us()
            tx.db.execute("DELETE FROM wrong_code WHERE at_us <= ?", (now - WRONG_CODES_US,))
            for who in tried_by:
                tx.db.execute(
                    "INSERT INTO wrong_code (who, at_us, id) VALUES (?, ?, ?)", (who, now, new_id())
                )

        await self._db.write(work)

    async def poll_grant(self, device_code: str, device_id: str, signature: str) -> TokenPair:
        """Raises GrantRefused: authorization_pending, slow_down, access_denied, expired_token."""

        def work(tx: Tx) -> TokenPair | GrantRefused:
            return self._poll(tx, device_code, device_id, signature)

        return _raised(await self._db.write(work))

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
        if _claimant(tx.db, device_id).owner_id not in (None, account_id):
            return GrantRefused(PollVerdict.DENIED, "It belongs to another account.")
        tx.db.execute("UPDATE device_grant SET state = 'used' WHERE hash = ?", (hash_of(device_code),))
        join(tx, device_id, account_id)
        _, pair = self._families.open(tx, account_id=account_id, device_id=device_id, proof=True)
        return pair


def _raised(outcome: TokenPair | GrantRefused) -> TokenPair:
    """Refusals are returned from the transaction, not raised: what they used up must commit."""
    if isinstance(outcome, GrantRefused):
        raise outcome
    return outcome


def _claimant(db: Connection, device_id: str) -> Claimant:
    found = db.execute(
        "SELECT id, name, platform, network, created_us, account_id FROM device WHERE id = ?", (device_id,)
    ).fetchone()
    if found is None:
        raise Refusal("device_unknown", "This device is not registered here.", "Start again on the device.")
    return Claimant(
        device_id=found[0], name=found[1], platform=found[2], network=found[3], first_seen_us=found[4],
        owner_id=found[5],
    )  # fmt: skip


def _require_free(device: Claimant, account_id: str) -> None:
    if device.owner_id not in (None, account_id):
        raise Refusal(
            "device_claimed",
            "This device belongs to another account.",
            "Its owner can remove it, or `sidechain unclaim` on the device gives it up.",
        )
