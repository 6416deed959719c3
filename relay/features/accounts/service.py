"""People and the browsers they are signed in with. Devices are a feature of their own."""

from collections.abc import Callable

from relay.core.access import Role
from relay.core.calls import Session
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.features.accounts import identities, people, store
from relay.features.accounts.providers import Known
from relay.features.accounts.store import Opened


class Accounts:
    """[loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open_session(self, username: str, agent: str, instead_of: str | None) -> Opened:
        """Sign a browser in as username, made if new; only a --dev relay offers this. Raises Refusal: validation.

        instead_of: the cookie of the session it had, which ends.
        """

        def work(tx: Tx) -> Opened:
            account_id = store.ensure_account(tx, username, now_us())
            return _replaced(tx, account_id, agent, instead_of)

        return await self._db.write(work)

    async def knows(self, known: Known) -> bool:
        """Whether whoever this provider vouches for has an account."""
        return await self._db.read(lambda db: identities.knows(db, known))

    async def open_session_of(
        self, known: Known, agent: str, instead_of: str | None, admit: Callable[[Tx], None]
    ) -> Opened:
        """Sign a browser in as whoever this provider vouches for; somebody new gets an account of their own, if admit lets them."""
        return await self._db.write(
            lambda tx: _replaced(tx, identities.account_of(tx, known, admit), agent, instead_of)
        )

    async def close_session(self, cookie: str) -> None:
        await self._db.write(lambda tx: store.close_session(tx, cookie))

    async def session(self, cookie: str) -> Session | None:
        """The session of a cookie, None when it is unknown or over."""
        return await self._db.read(lambda db: store.session(db, cookie))

    async def role(self, account_id: str) -> Role:
        """What it may do besides what everybody may."""
        return await self._db.read(lambda db: people.role_of(db, account_id))


def _replaced(tx: Tx, account_id: str, agent: str, instead_of: str | None) -> Opened:
    if instead_of is not None:
        store.close_session(tx, instead_of)
    return store.open_session(tx, account_id, agent)
