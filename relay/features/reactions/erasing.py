"""What becomes of likes, reactions and reposts when somebody goes: they are taken back, and counted anew where they stood."""

from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.creations import api as creations
from relay.features.feeds import api as feeds
from relay.features.reactions.rules import counted
from relay.wire.rest import PLAIN_LIKE, REACTIONS

AT_ONCE = 50
"""Creations of one transaction."""
_SIGNS = feeds.Sign.LIKE | feeds.Sign.REACT | feeds.Sign.REPOST | feeds.Sign.SAVE | feeds.Sign.PLAY


def erase_some(tx: Tx, account_id: str) -> bool:
    """Whether there may be more. [writer]"""
    tables = ("creation_like", "reaction", "repost")
    of_each = " UNION ".join(f"SELECT creation_id FROM {table} WHERE account_id = :me" for table in tables)
    rows = tx.db.execute(f"{of_each} LIMIT {AT_ONCE}", {"me": account_id}).fetchall()
    for (creation_id,) in rows:
        values = {"me": account_id, "id": creation_id}
        for table in tables:
            gone = tx.db.execute(
                f"DELETE FROM {table} WHERE account_id = :me AND creation_id = :id RETURNING 1", values
            ).fetchall()
            if table == "repost" and gone:
                creations.count_reposts(tx, creation_id, -1)
        likes = _counts(tx.db, "creation_like", creation_id)
        named = {emoji: n for emoji, n in likes.items() if emoji in REACTIONS and emoji != PLAIN_LIKE}
        creations.set_likes(tx, creation_id, sum(likes.values()), counted(named, PLAIN_LIKE, 0))
        creations.set_reactions(
            tx, creation_id, counted(_counts(tx.db, "reaction", creation_id), PLAIN_LIKE, 0)
        )
        feeds.take_back(tx, creation_id, account_id, _SIGNS, now_us())
    return len(rows) == AT_ONCE


def _counts(db: Connection, table: str, creation_id: str) -> dict[str, int]:
    rows = db.execute(
        f"SELECT emoji, count(*) FROM {table} WHERE creation_id = ? GROUP BY emoji", (creation_id,)
    )
    return dict(rows.fetchall())
