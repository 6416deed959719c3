"""Claims by browser: an authorization code after somebody's yes, exchanged for tokens by the device (RFC 6749, 4.1; RFC 7636)."""

import secrets

from msgspec import Struct

from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts import api as accounts
from relay.features.devices.authorization import CODE_LIFETIME_US, AuthorizeRequest, proves_challenge
from relay.features.devices.claimants import Claimant, GrantRefused, find_claimant, raised, require_free
from relay.features.devices.families import Families, end_family, is_untouched
from relay.features.devices.proofs import is_signed_by
from relay.features.devices.service import join
from relay.wire.identity import TokenPair
from relay.wire.oauth import CODE_GRANT, token_message

REMEMBERED_US = 24 * 3600 * 1_000_000
"""How long a used code is remembered after it ended, to know a second use of it."""


class CodeExchange(Struct, frozen=True, kw_only=True):
    """The fields of a token request by authorization code (RFC 6749, 4.1.3; RFC 7636, 4.5), with the device's signature."""

    code: str
    redirect_uri: str
    code_verifier: str
    device_id: str
    signature: str


class CodeClaims:
    """[loop]"""

    def __init__(self, db: Database, families: Families) -> None:
        self._db = db
        self._families = families

    async def claimant(self, device_id: str) -> Claimant:
        """Raises Refusal: device_unknown."""
        return await self._db.read(lambda db: find_claimant(db, device_id))

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
            require_free(find_claimant(tx.db, request.device_id), account_id)
            tx.db.execute("DELETE FROM claim_code WHERE expires_us <= ?", (now - REMEMBERED_US,))
            tx.db.execute(
                "INSERT INTO claim_code (hash, device_id, account_id, redirect_uri, challenge, nonce, expires_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    hash_of(code),
                    request.device_id,
                    account_id,
                    request.redirect_uri,
                    request.code_challenge,
                    request.nonce,
                    now + CODE_LIFETIME_US,
                ),
            )
            return accounts.renew_session(tx, cookie)

        return code, await self._db.write(work)

    async def exchange_code(self, given: CodeExchange) -> TokenPair:
        """Raises GrantRefused: invalid_grant. The first attempt uses the code up, whatever comes of it.

        The same attempt again, while its answer can have been lost, is the same attempt: it gives other tokens in place
        of the first.
        """

        def work(tx: Tx) -> TokenPair | GrantRefused:
            return self._exchange_code(tx, given)

        return raised(await self._db.write(work))

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
            and find_claimant(tx.db, device_id).owner_id in (None, account_id)
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
