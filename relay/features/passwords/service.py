"""Signing in and up by name and password, and the links that lead there."""

from collections.abc import Callable

import msgspec

from relay.core.limits import Kind
from relay.core.places import counted_as, neighbourhood_of
from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.engine.limits import SharedLimits
from relay.features.accounts import api as accounts
from relay.features.accounts.api import Newcomers, Opened, Registration, hash_of_invite
from relay.features.passwords import second_factor, store
from relay.features.passwords.hashing import Hashing
from relay.features.passwords.rules import prepared, require_good
from relay.features.passwords.two_step import code_counts
from relay.wire.rest import Username


class Passwords:
    """told_of_change: what is done for an account whose password was changed. [loop]"""

    def __init__(
        self,
        db: Database,
        newcomers: Newcomers,
        limits: SharedLimits,
        told_of_change: Callable[[str], None],
    ) -> None:
        self._db = db
        self._told_of_change = told_of_change
        self._newcomers = newcomers
        self._limits = limits
        self._hashing = Hashing()
        self._has_any = False

    async def start(self) -> None:
        """Look once whether anybody has a password here."""
        self._has_any = await self._db.read(store.has_any)

    @property
    def takes_any(self) -> bool:
        """Whether there is, or may come to be, somebody who signs in by a password."""
        return self._has_any or self._newcomers.registration is not Registration.CLOSED

    async def sign_in(
        self,
        username: str,
        password: str,
        *,
        code: str,
        address: str,
        agent: str,
        instead_of: str | None,
    ) -> Opened:
        """code: of an app, where the account asks for one. instead_of: the cookie of the session that this browser had, which ends.

        Raises Refusal: rate_limited; validation, the same for a name that is not there as for a wrong password or code.
        """
        username = username.strip().lower()
        self._require_try(username, address)
        found = await self._db.read(lambda db: store.password_of(db, username))
        fits = await self._hashing.fits(prepared(password), found and found[1])
        if found is None or not fits or not await self._has_code(found[0], code):
            raise Refusal(
                "validation",
                "Name and password do not fit together, or the code is missing, over or was used.",
                "Try again; each code counts once.",
            )
        return await self._opened(lambda _: found[0], agent=agent, instead_of=instead_of)

    async def _has_code(self, account_id: str, code: str) -> bool:
        """True where none is asked for."""
        factor = await self._db.read(lambda db: second_factor.factor_of(db, account_id))
        return factor is None or not factor.is_asked or await code_counts(self._db, account_id, code)

    async def require_invited(self, secret: str) -> None:
        """secret: of an invite's link; "": there is none. Raises Refusal: not_found, where that is no way to an account."""
        await self._newcomers.require(hash_of_invite(secret))

    async def sign_up(
        self, username: str, password: str, *, secret: str, address: str, agent: str, instead_of: str | None
    ) -> Opened:
        """A new account, which is signed in. secret: of the invite's link. Raises Refusal: not_found, rate_limited, validation."""
        await self.require_invited(secret)
        try:
            username = msgspec.convert(username.strip().lower(), Username)
        except msgspec.ValidationError:
            raise Refusal("validation", "This is not a username.", "Use 3 to 30 of a-z, 0-9, _ . -") from None
        require_good(password, username)
        self._limits.require(Kind.SIGN_UP, counted_as(address), now_us(), "Too many new accounts.")
        phc = await self._hashing.hashed(prepared(password))

        def made(tx: Tx) -> str:
            self._newcomers.admit(tx, hash_of_invite(secret))
            return store.create_account(tx, username, phc, now_us())

        return await self._opened(made, agent=agent, instead_of=instead_of)

    async def change(
        self, account_id: str, username: str, old: str, new: str, *, address: str, agent: str
    ) -> Opened:
        """A new password; every browser but this one is signed out. old: not asked of who had none. Raises Refusal."""
        self._require_try(username, address)
        found = await self._db.read(lambda db: store.password_of(db, username))
        if found is not None and not await self._hashing.fits(prepared(old), found[1]):
            raise Refusal("validation", "The password you have now is another one.", "Try again.")
        return await self._set(account_id, username, new, agent)

    async def has_password(self, username: str) -> bool:
        return await self._db.read(lambda db: store.password_of(db, username)) is not None

    async def reset_for(self, secret: str) -> store.Reset:
        """Whose link it is. Raises Refusal: not_found."""
        return await self._db.read(lambda db: store.reset_for(db, secret, now_us()))

    async def has_code(self, link: store.Reset) -> bool:
        """Whether its account signs in with a code as well: a letter's link proves a mailbox, not the phone, and asks for it; the
        operator's is for who lost that as well, and ends it."""
        factor = await self._db.read(lambda db: second_factor.factor_of(db, link.account_id))
        return factor is not None and factor.is_asked

    async def reset(self, secret: str, new: str, *, code: str, address: str, agent: str) -> Opened:
        """The link is used up; every other browser is signed out. Raises Refusal: not_found, rate_limited, validation."""
        link = await self.reset_for(secret)
        require_good(new, link.username)
        if link.is_mailed:
            self._require_try(link.username, address)
            if not await self._has_code(link.account_id, code):
                raise Refusal("validation", "That is no code of now.", "Wait for the next one.")
        return await self._set(link.account_id, link.username, new, agent, secret)

    def _require_try(self, username: str, address: str) -> None:
        """One more guess of somebody's password from there. Raises Refusal: rate_limited."""
        who = f"{username} {neighbourhood_of(address)}"
        self._limits.require(Kind.PASSWORD, who, now_us(), "Too many tries of this name.")

    async def _set(self, account_id: str, username: str, new: str, agent: str, secret: str = "") -> Opened:
        require_good(new, username)
        phc = await self._hashing.hashed(prepared(new))

        def work(tx: Tx) -> Opened:
            if (
                secret and not store.reset_for(tx.db, secret, now_us()).is_mailed
            ):  # it may have been used meanwhile
                second_factor.remove(tx, account_id)  # who lost the phone has no other way back
            store.set_password(tx, account_id, phc, now_us())
            self._has_any = True
            for each in accounts.sessions_of(tx.db, account_id):
                accounts.end_session(tx, each.id)
            return accounts.open_session(tx, account_id, agent)

        opened = await self._db.write(work)
        self._told_of_change(account_id)
        return opened

    async def _opened(self, account_of: Callable[[Tx], str], *, agent: str, instead_of: str | None) -> Opened:
        def work(tx: Tx) -> Opened:
            account_id = account_of(tx)
            if instead_of is not None:
                accounts.close_session(tx, instead_of)
            return accounts.open_session(tx, account_id, agent)

        return await self._db.write(work)
