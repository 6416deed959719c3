"""Samples as they are read: creations of the kind `sample`, of which their owner gets the lossless sound."""

from msgspec import Struct

from relay.core.dashed_ids import dashed
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.database import Connection
from relay.features.creations import api as creations
from relay.wire.operations import GET_FLAC
from relay.wire.samples import MAX_SAMPLES, QUOTA_BYTES, WARN_BYTES, Sample

_OF_OWNER = """SELECT c.id, c.title, c.duration_ms, c.created_us, s.size_bytes, s.mime FROM creation AS c
  JOIN asset AS s ON s.version_id = c.head_version_id AND s.role = :role
  WHERE c.owner_id = :owner AND c.kind = :kind AND c.state <> 'deleted'"""


class Room(Struct, frozen=True, kw_only=True):
    """What an account's samples take up."""

    count: int
    size_bytes: int

    @property
    def warning(self) -> str | None:
        if self.size_bytes < WARN_BYTES:
            return None
        return f"{self.size_bytes >> 20} of {QUOTA_BYTES >> 20} MB of samples are used. Delete what you do not need."

    def require(self, more_bytes: int) -> None:
        """Raises Refusal: quota_exceeded. [any]"""
        if self.count >= MAX_SAMPLES:
            raise Refusal(
                "quota_exceeded",
                f"You have {MAX_SAMPLES} samples, and can have no more.",
                "Delete one first.",
            )
        if self.size_bytes + more_bytes > QUOTA_BYTES:
            raise Refusal(
                "quota_exceeded", f"Your samples may take up {QUOTA_BYTES >> 20} MB.", "Delete one first."
            )


def of_owner(db: Connection, owner_id: str, base_url: str) -> list[Sample]:
    """The newest first. [any thread with a snapshot]"""
    rows = db.execute(
        f"{_OF_OWNER} ORDER BY c.published_us DESC, c.id DESC LIMIT :most",
        {"owner": owner_id, "kind": creations.Kind.SAMPLE, "role": creations.LOSSLESS, "most": MAX_SAMPLES},
    )
    return [
        Sample(
            id=dashed(id_),
            name=title,
            file_url=f"{base_url}{GET_FLAC.at(post_id=id_)}",
            file_size=size_bytes,
            mime_type=mime,
            duration=duration_ms / 1000,
            created_at=rfc3339(created_us),
        )
        for id_, title, duration_ms, created_us, size_bytes, mime in rows.fetchall()
    ]


def room_of(db: Connection, owner_id: str) -> Room:
    """[any thread with a snapshot]"""
    count, size_bytes = db.execute(
        f"SELECT count(*), coalesce(sum(size_bytes), 0) FROM ({_OF_OWNER}) AS found",
        {"owner": owner_id, "kind": creations.Kind.SAMPLE, "role": creations.LOSSLESS},
    ).fetchone()
    return Room(count=count, size_bytes=int(size_bytes))
