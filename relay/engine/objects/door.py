"""What any store of objects can do, and how it fails. Two kinds of bytes lie in it:

* objects, named by the SHA-256 of their bytes: never changed, stored once however often they are put;
* parts of an upload under way, `incoming/{upload_id}/{offset}-{nonce}`: never changed either. Which of them count is
  said by the rows of whoever takes uploads; two requests at the same offset write two parts, and one row moves.
"""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Container, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from relay.core.tus import Checksum

PIECE_BYTES = 256 * 1024
"""What is copied or hashed at a time."""
READ_BYTES = 32 * 1024
"""What one reader of an object has in memory at a time."""
STRAY_AGE_S = 24 * 3600.0
"""So old is what no row speaks of before it is swept. Nobody takes longer from storing bytes to committing their row."""
RENEW_AGE_S = STRAY_AGE_S / 2
"""An older object that is put again counts as new, so that it is not swept before its new row is there."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"[0-9a-f]{32}/[0-9]{15}-[0-9a-f]{16}")


class ObjectMissing(Exception):
    """name: of an object or a part that is not in the store."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"There is no object {self.name} in the store."


class ObjectDamaged(Exception):
    """name: of an object or a part whose bytes are not those that were stored."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"The bytes of object {self.name} are not those that were stored. Restore it from a backup."


class ObjectsUnavailable(Exception):
    """The store cannot be reached or does not work now; later it may. said: a sentence for anybody; reason: for the log,
    for it may name hosts and folders."""

    def __init__(self, said: str, reason: str = "") -> None:
        super().__init__(said, reason)
        self.said = said
        self.reason = reason or said

    def __str__(self) -> str:
        return self.said


class NoRoom(ObjectsUnavailable):
    """The disk has too little room for so many bytes."""


class PartTooLong(Exception):
    """More bytes than were announced."""


class PartDamaged(Exception):
    """The bytes that came are not those of the checksum."""


class Part(Struct, frozen=True, kw_only=True):
    """One stored part of an upload. name: `{upload_id}/{offset}-{nonce}`, for the row that says it counts."""

    name: str
    offset_bytes: int
    size_bytes: int


class Health(Struct, frozen=True, kw_only=True):
    """ok: whether bytes can be stored now. free_bytes: None where no number can be told; reserved_bytes are part of it."""

    ok: bool
    detail: str
    free_bytes: int | None = None
    reserved_bytes: int = 0


class Objects(Protocol):
    """All methods: [loop]; none blocks it. Every method that is awaited may raise ObjectsUnavailable."""

    async def put(self, data: bytes, content_type: str = "application/octet-stream") -> str:
        """Store bytes for good; their SHA-256. Any number of threads and processes may put equal bytes at once.

        Raises NoRoom. content_type is what a signed link answers with.
        """

    async def put_file(self, path: Path, content_type: str = "application/octet-stream") -> str:
        """As `put`, of a file that nobody writes to meanwhile; it is streamed."""

    async def size(self, name: str) -> int:
        """In bytes. Raises ObjectMissing."""

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes start <= i < end in pieces of at most READ_BYTES; end None: to the last.

        Raises ObjectMissing before there is an iterator, so that a refusal can still be answered; the iterator raises
        ObjectsUnavailable where the store fails in the middle, never ends early. A slow reader holds one piece.
        """

    async def fetch(self, name: str, target: Path) -> None:
        """Copy the whole object into a new file. Raises ObjectMissing, ObjectDamaged, FileExistsError."""

    async def delete(self, name: str) -> None:
        """Only where nobody may be putting equal bytes at this time; what rows may share is left to `sweep`. What is
        absent already is no error."""

    async def put_part(
        self,
        upload_id: str,
        offset_bytes: int,
        body: AsyncIterator[bytes],
        limit_bytes: int,
        checksum: Checksum | None = None,
    ) -> Part:
        """Store one part, all of it or nothing; it is streamed, counted and compared with its checksum.

        Takes the bytes from what `reserve` holds for this upload. Raises PartTooLong over limit_bytes, PartDamaged,
        NoRoom, and whatever body raises.
        """

    async def join(self, parts: Sequence[Part], target: Path) -> str:
        """Copy parts that follow each other from offset 0 into a new file; the SHA-256 of the whole.

        Raises ObjectMissing, ObjectDamaged, FileExistsError, and ValueError for parts with a gap.
        """

    async def delete_part(self, part: Part) -> None:
        """Of the request that came second. What is absent already is no error."""

    async def delete_upload(self, upload_id: str) -> None:
        """Every part of an upload, and what was reserved for it."""

    def reserve(self, upload_id: str, size_bytes: int, *, admitted: bool = False) -> None:
        """Hold room for bytes that were announced: nobody else is promised it. Again for the same upload: instead.

        Raises NoRoom, ObjectsUnavailable. admitted: the upload was let in before, so its room is held without asking.
        Held until `release` or `delete_upload`; what `put_part` stored of it is no longer held.
        """

    def release(self, upload_id: str) -> None:
        """Nothing more will come of this upload. No error where nothing is held."""

    async def sweep(
        self, wanted: Container[str], uploads: Container[str], older_than_s: float = STRAY_AGE_S
    ) -> int:
        """Remove objects that no row wants and parts of uploads that are not open, if older; how many.

        Never what is younger: another process may have stored it, its row not yet committed.
        """

    async def signed_url(self, name: str, seconds: int) -> str | None:
        """A link that gives the object's bytes for so long without us; None where bytes go through the relay."""

    async def health(self) -> Health:
        """Whether something can be stored now. Never raises; tells within a few seconds, also of a store that hangs."""

    async def close(self) -> None: ...


class CountedBody:
    """A body on its way into a store: counted, limited, and compared with its checksum before the last byte is accepted.

    Stores commit a part only when its body ended without an error, so a wrong one leaves nothing behind.
    """

    def __init__(self, body: AsyncIterator[bytes], limit_bytes: int, checksum: Checksum | None) -> None:
        self.size_bytes = 0
        self.error: Exception | None = None
        self._body = body
        self._limit_bytes = limit_bytes
        self._checksum = checksum

    async def __aiter__(self) -> AsyncIterator[bytes]:
        digest = hashlib.new(self._checksum.algorithm) if self._checksum else None
        try:
            async for piece in self._body:
                self.size_bytes += len(piece)
                if self.size_bytes > self._limit_bytes:
                    raise PartTooLong(f"More than the {self._limit_bytes} bytes that were still to come.")
                if digest:
                    digest.update(piece)
                yield piece
            if self._checksum and digest and not self._checksum.fits(digest.digest()):
                raise PartDamaged("The bytes that came are not those of their checksum.")
        except Exception as error:
            self.error = error
            raise


def object_name(name: str) -> str:
    """name, which is a SHA-256 in lower-case hex. Raises ObjectMissing: nothing else is ever the name of one. [any]"""
    if _SHA256.fullmatch(name) is None:
        raise ObjectMissing(name)
    return name


def upload_name(upload_id: str) -> str:
    """upload_id, which is 32 lower-case hex digits. Raises ValueError. [any]"""
    if _UPLOAD_ID.fullmatch(upload_id) is None:
        raise ValueError(f"not the id of an upload: {upload_id!r}")
    return upload_id


def new_part(upload_id: str, offset_bytes: int, size_bytes: int) -> Part:
    """A part with a name that nobody had before. [any]"""
    name = f"{upload_name(upload_id)}/{offset_bytes:015d}-{secrets.token_hex(8)}"
    return Part(name=part_name(name), offset_bytes=offset_bytes, size_bytes=size_bytes)


def part_name(name: str) -> str:
    """name, which is one that `new_part` gave. Raises ObjectMissing. [any]"""
    if _PART.fullmatch(name) is None:
        raise ObjectMissing(name)
    return name


def require_joined(parts: Sequence[Part]) -> None:
    """Raises ValueError unless each part begins where the one before it ends. [any]"""
    at = 0
    for part in parts:
        if part.offset_bytes != at:
            raise ValueError(
                f"part {part.name} begins at {part.offset_bytes}, the one before it ends at {at}"
            )
        at += part.size_bytes
