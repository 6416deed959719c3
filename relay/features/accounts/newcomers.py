"""Who may make an account here: one rule, whatever they are going to sign in by."""

from enum import StrEnum

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.engine.secrets_at_rest import hash_of
from relay.features.accounts.invites import invite_over, is_invited, spend_invite


class Registration(StrEnum):
    """Who may make an account."""

    CLOSED = "closed"
    INVITE = "invite"
    OPEN = "open"


class Newcomers:
    """invite_hash: of the secret in an invite's link; None: there is none. [loop]"""

    def __init__(self, db: Database, registration: Registration) -> None:
        self._db = db
        self.registration = registration

    async def require(self, invite_hash: bytes | None) -> None:
        """Raises Refusal: not_found, where that is no way to an account."""
        if self.registration is Registration.OPEN:
            return
        if self.registration is Registration.CLOSED:
            raise _closed()
        if invite_hash is None:
            raise Refusal(
                "not_found", "A new account here takes an invite.", "Ask who runs this relay for an invite."
            )
        asked = invite_hash
        if not await self._db.read(lambda db: is_invited(db, asked, now_us())):
            raise invite_over()

    def admit(self, tx: Tx, invite_hash: bytes | None) -> None:
        """One account more; it is made in the same transaction, after `require`. Raises Refusal: not_found, where the invite
        was used up meanwhile, or who was known is no more. [writer]"""
        if self.registration is Registration.CLOSED:
            raise _closed()
        if self.registration is Registration.INVITE:
            spend_invite(tx, invite_hash or b"", now_us())


def _closed() -> Refusal:
    return Refusal("not_found", "This relay takes no new accounts.", "Ask who runs it.")


def hash_of_invite(secret: str) -> bytes | None:
    """secret: "" where there is none. [any]"""
    return hash_of(secret) if secret else None
