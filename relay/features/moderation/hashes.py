"""The table blocked_hash: sound that was removed is not taken again."""

from collections.abc import Sequence

from relay.core.refusal import Refusal
from relay.engine.clock import now_us
from relay.engine.database import Connection, Tx


def require_allowed(db: Connection, hashes: Sequence[str]) -> None:
    """Raises Refusal: audio_refused. [any thread with a snapshot]"""
    marks = ", ".join("?" * len(hashes))
    if db.execute(f"SELECT 1 FROM blocked_hash WHERE sha256 IN ({marks})", hashes).fetchone() is not None:
        raise Refusal(
            "audio_refused",
            "This sound was removed by the moderators of this relay, and is not taken again.",
            "If it is yours to post, say so at /appeal.",
        )


def block(tx: Tx, hashes: Sequence[str]) -> None:
    """[writer]"""
    for sha256 in hashes:
        tx.db.execute(
            "INSERT INTO blocked_hash (sha256, created_us) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (sha256, now_us()),
        )


def allow(tx: Tx, hashes: Sequence[str]) -> None:
    """[writer]"""
    for sha256 in hashes:
        tx.db.execute("DELETE FROM blocked_hash WHERE sha256 = ?", (sha256,))
