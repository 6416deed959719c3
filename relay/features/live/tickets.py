"""Single-use tickets that open a WebSocket: a browser can send neither header nor body there. Rows, so that a ticket of
one process opens a socket at another.
"""

import secrets

from relay.core.access import Actor
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.engine.secrets_at_rest import hash_of

TICKET_S = 30
MAX_TICKETS = 20
"""Of one account, unused; one more ends them all."""


class Tickets:
    """[loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def make(self, actor: Actor) -> str:
        """A ticket that stands for actor once."""
        ticket = secrets.token_urlsafe(24)

        def work(tx: Tx) -> None:
            now, account_id = now_us(), actor.account_id
            tx.db.execute("DELETE FROM ws_ticket WHERE expires_us <= ?", (now,))
            waiting = tx.db.execute("SELECT count(*) FROM ws_ticket WHERE account_id = ?", (account_id,))
            if waiting.fetchone()[0] >= MAX_TICKETS:
                tx.db.execute("DELETE FROM ws_ticket WHERE account_id = ?", (account_id,))
            tx.db.execute(
                "INSERT INTO ws_ticket (hash, account_id, device_id, family_id, session_id, expires_us, until_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    hash_of(ticket),
                    account_id,
                    actor.device_id,
                    actor.family_id,
                    actor.session_id,
                    now + TICKET_S * 1_000_000,
                    actor.expires_us,
                ),
            )

        await self._db.write(work)
        return ticket

    async def take(self, ticket: str) -> Actor | None:
        """Whose it was; from now on it is nobody's."""

        def work(tx: Tx) -> Actor | None:
            found = tx.db.execute(
                "DELETE FROM ws_ticket WHERE hash = ?"
                " RETURNING account_id, device_id, family_id, session_id, expires_us, until_us",
                (hash_of(ticket),),
            ).fetchone()
            if found is None:
                return None
            account_id, device_id, family_id, session_id, expires_us, until_us = found
            who = tx.db.execute(
                "SELECT suspended_us, is_guest FROM account WHERE id = ? AND deleted_us IS NULL",
                (account_id,),
            ).fetchone()
            if expires_us <= now_us() or who is None:
                return None
            return Actor(
                user_id=account_id,
                device_id=device_id,
                family_id=family_id,
                session_id=session_id,
                expires_us=until_us,
                is_suspended=who[0] is not None,
                is_guest=bool(who[1]),
            )

        return await self._db.write(work)
