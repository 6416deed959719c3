"""The table analytics_opt_out: who does not want to be counted."""

from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx
from relay.features.analytics.events import forget_today


def is_counted(db: Connection, account_id: str) -> bool:
    """[any thread with a snapshot]"""
    asked = "SELECT 1 FROM analytics_opt_out WHERE account_id = ?"
    return db.execute(asked, (account_id,)).fetchone() is None


def choose(tx: Tx, account_id: str, counted: bool) -> None:
    """From now on; what of today is theirs goes at once. [writer]"""
    if counted:
        tx.db.execute("DELETE FROM analytics_opt_out WHERE account_id = ?", (account_id,))
        return
    tx.db.execute(
        "INSERT INTO analytics_opt_out (account_id, since_us) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (account_id, now_us()),
    )
    forget_today(tx, account_id)
