"""The likes, reactions and follows that wait for the relay, durable and in order."""

from msgspec import Struct

from daemon.core.deeds import Deed, DeedKind
from daemon.library.database import Database

MAX_WAITING_DEEDS = 1_000  # of one account


class WaitingDeed(Struct, frozen=True, kw_only=True):
    """number: of its place in the order."""

    number: int
    deed: Deed


class WaitingDeeds(Database):
    """Methods are [worker]."""

    def add_deed(self, account: str, deed: Deed) -> bool:
        """Let it wait, behind all others and in place of an older one on the same thing; False when there is no room."""
        thing = (account, deed.kind, deed.object, deed.emoji)
        with self._transaction() as db:
            db.execute("DELETE FROM waiting_deed WHERE (account, kind, object, emoji) = (?, ?, ?, ?)", thing)
            if self.count_deeds(account) >= MAX_WAITING_DEEDS:
                return False
            db.execute(
                "INSERT INTO waiting_deed (account, kind, object, emoji, is_on) VALUES (?, ?, ?, ?, ?)",
                (*thing, deed.on),
            )
            return True

    def next_deed(self, account: str, after: int = 0) -> WaitingDeed | None:
        """The one that has waited longest of those behind number `after`."""
        row = self._db.execute(
            "SELECT * FROM waiting_deed WHERE account = ? AND number > ? ORDER BY number LIMIT 1",
            (account, after),
        ).fetchone()
        if row is None:
            return None
        kind, on = DeedKind(row["kind"]), bool(row["is_on"])
        return WaitingDeed(
            number=row["number"], deed=Deed(kind=kind, object=row["object"], on=on, emoji=row["emoji"])
        )

    def remove_deed(self, number: int) -> None:
        """It was done or refused. One that has taken its place since has another number and stays."""
        with self._transaction() as db:
            db.execute("DELETE FROM waiting_deed WHERE number = ?", (number,))

    def count_deeds(self, account: str) -> int:
        return int(
            self._db.execute("SELECT count(*) FROM waiting_deed WHERE account = ?", (account,)).fetchone()[0]
        )
