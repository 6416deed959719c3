"""When somebody was last here: noted as they ask for something, and written once a minute for all of them."""

from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.features.accounts import people
from relay.features.analytics import api as analytics

MOST_AT_ONCE = 5_000
"""Accounts of one statement; more take another."""


class Activity:
    """Of one process. [loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[str, bool] = {}

    def note(self, account_id: str, is_private: bool = False) -> None:
        """is_private: a browser said so; it holds for all that was noted of the account since."""
        self._seen[account_id] = self._seen.get(account_id, False) or is_private

    async def write(self) -> None:
        """What was noted since. A task of the process calls it."""
        seen, self._seen = sorted(self._seen.items()), {}
        for start in range(0, len(seen), MOST_AT_ONCE):
            some = dict(seen[start : start + MOST_AT_ONCE])

            def work(tx: Tx, some: dict[str, bool] = some) -> None:
                now = now_us()
                if counted := [account_id for account_id, is_private in some.items() if not is_private]:
                    analytics.note_here(tx, counted, now)
                people.note_active(tx, list(some), now)

            await self._db.write(work, apart=True)
