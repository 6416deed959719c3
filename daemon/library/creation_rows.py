"""The table creation: what of the library is written down instead of recorded. What lies beside it as files: creations.py."""

import sqlite3
from collections.abc import Iterable

import msgspec
from msgspec.structs import asdict

from daemon.core.creations import Creation
from daemon.core.meant import short_id
from daemon.library.database import Database

_COLUMNS = tuple(field.name for field in msgspec.structs.fields(Creation))
_PUT = (
    f"INSERT INTO creation ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"
    f" ON CONFLICT (creation_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:])}"
)


class CreationRows(Database):
    """Methods are [worker]."""

    def put_creation(self, creation: Creation) -> None:
        """A new one, or another state of one."""
        with self._transaction() as db:
            db.execute(_PUT, asdict(creation))

    def creation(self, creation_id: str) -> Creation | None:
        row = self._db.execute("SELECT * FROM creation WHERE creation_id = ?", (creation_id,)).fetchone()
        return None if row is None else read_creation(row)

    def creations(self, kind: str | None = None, *, deleted: bool = False) -> list[Creation]:
        """Of a kind, or of all, the one changed last first. deleted: those that can be restored, and no others."""
        rows = self._db.execute(
            "SELECT * FROM creation WHERE (?1 IS NULL OR kind = ?1) AND (deleted_us IS NOT NULL) = ?2"
            " ORDER BY changed_us DESC, rowid DESC",
            (kind, deleted),
        )
        return [read_creation(row) for row in rows]

    def creations_of(self, account: str) -> list[Creation]:
        """That are at the relay, or on their way there, deleted ones with them; loops before the songs that name them."""
        rows = self._db.execute(
            "SELECT * FROM creation WHERE account = ? ORDER BY kind = 'song', changed_us, rowid", (account,)
        )
        return [read_creation(row) for row in rows]

    def waiting_creations(self, account: str) -> list[Creation]:
        """Something of which is to be sent, in the order in which it is."""
        rows = self._db.execute(
            "SELECT * FROM creation WHERE account = ? AND waits = 1 ORDER BY kind = 'song', changed_us, rowid",
            (account,),
        )
        return [read_creation(row) for row in rows]

    def short_creation_ids(self, creation_ids: Iterable[str]) -> dict[str, str]:
        """As much of each as names no other."""
        every = [row[0] for row in self._db.execute("SELECT creation_id FROM creation ORDER BY creation_id")]
        at = {creation_id: n for n, creation_id in enumerate(every)}
        return {
            each: short_id(each, every[max(at[each] - 1, 0) : at[each]] + every[at[each] + 1 : at[each] + 2])
            for each in creation_ids
            if each in at
        }

    def remove_creation(self, creation_id: str) -> None:
        """For good."""
        with self._transaction() as db:
            db.execute("DELETE FROM creation WHERE creation_id = ?", (creation_id,))


def read_creation(row: sqlite3.Row) -> Creation:
    """Raises msgspec.MsgspecError."""
    return msgspec.convert(dict(row) | {"waits": bool(row["waits"])}, Creation)
