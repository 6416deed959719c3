"""The table studio_preference."""

import msgspec

from relay.engine.database import Connection, Tx
from relay.wire.beat_people import Preferences

_read = msgspec.json.Decoder(Preferences)


def of_account(db: Connection, account_id: str) -> Preferences | None:
    """None: nothing was chosen. [any thread with a snapshot]"""
    row = db.execute("SELECT body FROM studio_preference WHERE account_id = ?", (account_id,)).fetchone()
    return None if row is None else _read.decode(row[0])


def put(tx: Tx, account_id: str, chosen: Preferences) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO studio_preference (account_id, body) VALUES (?, ?)"
        " ON CONFLICT (account_id) DO UPDATE SET body = excluded.body",
        (account_id, msgspec.json.encode(chosen).decode()),
    )
