"""Giving an address, confirming it by what was sent there, and taking it back."""

from urllib.parse import urlsplit

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database
from relay.engine.mail import Letter
from relay.features.mail import addresses, letters
from relay.features.mail.addresses import Recipient
from relay.features.mail.sending import Sending


class Shown(Struct, frozen=True, kw_only=True):
    """Of an account: its address, and the one that is still to be confirmed."""

    address: str | None
    waiting: str | None


class MailAddresses:
    """base_url: what links start with; confirm_path: of the page of a link, behind which its secret comes. [loop]"""

    def __init__(self, db: Database, sending: Sending, base_url: str, confirm_path: str) -> None:
        self._db = db
        self._sending = sending
        self._base_url = base_url
        self._confirm_path = confirm_path

    @property
    def is_on(self) -> bool:
        return self._sending.is_on

    async def shown(self, account_id: str) -> Shown:
        def work(db: Connection) -> Shown:
            return Shown(
                address=addresses.address_of(db, account_id),
                waiting=addresses.waiting_of(db, account_id, now_us()),
            )

        return await self._db.read(work)

    async def give(self, account_id: str, username: str, typed: str) -> None:
        """A letter goes there; until its link is used the address before stays. Raises Refusal: validation, rate_limited."""
        if not self.is_on:
            raise Refusal("validation", "This relay sends no mail.", "Ask who runs it for what you need.")
        address = addresses.require_address(typed)
        if not self._sending.may(account_id, address):
            raise Refusal("rate_limited", "Too many letters went there.", "Wait an hour.", retry_after_s=3600)
        secret = await self._db.write(
            lambda tx: addresses.add_confirmation(tx, account_id, address, now_us())
        )
        link = f"{self._base_url}{self._confirm_path}/{secret}"
        host = urlsplit(self._base_url).hostname or ""

        async def make() -> list[Letter]:
            return [letters.confirm(address, username, link, host)]

        self._sending.later(make)

    async def waiting_for(self, secret: str) -> Recipient:
        """Raises Refusal: not_found."""
        return await self._db.read(lambda db: addresses.waiting_for(db, secret, now_us()))

    async def confirm(self, secret: str) -> Recipient:
        """Raises Refusal: not_found."""
        return await self._db.write(lambda tx: addresses.confirm(tx, secret, now_us()))

    async def forget(self, account_id: str) -> None:
        await self._db.write(lambda tx: addresses.forget(tx, account_id))
