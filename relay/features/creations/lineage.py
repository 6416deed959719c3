"""What a creation was made from, and what others made of it: each as far as whoever looks may find that.

What is written down names it when it is forked; of a post its owner says it. What has an address alone is not named: its address
would be everybody's.
"""

from msgspec import Struct

from relay.core.refusal import Refusal
from relay.core.visibility import FINDABLE, READABLE
from relay.engine.database import Connection, Tx
from relay.features.creations.kinds import Ability, is_one_with
from relay.features.creations.written import require_ability
from relay.features.graph.api import not_muted
from relay.wire.owning import MAX_REMIXES, MAX_REMIXES_COUNTED, ForkedFrom

MAX_LINEAGE = 8
_MADE = "SELECT c.id, c.title, a.username FROM creation AS c JOIN account AS a ON a.id = c.owner_id"
_PARENT = f"""{_MADE} WHERE {FINDABLE} AND c.id = (SELECT k.parent_id FROM creation AS k WHERE k.id = :id)"""
CHILDREN = f"c.parent_id = :parent AND {FINDABLE} AND {not_muted('c.owner_id')}"
"""What was made from :parent, as a condition on `creation AS c`: as far as :viewer may find it and wants to."""
_NEWEST = f"{_MADE} WHERE {CHILDREN} ORDER BY c.published_us DESC, c.id DESC LIMIT {MAX_REMIXES}"
_COUNTED = (
    f"SELECT count(*) FROM (SELECT 1 FROM creation AS c WHERE {CHILDREN} LIMIT {MAX_REMIXES_COUNTED}) AS n"
)
_GIVEN = f"c.owner_id = :viewer OR c.downloads = 1 OR {is_one_with(Ability.FORK)}"


class Parent(Struct, frozen=True, kw_only=True):
    """What something is made from: a version of a creation."""

    id: str
    version_id: str


def made_from(db: Connection, creation_id: str, viewer: str | None) -> ForkedFrom | None:
    """[any thread with a snapshot]"""
    row = db.execute(_PARENT, {"id": creation_id, "viewer": viewer or ""}).fetchone()
    return None if row is None else _named(*row)


def lineage(db: Connection, creation_id: str, viewer: str | None) -> list[ForkedFrom]:
    """What it was made from, what that was, and so on, nearest first. [any thread with a snapshot]"""
    found: list[ForkedFrom] = []
    while len(found) < MAX_LINEAGE and (parent := made_from(db, creation_id, viewer)) is not None:
        found.append(parent)
        creation_id = parent.id
    return found


def made_of(db: Connection, creation_id: str, viewer: str | None) -> list[ForkedFrom]:
    """The newest of what others made of it. [any thread with a snapshot]"""
    rows = db.execute(_NEWEST, {"parent": creation_id, "viewer": viewer or ""}).fetchall()
    return [_named(*row) for row in rows]


def counted(db: Connection, creation_id: str, viewer: str | None) -> int:
    """How many others made of it, up to MAX_REMIXES_COUNTED. [any thread with a snapshot]"""
    row: tuple[int] = db.execute(_COUNTED, {"parent": creation_id, "viewer": viewer or ""}).fetchone()
    return row[0]


def parent(db: Connection, parent_id: str, maker_id: str, made_id: str = "") -> Parent:
    """Of something that maker_id makes: what is theirs, or given to be taken further. made_id: of what is there already.

    Raises Refusal: validation. [any thread with a snapshot]
    """
    row = db.execute(
        f"SELECT c.head_version_id FROM creation AS c WHERE c.id = :id AND {READABLE} AND ({_GIVEN})",
        {"id": parent_id, "viewer": maker_id},
    ).fetchone()
    if row is None:
        raise Refusal(
            "validation",
            "remix_of: there is no such post, or its author does not give its sound to others.",
            "Name a post that has a download, or one of yours.",
        )
    if made_id and _stems_from(db, parent_id, made_id):
        raise Refusal("validation", "remix_of: that was made from this post itself.")
    return Parent(id=parent_id, version_id=row[0])


def given(db: Connection, creation_id: str, maker_id: str) -> ForkedFrom:
    """What somebody is about to make something from. Raises Refusal: validation. [any thread with a snapshot]"""
    parent(db, creation_id, maker_id)
    return _named(*db.execute(f"{_MADE} WHERE c.id = ?", (creation_id,)).fetchone())


def set_parent(tx: Tx, creation_id: str, owner_id: str, remix_of: str | None, at_us: int) -> None:
    """remix_of "": of nothing; None: as it is. Raises Refusal: validation. [writer]"""
    (was,) = tx.db.execute("SELECT parent_id FROM creation WHERE id = ?", (creation_id,)).fetchone()
    if remix_of is None or remix_of == (was or ""):
        return
    require_ability(tx.db, creation_id, Ability.REMIX)
    found = parent(tx.db, remix_of, owner_id, creation_id) if remix_of else None
    tx.db.execute(
        "UPDATE creation SET parent_id = ?, parent_version_id = ?, changed_us = ? WHERE id = ?",
        (found and found.id, found and found.version_id, at_us, creation_id),
    )


def _stems_from(db: Connection, creation_id: str, older_id: str) -> bool:
    """Whether it is that one, or was made from it, however often. [any thread with a snapshot]"""
    asked = (
        "WITH RECURSIVE line (id, parent_id) AS (SELECT c.id, c.parent_id FROM creation AS c WHERE c.id = ?"
        " UNION SELECT c.id, c.parent_id FROM creation AS c JOIN line ON c.id = line.parent_id)"
        " SELECT 1 FROM line WHERE id = ?"
    )
    return db.execute(asked, (creation_id, older_id)).fetchone() is not None


def _named(id_: str, title: str, username: str) -> ForkedFrom:
    return ForkedFrom(id=id_, title=title, username=username)
