"""Objects as one ZIP file, made while it is sent: nothing of it is stored, and its size is known before."""

import io
import zipfile
from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from relay.engine.objects.door import Objects

MIME = "application/zip"
_LOCAL_BYTES, _AFTER_BYTES, _CENTRAL_BYTES, _END_BYTES = 30, 16, 46, 22
"""Of the fixed parts of a file whose sizes stand behind its bytes (APPNOTE.TXT 6.3, 4.3.7 to 4.3.16)."""


class Member(Struct, frozen=True, kw_only=True):
    """name: ASCII, of the file in the ZIP."""

    name: str
    sha256: str
    size_bytes: int


def size_bytes(members: Sequence[Member]) -> int:
    """Of the whole file; members are below 2 GiB each. [any]"""
    fixed = _LOCAL_BYTES + _AFTER_BYTES + _CENTRAL_BYTES
    return _END_BYTES + sum(fixed + 2 * len(each.name) + each.size_bytes for each in members)


async def zipped(objects: Objects, members: Sequence[Member]) -> AsyncIterator[bytes]:
    """Not packed: sound is already. Raises ObjectMissing, ObjectsUnavailable. [loop]"""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for member in members:
            head = zipfile.ZipInfo(member.name)
            head.file_size = member.size_bytes
            with archive.open(head, "w") as file:
                async for piece in await objects.read(member.sha256):
                    file.write(piece)
                    yield pipe.taken()
    yield pipe.taken()


class _Pipe(io.RawIOBase):
    """What is written waits until it is taken."""

    def __init__(self) -> None:
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:  # of a buffer of any kind
        piece = bytes(data)  # type: ignore[call-overload]
        self._data += piece
        return len(piece)

    def taken(self) -> bytes:
        found = bytes(self._data)
        self._data.clear()
        return found
