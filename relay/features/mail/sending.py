"""Letters on their way: made and sent behind the answers, so that no answer tells, by its words or its time, who has an address.

What waits is in memory, for a letter holds a secret of which the database has only the hash. A relay that ends loses what
waits; who got no letter asks again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from relay.core.limits import Kind
from relay.engine.clock import now_us
from relay.engine.database import Database
from relay.engine.limits import SharedLimits
from relay.engine.mail import Letter, Mailer, MailRefused, MailUnavailable
from relay.features.mail import addresses
from relay.features.mail.addresses import Recipient, folded

log = logging.getLogger("relay")

MAX_WAITING = 500
RETRY_S = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Before each further try, where the server cannot be reached."""
Make = Callable[[], Awaitable[list[Letter]]]
"""The letters, made when it is their turn."""


class Sending:
    """mailer: None: this relay sends no letters. [loop]"""

    def __init__(self, db: Database, mailer: Mailer | None, limits: SharedLimits) -> None:
        self._db = db
        self._mailer = mailer
        self._limits = limits
        self._waiting: asyncio.Queue[Make | tuple[Letter, int]] = asyncio.Queue(MAX_WAITING)
        self.sent = 0
        self.given_up = 0

    @property
    def is_on(self) -> bool:
        return self._mailer is not None

    def later(self, make: Make) -> None:
        """Does nothing where this relay sends no letters; where too many wait, it is given up, and the log says so."""
        if self.is_on:
            self._put(make)

    def tell(self, account_id: str, written: Callable[[Recipient], Letter]) -> None:
        """To whoever that is, if they have an address."""

        async def make() -> list[Letter]:
            found = await self._db.read(lambda db: addresses.recipient(db, account_id))
            return [] if found is None else [written(found)]

        self.later(make)

    def may(self, account_id: str, address: str) -> bool:
        """One more letter that anybody can have sent to them: nobody's box is filled by strangers."""
        of_account = self._limits.spend(Kind.MAIL, account_id, now_us())
        of_address = self._limits.spend(Kind.MAIL, folded(address), now_us())
        return of_account.allowed and of_address.allowed

    async def run(self) -> None:
        """Send what waits. A task of the process calls it."""
        while True:
            match await self._waiting.get():
                case (letter, tries):
                    await self._try(letter, tries)
                case make:
                    for letter in await make():
                        await self._try(letter, 0)

    async def _try(self, letter: Letter, tries: int) -> None:
        assert self._mailer is not None  # else nothing waits
        try:
            await self._mailer.send(letter)
            self.sent += 1
        except MailRefused as error:
            self.given_up += 1
            log.warning("a letter is given up, the mail server does not take it: %s", error)
        except MailUnavailable as error:
            if tries == len(RETRY_S):
                self.given_up += 1
                log.warning("a letter is given up, the mail server %s: %s", self._mailer.server.host, error)
                return
            log.warning("a letter waits, the mail server %s: %s", self._mailer.server.host, error)
            asyncio.get_running_loop().call_later(RETRY_S[tries], self._put, (letter, tries + 1))

    def _put(self, what: Make | tuple[Letter, int]) -> None:
        try:
            self._waiting.put_nowait(what)
        except asyncio.QueueFull:
            self.given_up += 1
            log.warning("a letter is given up: %d wait already", MAX_WAITING)
