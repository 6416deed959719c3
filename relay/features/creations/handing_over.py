"""All that one account made becomes another's, with its versions, links, counts and room."""

from relay.engine.database import Tx
from relay.features.accounts import api as accounts
from relay.features.creations.kinds import IN_FEEDS
from relay.features.creations.store import note_otherwise


class StandsInFeeds(Exception):
    """A creation that others were told of as somebody's: it is not given to somebody else."""


def hand_over(tx: Tx, from_id: str, to_id: str) -> int:
    """How many that were. Those that stand in feeds cannot be: StandsInFeeds. [writer]"""
    asked = f"SELECT 1 FROM creation AS c WHERE c.owner_id = ? AND c.state <> 'deleted' AND {IN_FEEDS}"
    if tx.db.execute(asked, (from_id,)).fetchone() is not None:
        raise StandsInFeeds(from_id)
    moved = tx.db.execute(
        "UPDATE creation SET owner_id = ?, owner_state = ? WHERE owner_id = ? AND state <> 'deleted' RETURNING id",
        (to_id, accounts.state_of(tx.db, to_id), from_id),
    ).fetchall()
    size_bytes = accounts.stored_bytes(tx.db, from_id)
    accounts.store_bytes(tx, from_id, -size_bytes)
    accounts.store_bytes(tx, to_id, size_bytes)
    note_otherwise(tx)
    return len(moved)
