"""The title that stands in a post's MP3 itself: when the post is called otherwise, the sound is stored anew under another tag."""

from msgspec import Struct

from audio.encode.id3 import id3_tag, without_tag
from relay.engine.database import Connection, Tx
from relay.engine.objects.door import ObjectMissing, Objects
from relay.features.accounts import api as accounts
from relay.features.creations import removals
from relay.features.creations.kinds import PREVIEW


class Tagged(Struct, frozen=True, kw_only=True):
    """The MP3 of a creation's head version, and what its tag says besides the title."""

    version_id: str
    sha256: str
    size_bytes: int
    mime: str
    bpm: float | None
    key: str | None


def tagged(db: Connection, creation_id: str) -> Tagged | None:
    """None: it has no such sound. [any thread with a snapshot]"""
    row = db.execute(
        "SELECT s.version_id, s.sha256, s.size_bytes, s.mime, c.bpm, c.key FROM creation AS c"
        " JOIN asset AS s ON s.version_id = c.head_version_id WHERE c.id = ? AND s.role = ?",
        (creation_id, PREVIEW),
    ).fetchone()
    return None if row is None else Tagged(**dict(zip(Tagged.__struct_fields__, row, strict=True)))


async def under_title(objects: Objects, was: Tagged, title: str) -> Tagged | None:
    """The same sound, stored with another title in it; None: its bytes are lost. Raises ObjectsUnavailable, NoRoom. [loop]"""
    try:
        stream = await objects.read(was.sha256)
        sound = b"".join([piece async for piece in stream])
    except ObjectMissing:
        return None
    data = retag(sound, title, was.bpm, was.key)
    return Tagged(
        version_id=was.version_id,
        sha256=await objects.put(data, was.mime),
        size_bytes=len(data),
        mime=was.mime,
        bpm=was.bpm,
        key=was.key,
    )


def retag(mp3: bytes, title: str, bpm: float | None, key: str | None) -> bytes:
    """The same sound under another tag. [any]"""
    return id3_tag(title=title or None, bpm=bpm, key=key) + without_tag(mp3)


def put(tx: Tx, owner_id: str, was: Tagged, now: Tagged, since: int) -> list[str]:
    """Name the new one instead; the objects that nothing names any more. since: as of `require_kept`. Raises Removed. [writer]"""
    if now.sha256 == was.sha256:
        return []
    removals.require_kept(tx, [now.sha256], since)
    tx.db.execute(
        "UPDATE asset SET sha256 = ?, size_bytes = ? WHERE version_id = ? AND role = ?",
        (now.sha256, now.size_bytes, was.version_id, PREVIEW),
    )
    accounts.store_bytes(tx, owner_id, now.size_bytes - was.size_bytes)
    return removals.begin(tx, [was.sha256])
