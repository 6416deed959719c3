"""Deleting an account: at once nobody sees any of it and its sign-ins end; then what it left is taken away, in pieces that
others' writes fit between. A row stays that says that there was an account, for tombstones of posts and the audit log.
"""

from collections.abc import Callable

from relay.core.refusal import Refusal
from relay.engine.database import Database, Tx
from relay.engine.jobs import table
from relay.engine.jobs.workers import Work
from relay.features.accounts import api as accounts
from relay.features.analytics import api as analytics
from relay.features.creations import api as creations
from relay.features.graph import api as graph
from relay.features.leaving.contents import REMOVED
from relay.features.leaving.export import drop
from relay.features.listening import api as listening

JOB_KIND = "erase"
Step = Callable[[Tx, str], bool]
"""Takes away some of what an account left elsewhere, with what it is counted in; whether there may be more. [writer]"""


class Erasing:
    """shut_out: hides all that an account made and ends its sign-ins. steps: of the features whose counters it stands in. [loop]"""

    def __init__(
        self,
        db: Database,
        removed: creations.Removals,
        shut_out: Callable[[Tx, str], None],
        steps: tuple[Step, ...],
    ) -> None:
        self._db = db
        self._removed = removed
        self._shut_out = shut_out
        self._steps = steps

    async def begin(self, account_id: str, username: str) -> None:
        """From here on it is gone for everybody. Raises Refusal: validation, busy."""

        def work(tx: Tx) -> None:
            if accounts.profile(tx.db, account_id).username != username:
                raise Refusal(
                    "validation", "This is not the name of your account.", "Give your own to delete it."
                )
            self.end(tx, account_id)

        await self._db.write(work)

    def end(self, tx: Tx, account_id: str) -> None:
        """The same, within what else is done of an account. Raises Refusal: busy. [writer]"""
        self._shut_out(tx, account_id)
        accounts.set_deleted(tx, account_id)
        table.enqueue(tx, kind=JOB_KIND, account_id=account_id, data={})

    async def make(self, work: Work) -> None:
        """Carry out one job; what was done of it before is not done again. Raises LeaseLost, ObjectsUnavailable."""
        me = work.job.account_id
        work.say("posts", 0.0)
        while True:
            names, more = await self._db.write(lambda tx: creations.erase_some(tx, me))
            await self._removed.finish(names)
            if not more:
                break
        for n, step in enumerate((*self._steps, graph.erase_some)):
            work.say("traces", 0.3 + 0.1 * n)
            while await self._db.write(lambda tx: step(tx, me)):  # noqa: B023 (awaited)
                pass
        work.say("rows", 0.9)
        await self._removed.finish(await self._db.write(lambda tx: _finish(tx, work)))


def _finish(tx: Tx, work: Work) -> list[str]:
    """What is left, in one transaction; objects that nothing names any more. Raises LeaseLost. [writer]"""
    me = work.job.account_id
    table.finish(tx, work.job, work.holder)
    analytics.forget_today(tx, me)
    names = drop(tx, me) + listening.delete_all(tx, me)
    names += [
        sha256
        for (sha256,) in tx.db.execute(
            "DELETE FROM avatar WHERE account_id = ? RETURNING sha256", (me,)
        ).fetchall()
    ]
    for sql in REMOVED:
        tx.db.execute(sql, {"me": me})
    accounts.bury(tx, me)
    return creations.begin_removal(tx, names)
