"""The table local_id: what somebody made elsewhere, and which creation it is here."""

from relay.engine.database import Connection, Tx


def known(db: Connection, account_id: str, kind: str) -> dict[str, str]:
    """All of a kind that an account has brought: its id there, and the creation's. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT id, creation_id FROM local_id WHERE account_id = ? AND kind = ?", (account_id, kind)
    )
    return dict(rows.fetchall())


def find(db: Connection, account_id: str, kind: str, id_: str) -> str | None:
    """The creation that one of them is. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT creation_id FROM local_id WHERE account_id = ? AND kind = ? AND id = ?",
        (account_id, kind, id_),
    ).fetchone()
    return None if row is None else str(row[0])


def note(tx: Tx, account_id: str, kind: str, id_: str, creation_id: str) -> None:
    """[writer]"""
    tx.db.execute(
        "INSERT INTO local_id (account_id, kind, id, creation_id) VALUES (?, ?, ?, ?)",
        (account_id, kind, id_, creation_id),
    )


def hand_over(tx: Tx, from_id: str, to_id: str) -> None:
    """What one account brought counts as brought by another. [writer]"""
    tx.db.execute(
        "UPDATE local_id SET account_id = ? WHERE account_id = ? AND NOT EXISTS (SELECT 1 FROM local_id AS other"
        " WHERE other.account_id = ? AND other.kind = local_id.kind AND other.id = local_id.id)",
        (to_id, from_id, to_id),
    )
    tx.db.execute("DELETE FROM local_id WHERE account_id = ?", (from_id,))
