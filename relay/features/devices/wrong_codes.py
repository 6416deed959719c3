"""Codes that no device shows, counted by who typed them: 34.5 bits hold against nothing else."""

from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx

MAX_WRONG_CODES = 5
WRONG_CODES_US = 600_000_000
"""So many tries of one account or one network in this time."""


class WrongCodes:
    """[loop]"""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def require_tries(self, tried_by: list[str]) -> None:
        """tried_by: an account, a network. Raises Refusal: rate_limited, after MAX_WRONG_CODES of one of them."""

        def work(db: Connection) -> int:
            since = now_us() - WRONG_CODES_US
            counts = [
                db.execute(
                    "SELECT count(*) FROM wrong_code WHERE who = ? AND at_us > ?", (who, since)
                ).fetchone()[0]
                for who in tried_by
            ]
            return int(max(counts))

        if await self._db.read(work) >= MAX_WRONG_CODES:
            raise Refusal(
                "rate_limited", "Too many wrong codes.", "Wait ten minutes, then go on.", retry_after_s=600
            )

    async def count_wrong_code(self, tried_by: list[str]) -> None:
        """Somebody typed a code that no device shows."""

        def work(tx: Tx) -> None:
            now = now_us()
            tx.db.execute("DELETE FROM wrong_code WHERE at_us <= ?", (now - WRONG_CODES_US,))
            for who in tried_by:
                tx.db.execute(
                    "INSERT INTO wrong_code (who, at_us, id) VALUES (?, ?, ?)", (who, now, new_id())
                )

        await self._db.write(work)
