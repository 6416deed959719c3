"""What a guest is given, what its token opens, and what becomes of all that it made."""

import logging
import secrets
from collections.abc import Callable

from msgspec.structs import replace

from relay.core.access import Actor
from relay.core.guests import IDLE_DAYS, IDLE_US, TOKEN_PREFIX, expires_us
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.engine.jobs import table as jobs
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.guests import store
from relay.features.studio import api as studio
from relay.wire.guests import GuestToken, TakenOver

log = logging.getLogger("relay")

TOKEN_BYTES = 32
MOST_AT_ONCE = 20
"""Guests that one pass of `forget_idle` lets go in one transaction."""
WARNING = (
    f"Keep this token: it is all there is of this guest. What it made is deleted after {IDLE_DAYS} days without use,"
    " unless an account takes it over."
)
Leave = Callable[[Tx, str], None]
"""Ends an account for everybody at once, and lets a job take away what it left. [writer]"""


class Guests:
    """leave: given by the app. [loop]"""

    def __init__(self, db: Database, leave: Leave) -> None:
        self._db = db
        self._leave = leave

    async def make(self) -> GuestToken:
        """A new guest and its token, which is told this once."""
        token, now = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES), now_us()

        def work(tx: Tx) -> GuestToken:
            account_id = accounts.create_guest(tx, now)
            store.insert(tx, account_id, token, now)
            return GuestToken(
                access_token=token,
                user=accounts.profile(tx.db, account_id),
                expires_at=rfc3339(expires_us(now)),
                warning=WARNING,
            )

        return await self._db.write(work)

    async def actor(self, token: str) -> Actor:
        """Whose a token is. Raises Refusal: token_invalid."""
        found = await self._db.read(lambda db: store.actor(db, token))
        if found is None:
            raise Refusal(
                "token_invalid",
                f"There is no such guest: it was taken over, deleted, or not used for {IDLE_DAYS} days.",
                "Sign in, or begin as a new guest.",
            )
        return replace(found, expires_us=expires_us(now_us()))

    async def take_over(self, actor: Actor, token: str) -> TakenOver:
        """All that a guest made is the actor's, in one transaction; once more, it is the same.

        Raises Refusal: token_invalid, gone, account_suspended.
        """
        me = actor.account_id

        def work(tx: Tx) -> TakenOver:
            found = store.find(tx.db, token)
            if found is None:
                raise Refusal("token_invalid", "There is no guest with this token.")
            if found.taken_by not in (None, me):
                raise Refusal("gone", "Another account has taken over what this guest made.")
            count = found.creations if found.taken_by else self._hand_over(tx, found.account_id, me)
            return TakenOver(guest_id=found.account_id, user_id=me, creations=count)

        return await self._db.write(work)

    def _hand_over(self, tx: Tx, guest_id: str, me: str) -> int:
        """How many creations that are. Raises Refusal: account_suspended. [writer]"""
        if accounts.is_suspended(tx.db, guest_id):
            raise Refusal("account_suspended", "This guest is suspended.")
        moved = creations.hand_over(tx, guest_id, me)
        studio.hand_over(tx, guest_id, me)
        jobs.hand_over(tx, guest_id, me)
        store.note_taken(tx, guest_id, me, moved)
        self._leave(tx, guest_id)
        return moved

    async def forget_idle(self) -> None:
        """Those who have not come back for IDLE_DAYS. A task of the process calls it."""

        def work(tx: Tx) -> int:
            idle = store.idle(tx.db, now_us() - IDLE_US, MOST_AT_ONCE)
            for account_id in idle:
                self._leave(tx, account_id)
            return len(idle)

        try:
            while await self._db.write(work) == MOST_AT_ONCE:
                pass
        except Refusal as busy:  # more jobs wait than may: the rest the next time
            log.info("idle guests stay for now: %s", busy)
