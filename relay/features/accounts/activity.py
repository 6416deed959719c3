"""When somebody was last here: noted as they ask for something, and written once a minute for all of them."""

from relay.engine.clock import now_us
from relay.engine.database import Database
from relay.features.accounts import people

MOST_AT_ONCE = 5_000
"""Accounts of one statement; more take another."""


class Activity:
    """Of one process. [loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: set[str] = set()

    def note(self, account_id: str) -> None:
        self._seen.add(account_id)

    async def write(self) -> None:
        """What was noted since. A task of the process calls it."""
        seen, self._seen = sorted(self._seen), set()
        for start in range(0, len(seen), MOST_AT_ONCE):
            some = seen[start : start + MOST_AT_ONCE]
            await self._db.write(lambda tx: people.note_active(tx, some, now_us()), apart=True)  # noqa: B023 (awaited)
