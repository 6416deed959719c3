"""The tables creation_version and asset: the sounds that a creation has had. The newest is its head, which everybody hears.

One that was replaced stays its owner's, until they forget it. Every version has addresses of its own, so what was stored of one
is never taken for another.
"""

from msgspec.structs import replace

from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.core.tonality import camelot
from relay.core.visibility import READABLE, Shown
from relay.engine.database import Connection, Tx
from relay.features.accounts import api as accounts
from relay.features.creations import removals
from relay.features.creations.figures import Figures, read_card, read_figures
from relay.features.creations.kinds import PREVIEW, SOUND_TYPES
from relay.features.creations.reading import assets_of, shown_as, why_not_there
from relay.features.creations.store import Asset, NewVersion, as_json, insert_version, note_otherwise
from relay.wire.operations import GET_MP3
from relay.wire.owning import SoundVersion
from relay.wire.rest import MAX_VERSIONS

HEAD = 0
"""In place of a number: the newest."""
_FOUND = (
    "FROM creation AS c JOIN creation_version AS v ON v.creation_id = c.id"
    f" AND (v.n = :n OR (:n = {HEAD} AND v.id = c.head_version_id))"
)

# reading ------------------------------------------------------------------------------------------------------


def figures(db: Connection, post_id: str, viewer: str | None, n: int = HEAD) -> Figures:
    """The body of a version. Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    row = db.execute(
        f"SELECT v.body, v.id = c.head_version_id, c.owner_id {_FOUND} WHERE c.id = :id AND {READABLE}",
        {"viewer": viewer or "", "id": post_id, "n": n},
    ).fetchone()
    if row is None:
        raise _none(db, post_id, viewer, n)
    body, is_head, owner_id = row
    _require_heard(is_head=bool(is_head), is_owner=viewer == owner_id)
    found = read_figures(body)
    if not found.peak_min:
        raise _silent()
    return found


def asset(
    db: Connection, post_id: str, role: str, viewer: str | None, n: int = HEAD
) -> tuple[Asset, Shown, bool]:
    """One object of a version, and whether an address that says n is of this sound alone, for ever.

    Raises Refusal: not_found, gone. [any thread with a snapshot]
    """
    row = db.execute(
        "SELECT s.role, s.sha256, s.size_bytes, s.mime, v.n, v.id = c.head_version_id,"
        f" c.owner_id, c.visibility, c.state, c.owner_state {_FOUND} JOIN asset AS s ON s.version_id = v.id"
        f" WHERE c.id = :id AND s.role = :role AND {READABLE}",
        {"viewer": viewer or "", "id": post_id, "role": role, "n": n},
    ).fetchone()
    if row is None:
        raise _none(db, post_id, viewer, n, role)
    role, sha256, size_bytes, mime, number, is_head, *shown = row
    found = shown_as(*shown)
    _require_heard(is_head=bool(is_head), is_owner=viewer == found.owner_id)
    is_its_own = bool(is_head) and (n or 1) == number
    return Asset(role=role, sha256=sha256, size_bytes=size_bytes, mime=mime), found, is_its_own


def _require_heard(*, is_head: bool, is_owner: bool) -> None:
    if not is_head and not is_owner:
        raise Refusal("gone", "This sound was replaced by another one.", "Load the post again.")


def _none(db: Connection, post_id: str, viewer: str | None, n: int, role: str = PREVIEW) -> Refusal:
    asked = f"SELECT 1 FROM creation AS c WHERE c.id = :id AND {READABLE}"
    if db.execute(asked, {"id": post_id, "viewer": viewer or ""}).fetchone() is None:
        return why_not_there(db, post_id, viewer)
    if n:
        return Refusal("not_found", f"This post has no version {n} any more, or not yet.")
    return _silent() if role in SOUND_TYPES else Refusal("not_found", "It was not taken apart into this.")


def _silent() -> Refusal:
    return Refusal("not_found", "Its sound is not made yet.", "Whose it is can have it rendered.")


def versions_of(db: Connection, creation_id: str, base_url: str) -> list[SoundVersion]:
    """The newest first. [any thread with a snapshot]"""
    rows = db.execute(
        "SELECT v.n, v.created_us, v.id = c.head_version_id, v.body, v.bpm, v.key,"
        " (SELECT coalesce(sum(s.size_bytes), 0) FROM asset AS s WHERE s.version_id = v.id)"
        " FROM creation_version AS v JOIN creation AS c ON c.id = v.creation_id WHERE c.id = ? ORDER BY v.n DESC",
        (creation_id,),
    ).fetchall()
    address = base_url + GET_MP3.at(post_id=creation_id)
    return [
        SoundVersion(
            n=n,
            created_at=rfc3339(created_us),
            current=bool(is_head),
            duration_ms=read_figures(body).card.duration_ms,
            bpm=bpm,
            key=key,
            size_bytes=size_bytes,
            audio_url=f"{address}?v={n}" if size_bytes else None,
        )
        for n, created_us, is_head, body, bpm, key, size_bytes in rows
    ]


# writing ------------------------------------------------------------------------------------------------------


def require_room(db: Connection, creation_id: str) -> int:
    """The number of the next version. Raises Refusal: validation. [any thread with a snapshot]"""
    newest: tuple[int] = db.execute(
        "SELECT max(n) FROM creation_version WHERE creation_id = ?", (creation_id,)
    ).fetchone()
    if newest[0] >= MAX_VERSIONS:
        raise Refusal(
            "validation",
            f"A post has at most {MAX_VERSIONS} versions.",
            "Post it anew, as a post of its own.",
        )
    return newest[0] + 1


def add(tx: Tx, creation_id: str, owner_id: str, new: NewVersion, daw: str | None) -> bool:
    """The head from now on; False: it is what the head is already. Raises Refusal: validation. [writer]

    daw None: as before.
    """
    if _is_head(tx.db, creation_id, new):
        return False
    n = require_room(tx.db, creation_id)
    card = replace(new.figures.card, version=n)
    insert_version(tx, creation_id, n, replace(new, figures=replace(new.figures, card=card)))
    tx.db.execute(
        "UPDATE creation SET head_version_id = ?, bpm = ?, key = ?, camelot = ?, daw = coalesce(?, daw),"
        " duration_ms = ?, changed_us = ?, card = ? WHERE id = ?",
        (
            new.id,
            new.bpm,
            new.key,
            None if new.key is None else camelot(new.key),
            daw,
            card.duration_ms,
            new.at_us,
            as_json(card),
            creation_id,
        ),
    )
    note_otherwise(tx)
    accounts.store_bytes(tx, owner_id, sum(asset.size_bytes for asset in new.assets))
    return True


def _is_head(db: Connection, creation_id: str, new: NewVersion) -> bool:
    """Whether the same was made of the same, as of a re-run that changes nothing."""
    head_id, text, bpm, key = db.execute(
        "SELECT head_version_id, card, bpm, key FROM creation WHERE id = ?", (creation_id,)
    ).fetchone()
    card = read_card(text)
    same_figures = replace(new.figures.card, version=card.version) == card
    same_sound = {each.sha256 for each in new.assets} == {each.sha256 for each in assets_of(db, head_id)}
    return same_figures and same_sound and (bpm, key) == (new.bpm, new.key)


def forget(tx: Tx, creation_id: str, owner_id: str, n: int) -> list[str]:
    """The sound of one that was replaced goes; objects that nothing names any more. Raises Refusal: not_found, validation. [writer]"""
    row = tx.db.execute(
        f"SELECT v.id, v.id = c.head_version_id {_FOUND} WHERE c.id = :id", {"id": creation_id, "n": n}
    ).fetchone()
    if row is None:
        raise Refusal("not_found", f"There is no version {n}.")
    version_id, is_head = row
    if is_head:
        raise Refusal("validation", "This is what everybody hears.", "Replace it first, or delete the post.")
    gone = tx.db.execute(
        "DELETE FROM asset WHERE version_id = ? RETURNING sha256, size_bytes", (version_id,)
    ).fetchall()
    accounts.store_bytes(tx, owner_id, -sum(size_bytes for _, size_bytes in gone))
    return removals.begin(tx, [sha256 for sha256, _ in gone])
