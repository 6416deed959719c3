"""Brings a file to the relay by tus 1.0 and has a Post made of it. What a break costs is decided by core.chunks.

https://tus.io/protocols/resumable-upload. Every part has its checksum; before going on, the relay is asked where the
upload stands, and only its word counts. After a break the upload goes on at once if something had arrived since the
one before; otherwise it is left to the outbox, which waits. HTTP itself is in relay_http.py.
"""

import asyncio
import base64
import hashlib
import time
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import BinaryIO, TypeVar

from msgspec import Struct

from bridge.system import read_at
from daemon.core.chunks import Line
from daemon.core.outbox import Moved
from daemon.errors import Offline, RelayRefused
from daemon.uplink.client import RelayClient
from daemon.uplink.http import Answer
from relay.wire import tus
from relay.wire.rest import AudioPost, UploadMeta

T = TypeVar("T")

PART_LIMIT_S = 60.0
"""For one request: at the smallest part, 270 bytes a second."""
UPLOAD_LIMIT_S = 600.0
"""For one attempt at the whole; what has arrived until then stays."""
DAMAGED_RETRY_S = 600.0
OK, CREATED, NO_CONTENT = 200, 201, 204
NOT_THERE = {403, 404, 410}


class Parcel(Struct, frozen=True, kw_only=True):
    """What is to become a Post. file: open, and not written to by anybody. url: where an earlier attempt got to.

    meta: asked when all has arrived; sha256: of the file. allowed: whether this account may still send it. moved: told what
    the relay says of it. replaces: the Post that gets this sound; None: a new one.
    """

    entry_id: str
    file: BinaryIO
    size_bytes: int
    sha256: str
    meta: Callable[[], Awaitable[UploadMeta]]
    url: str | None
    first: bool
    allowed: Callable[[], bool]
    moved: Callable[[Moved], Awaitable[None]]
    replaces: str | None = None


class TusClient:
    """All methods are [loop]. sent_bytes: of files, handed to the line since this was made, arrived or not."""

    def __init__(self, relay: RelayClient) -> None:
        self._relay = relay
        self._line = Line()
        self._url: str | None = None  # where the relay gathers the one that is on its way
        self.sent_bytes = 0

    async def deliver(self, parcel: Parcel) -> AudioPost:
        """Raises Offline (again later), RelayRefused (never), NotClaimed, OSError."""
        return await self._unbroken(parcel, self._post_of)

    async def send(self, parcel: Parcel) -> str:
        """Only the bytes; where the relay has them. Raises as `deliver`."""

        async def where(_: Parcel, url: str) -> str:
            return url

        return await self._unbroken(parcel, where)

    async def _unbroken(self, parcel: Parcel, finish: Callable[[Parcel, str], Awaitable[T]]) -> T:
        self._line = self._line.begun()
        self._url = parcel.url if parcel.url and parcel.url.startswith(self._relay.base_url + "/") else None
        first = parcel.first
        try:
            async with asyncio.timeout(UPLOAD_LIMIT_S):
                while True:
                    try:
                        return await finish(parcel, await self._arrive(parcel, first=first))
                    except Offline as error:
                        moving, self._line = self._line.moving, self._line.broke()
                        if not moving or not _is_break(error):
                            raise
                        first = False
        except TimeoutError:
            raise Offline("The upload takes long; it goes on where it is.", relay_wide=False) from None

    async def _arrive(self, parcel: Parcel, *, first: bool) -> str:
        """Until the relay has every byte; where. first: nothing of it can be there yet."""
        at = None if self._url is None else await self._where(parcel, self._url)
        if self._url is None or at is None:
            self._url, at = await self._begin(parcel, with_part=first)
        url = self._url
        await parcel.moved(Moved(upload_url=url, size_bytes=parcel.size_bytes, sent_bytes=at))
        while at < parcel.size_bytes:
            at = await self._part(parcel, url, at)
            await parcel.moved(Moved(upload_url=url, size_bytes=parcel.size_bytes, sent_bytes=at))
        return url

    async def _where(self, parcel: Parcel, url: str) -> int | None:
        """None: the relay knows nothing of it, or not the same file."""
        answer = await self._call(parcel, "HEAD", url, {})
        if answer.status in NOT_THERE:
            return None
        if answer.status not in (OK, NO_CONTENT):
            raise self._relay.http.refusal(answer)
        same = answer.headers.get(tus.LENGTH) == str(parcel.size_bytes)
        return self._offset(parcel, answer) if same else None

    async def _begin(self, parcel: Parcel, *, with_part: bool) -> tuple[str, int]:
        """Begin it, or learn of the relay where it was begun before."""
        sha256 = base64.b64encode(parcel.sha256.encode()).decode()
        headers = {
            tus.LENGTH: str(parcel.size_bytes),
            tus.METADATA: f"sha256 {sha256}",
            "Idempotency-Key": parcel.entry_id,
        }
        data = b""
        if with_part:
            data = await self._read(parcel, 0)
            headers |= _part_headers(data)
        began_s = time.monotonic()
        answer = await self._call(parcel, "POST", tus.UPLOADS_PATH, headers, data)
        if answer.status != CREATED:
            raise self._relay.http.refusal(answer)
        at = 0 if tus.OFFSET not in answer.headers and not data else self._offset(parcel, answer)
        self._line = self._line.arrived(min(at, len(data)), time.monotonic() - began_s)
        return self._location(answer), at

    async def _part(self, parcel: Parcel, url: str, at: int) -> int:
        data = await self._read(parcel, at)
        headers = _part_headers(data) | {tus.OFFSET: str(at)}
        began_s = time.monotonic()
        answer = await self._call(parcel, "PATCH", url, headers, data)
        if answer.status in NOT_THERE:
            raise Offline(
                "The relay has given the upload up; it begins anew.", relay_wide=False, no_answer=True
            )
        if answer.status != NO_CONTENT:
            raise self._relay.http.refusal(answer)
        after = self._offset(parcel, answer)
        if after != at + len(data):
            raise self._relay.http.not_understood(
                f"it stands at {after} bytes after {at} and {len(data)} more"
            )
        self._line = self._line.arrived(len(data), time.monotonic() - began_s)
        return after

    async def _post_of(self, parcel: Parcel, url: str) -> AudioPost:
        upload_id, meta = url.rpartition("/")[2], await parcel.meta()
        try:
            return await self._relay.process(
                parcel.entry_id, upload_id, meta, parcel.allowed, parcel.replaces
            )
        except RelayRefused as error:
            if error.status not in NOT_THERE and error.code != "sha256_mismatch":
                raise
            # What arrived is not what was sent, or no longer there. The file here is good, so it goes again; not at
            # once, for each part had its checksum: something is wrong at the relay.
            raise Offline(error.message, relay_wide=False, retry_after_s=DAMAGED_RETRY_S) from error

    async def _read(self, parcel: Parcel, at: int) -> bytes:
        wanted = self._line.chunk_bytes(parcel.size_bytes - at)
        data = await asyncio.to_thread(read_at, parcel.file.fileno(), wanted, at)
        if len(data) != wanted:
            raise OSError(f"{len(data)} of {wanted} bytes could be read")
        return data

    async def _call(
        self, parcel: Parcel, method: str, url: str, headers: dict[str, str], data: bytes = b""
    ) -> Answer:
        self.sent_bytes += len(data)
        named = {tus.RESUMABLE: tus.VERSION} | headers
        address = urllib.parse.urljoin(self._relay.base_url, url)
        return await self._relay.call(
            method, address, named, data, limit_s=PART_LIMIT_S, allowed=parcel.allowed
        )

    def _offset(self, parcel: Parcel, answer: Answer) -> int:
        text = answer.headers.get(tus.OFFSET, "")
        if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) <= parcel.size_bytes):
            raise self._relay.http.not_understood(f"{tus.OFFSET} is {text!r} of {parcel.size_bytes}")
        return int(text)

    def _location(self, answer: Answer) -> str:
        """Raises RelayRefused: what is sent there has our token with it, so it is sent to the relay only."""
        base = self._relay.base_url
        url = urllib.parse.urljoin(base + tus.UPLOADS_PATH, answer.headers.get("Location", ""))
        if not url.startswith(base + "/") or len(url) > 1024:
            raise RelayRefused(
                "The relay wants the upload to go to another place.",
                "Ask who runs it.",
                status=CREATED,
                code="location",
            )
        return url


def _part_headers(data: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    return {"Content-Type": tus.CHUNK_TYPE, tus.CHECKSUM: f"sha256 {digest}"}


def _is_break(error: Offline) -> bool:
    """The line's doing, or a misunderstanding about the offset; not a relay that asks for patience."""
    return error.retry_after_s is None and (error.no_answer or not error.relay_wide)
