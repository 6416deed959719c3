"""Asking for the archive, having it, and deleting the account."""

from collections.abc import AsyncIterator

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.jobs import table
from relay.engine.objects.door import ObjectMissing, Objects
from relay.features.creations import api as creations
from relay.features.leaving import export
from relay.features.leaving.erasing import Erasing
from relay.wire.people import Export

KEPT_US = 7 * 24 * 3600 * 1_000_000
ARCHIVE_PATH = "/api/v1/users/me/export/archive"


class _Stored(Struct, frozen=True, kw_only=True):
    sha256: str
    size_bytes: int
    created_us: int


class Leaving:
    """[loop]"""

    def __init__(self, db: Database, objects: Objects, removed: creations.Removals, erasing: Erasing) -> None:
        self._db = db
        self._objects = objects
        self._removed = removed
        self.erasing = erasing

    async def begin_export(self, account_id: str) -> str:
        """The id of the job that makes it; of one that is under way already, of that. Raises Refusal: busy."""

        def work(tx: Tx) -> str:
            asked = "SELECT id FROM job WHERE account_id = ? AND kind = ? AND state IN ('ready', 'running')"
            found = tx.db.execute(asked, (account_id, export.JOB_KIND)).fetchone()
            if found is not None:
                return str(found[0])
            return table.enqueue(tx, kind=export.JOB_KIND, account_id=account_id, data={})

        return await self._db.write(work)

    async def export(self, account_id: str) -> Export:
        """The archive that was made last."""
        found = await self._db.read(lambda db: _stored(db, account_id))
        if found is None:
            return Export()
        return Export(created_at=rfc3339(found.created_us), size_bytes=found.size_bytes, path=ARCHIVE_PATH)

    async def archive(self, account_id: str) -> tuple[int, AsyncIterator[bytes]]:
        """Its size and its bytes. Raises Refusal: not_found; ObjectsUnavailable."""
        found = await self._db.read(lambda db: _stored(db, account_id))
        if found is None:
            raise Refusal("not_found", "There is no archive.", "Ask for one first.")
        try:
            return found.size_bytes, await self._objects.read(found.sha256)
        except ObjectMissing:
            raise Refusal("not_found", "This archive is lost.", "Ask for another one.") from None

    async def forget_old(self) -> None:
        """Archives that are kept no longer. A task of the process calls it."""

        def work(tx: Tx) -> list[str]:
            gone = tx.db.execute(
                "DELETE FROM account_export WHERE created_us < ? RETURNING sha256", (now_us() - KEPT_US,)
            ).fetchall()
            return creations.begin_removal(tx, [sha256 for (sha256,) in gone])

        await self._removed.finish(await self._db.write(work))


def _stored(db: Connection, account_id: str) -> _Stored | None:
    asked = "SELECT sha256, size_bytes, created_us FROM account_export WHERE account_id = ?"
    row = db.execute(asked, (account_id,)).fetchone()
    return None if row is None else _Stored(sha256=row[0], size_bytes=row[1], created_us=row[2])
