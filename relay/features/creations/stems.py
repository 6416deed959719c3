"""The parts that a sound was taken apart into: assets of its version, beside the sound, for its owner alone."""

from collections.abc import Sequence

from relay.core.refusal import Refusal
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.creations import removals
from relay.features.creations.kinds import LOSSLESS
from relay.features.creations.store import Asset, insert_assets

STEM = "stem:"
"""How the role of a part begins; its name follows."""
_HEAD = "SELECT c.owner_id, c.head_version_id FROM creation AS c WHERE c.id = ? AND c.state <> 'deleted'"


def stems_of(db: Connection, creation_id: str) -> list[Asset]:
    """Of the newest version; none where it was not taken apart. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT s.role, s.sha256, s.size_bytes, s.mime FROM creation AS c JOIN asset AS s ON s.version_id = c.head_version_id"
        " WHERE c.id = ? AND c.state <> 'deleted' AND substr(s.role, 1, 5) = ? ORDER BY s.role",
        (creation_id, STEM),
    )
    return [
        Asset(role=role, sha256=sha256, size_bytes=size, mime=mime)
        for role, sha256, size, mime in rows.fetchall()
    ]


def set_stems(tx: Tx, creation_id: str, of_sha256: str, stems: Sequence[Asset]) -> list[str]:
    """In place of those that it has; objects that nothing names any more. of_sha256: of the sound that they are of.

    Raises Refusal: gone. [writer]
    """
    row = tx.db.execute(_HEAD, (creation_id,)).fetchone()
    if row is None:
        raise Refusal("gone", "It was deleted meanwhile.")
    owner_id, version_id = row
    asked = "SELECT 1 FROM asset WHERE version_id = ? AND role = ? AND sha256 = ?"
    if tx.db.execute(asked, (version_id, LOSSLESS, of_sha256)).fetchone() is None:
        raise Refusal("gone", "Another sound was put in its place meanwhile.", "Take that one apart.")
    before = tx.db.execute(
        "DELETE FROM asset WHERE version_id = ? AND substr(role, 1, 5) = ? RETURNING sha256, size_bytes",
        (version_id, STEM),
    ).fetchall()
    insert_assets(tx, version_id, stems)
    step_bytes = sum(stem.size_bytes for stem in stems) - sum(size for _, size in before)
    accounts.store_bytes(tx, owner_id, step_bytes)
    return removals.begin(tx, [sha256 for sha256, _ in before])
