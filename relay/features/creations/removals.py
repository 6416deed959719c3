"""Objects that lose their last row are removed at once. The table object_removal.

Equal bytes are stored once, so somebody may be storing the very bytes that are being removed, and be about to commit
a row that names them. Therefore a removal is noted in the transaction that takes the last row, no row may name an object
while it is noted, and who stored before a removal ended stores again (`require_kept`): no row ever names what is gone.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial

from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.objects.door import STRAY_AGE_S, Objects, ObjectsUnavailable

log = logging.getLogger("relay")

REMOVE_LIMIT_S = 60.0
"""So long one who removes tries; then somebody else does it."""
REDO_AFTER_US = 120_000_000
KEPT_US = int(2 * STRAY_AGE_S * 1_000_000)
"""How long a removal is remembered: longer than anybody takes from storing bytes to committing their row."""
WAIT_S = 0.05


class Removed(Exception):
    """What was stored may have been removed since: store it again. names: of those objects."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(names)
        self.names = names


def begin(tx: Tx, names: Iterable[str]) -> list[str]:
    """Note those of the objects that no row speaks of now; they are the ones to `finish`. [writer]"""
    asked = "SELECT 1 FROM named_object WHERE sha256 = ?"
    orphans = [name for name in sorted(set(names)) if tx.db.execute(asked, (name,)).fetchone() is None]
    for name in orphans:
        _note(tx, name, gone=False)
    return orphans


def mark(db: Connection) -> int:
    """Where the table stands; asked for before bytes are stored. [any thread with a snapshot]"""
    return int(db.execute("SELECT coalesce(max(n), 0) FROM object_removal").fetchone()[0])


def require_kept(tx: Tx, names: Sequence[str], since: int) -> None:
    """That what was stored after `since` (of `mark`) is still stored, before rows name it. Raises Removed. [writer]"""
    marks = ", ".join("?" * len(names))
    found = tx.db.execute(
        f"SELECT sha256 FROM object_removal WHERE sha256 IN ({marks}) AND (gone = 0 OR n > ?)",
        (*names, since),
    ).fetchall()
    if found:
        raise Removed([name for (name,) in found])


class Removals:
    """[loop]"""

    def __init__(self, db: Database, objects: Objects) -> None:
        self._db = db
        self._objects = objects

    async def finish(self, names: Sequence[str]) -> None:
        """Remove what `begin` noted. A store that cannot be reached keeps it noted, for `resume`."""
        for name in names:
            try:
                async with asyncio.timeout(REMOVE_LIMIT_S):
                    await self._objects.delete(name)
            except (ObjectsUnavailable, TimeoutError) as error:
                log.warning("object %s is to be removed, and still there: %s", name, error)
                continue
            await self._db.write(partial(_note, name=name, gone=True))

    async def settled(self, names: Sequence[str]) -> None:
        """Wait until none of the objects is being removed. Raises ObjectsUnavailable: not within the time for it."""
        try:
            async with asyncio.timeout(REMOVE_LIMIT_S):
                while True:
                    if not await self._db.read(lambda db: _under_way(db, names)):
                        return
                    await asyncio.sleep(WAIT_S)
        except TimeoutError:
            raise ObjectsUnavailable("The store is still removing equal bytes.") from None

    async def resume(self) -> None:
        """What a process that ended, or an unreachable store, left; and forget what is long done."""
        before_us = now_us() - REDO_AFTER_US
        left = await self._db.read(
            lambda db: db.execute(
                "SELECT sha256 FROM object_removal WHERE gone = 0 AND at_us < ?", (before_us,)
            ).fetchall()
        )
        await self.finish([name for (name,) in left])
        await self._db.write(_forget)


def _note(tx: Tx, name: str, *, gone: bool) -> None:
    tx.db.execute(
        "INSERT INTO object_removal (sha256, n, gone, at_us) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (sha256) DO UPDATE SET n = excluded.n, gone = excluded.gone, at_us = excluded.at_us",
        (name, mark(tx.db) + 1, int(gone), now_us()),
    )


def _under_way(db: Connection, names: Sequence[str]) -> bool:
    marks = ", ".join("?" * len(names))
    found = db.execute(f"SELECT 1 FROM object_removal WHERE gone = 0 AND sha256 IN ({marks})", names)
    return found.fetchone() is not None


def _forget(tx: Tx) -> None:
    """The newest stays, so that n never falls."""
    tx.db.execute(
        "DELETE FROM object_removal WHERE gone = 1 AND at_us < ? AND n < (SELECT max(n) FROM object_removal)",
        (now_us() - KEPT_US,),
    )
