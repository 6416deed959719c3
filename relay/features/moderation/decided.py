"""What was decided, in the words of who decided it. Other features show it, so this module imports none."""

from relay.engine.database import Connection


def why(db: Connection, deed: str, kind: str, object_id: str) -> str:
    """Of the last time; "": nobody did. It walks the log: for pages of what was decided on. [any thread with a snapshot]"""
    found = db.execute(
        "SELECT note FROM audit WHERE kind = ? AND object_id = ? AND deed = ? ORDER BY at_us DESC, id DESC LIMIT 1",
        (kind, object_id, deed),
    ).fetchone()
    return "" if found is None else str(found[0])
