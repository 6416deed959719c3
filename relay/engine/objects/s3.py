"""Objects in a bucket of S3 or what speaks like it. Bytes are streamed both ways; nothing waits for a dead store.

    {prefix}objects/{sha256}                          objects
    {prefix}incoming/{upload_id}/{offset}-{nonce}     parts of uploads

S3 makes an object seen whole or not at all, and no call is needed to make it durable. Only this module,
s3_requests.py and s3_client.py know obstore.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from relay.core.tus import Checksum
from relay.engine.folders import FILE_MODE
from relay.engine.objects.door import (
    PIECE_BYTES,
    STRAY_AGE_S,
    CountedBody,
    Health,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
    Part,
    new_part,
    require_joined,
    upload_name,
)
from relay.engine.objects.feed import BodyFeed
from relay.engine.objects.s3_client import Bucket
from relay.engine.objects.s3_requests import SEGMENT_BYTES, SEGMENTS_AT_ONCE, BucketRequests

T = TypeVar("T")

log = logging.getLogger("relay")

REQUESTS_AT_ONCE = 32
FETCH_BYTES = 1 << 20
"""Of one request when a whole object is copied to a file."""


class S3Objects:
    """obstore's own coroutines abort one process in five at its exit (pyo3-async-runtimes#40), so requests are made in
    threads, of which a store that does not answer holds only ours. [loop]
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = BucketRequests(bucket)
        self._answers = True
        self._threads = ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="s3")

    # objects ----------------------------------------------------------------------------------------------------------

    async def put(self, data: bytes, content_type: str = "application/octet-stream") -> str:
        name = hashlib.sha256(data).hexdigest()
        await self._request(name, lambda: self._bucket.put(name, data, len(data), content_type))
        return name

    async def put_file(self, path: Path, content_type: str = "application/octet-stream") -> str:
        name, size_bytes = await asyncio.to_thread(_sha256_and_size, path)
        await self._request(name, lambda: self._bucket.put(name, path, size_bytes, content_type))
        return name

    async def size(self, name: str) -> int:
        key = self._bucket.key(name)
        return await self._request(name, lambda: self._bucket.reading.head(key)["size"])

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        key = self._bucket.key(name)
        first, size = await self._request(name, lambda: self._bucket.first_piece(key, start, end))
        return self._rest(first, key, name, start + len(first), size if end is None else min(end, size))

    async def fetch(self, name: str, target: Path) -> None:
        size = await self.size(name)
        pieces = self._pieces(self._bucket.key(name), name, 0, size, FETCH_BYTES)
        if await _keep(pieces, target) != name:
            raise ObjectDamaged(name)

    async def delete(self, name: str) -> None:
        key = self._bucket.key(name)
        await self._request(name, lambda: self._bucket.writing.delete(key))

    # parts of uploads -------------------------------------------------------------------------------------------------

    async def put_part(
        self,
        upload_id: str,
        offset_bytes: int,
        body: AsyncIterator[bytes],
        limit_bytes: int,
        checksum: Checksum | None = None,
    ) -> Part:
        """As the door says. S3 makes nothing of a body that raises."""
        counted = CountedBody(body, limit_bytes, checksum)
        name = new_part(upload_id, offset_bytes, 0).name
        feed = BodyFeed(counted, SEGMENT_BYTES)
        try:
            first = await feed.block()
            second = await feed.block() if len(first) == SEGMENT_BYTES else b""
            if second:
                await self._send(name, feed.after(first, second))
            else:
                await self._request(
                    name, lambda: self._bucket.writing.put(self._bucket.part_key(name), first)
                )
        except Exception:
            if counted.error is not None:
                raise counted.error from None
            raise
        return Part(name=name, offset_bytes=offset_bytes, size_bytes=counted.size_bytes)

    async def join(self, parts: Sequence[Part], target: Path) -> str:
        require_joined(parts)
        return await _keep(self._pieces_of_all(parts), target)

    async def delete_part(self, part: Part) -> None:
        key = self._bucket.part_key(part.name)
        await self._request(part.name, lambda: self._bucket.writing.delete(key))

    async def delete_upload(self, upload_id: str) -> None:
        prefix = f"{self._bucket.prefix}incoming/{upload_name(upload_id)}/"
        await self._request(upload_id, lambda: self._bucket.delete_all(prefix))

    def reserve(self, upload_id: str, size_bytes: int, *, admitted: bool = False) -> None:
        """A bucket has no end that it would tell of."""

    def release(self, upload_id: str) -> None:
        """Nothing is held."""

    # upkeep -----------------------------------------------------------------------------------------------------------

    async def sweep(
        self, wanted: Container[str], uploads: Container[str], older_than_s: float = STRAY_AGE_S
    ) -> int:
        """Between the last look at an object's age and its end are some milliseconds in which it could be put again;
        S3 knows no condition for that."""
        before_s = time.time() - older_than_s
        return await self._request("sweep", lambda: self._bucket.sweep(wanted, uploads, before_s))

    async def signed_url(self, name: str, seconds: int) -> str | None:
        return self._bucket.sign(name, seconds)

    async def health(self) -> Health:
        try:
            await self._request("health", lambda: self._bucket.head(f"{self._bucket.prefix}health"))
        except ObjectsUnavailable as error:
            return Health(ok=False, detail=str(error))
        return Health(ok=True, detail="Objects are kept in S3.")

    async def close(self) -> None:
        """What is under way goes on for as long as its limits let it."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    # requests ---------------------------------------------------------------------------------------------------------

    async def _request(self, name: str, work: Callable[[], T]) -> T:
        """Run work in a thread of ours. name: of what it is about, if that is missing. Whoever is cancelled leaves it."""
        try:
            with _neutral(name):
                done = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except ObjectsUnavailable as error:
            if self._answers:  # said once, not for each request while it lasts
                log.warning("%s %s", error, error.reason.partition("\n")[0])
            self._answers = False
            raise
        if not self._answers:
            log.info("The store of audio answers again.")
        self._answers = True
        return done

    async def _send(self, name: str, feed: "BodyFeed") -> None:
        """A long part, in several requests. If we are cancelled the thread ends before we do, and takes back what it sent."""
        key = self._bucket.part_key(name)
        sending = asyncio.ensure_future(
            self._request(
                name,
                lambda: self._bucket.writing.put(
                    key, feed, chunk_size=SEGMENT_BYTES, max_concurrency=SEGMENTS_AT_ONCE
                ),
            )
        )
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            feed.stop()
            await asyncio.wait({sending})
            sending.exception()  # looked at: it was us who stopped it
            raise

    async def _rest(self, first: bytes, key: str, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        if first:
            yield first
        async for piece in self._pieces(key, name, start, end, PIECE_BYTES):
            yield piece

    async def _pieces(
        self, key: str, name: str, start: int, end: int, piece_bytes: int
    ) -> AsyncIterator[bytes]:
        """One request a piece: a slow reader holds no connection, and a broken one is begun again by itself."""
        for at in range(start, end, piece_bytes):
            wanted = min(piece_bytes, end - at)
            get = partial(self._bucket.reading.get_range, key, start=at, length=wanted)
            piece = await self._request(name, get)
            if len(piece) != wanted:
                raise ObjectDamaged(name)
            yield bytes(piece)

    async def _pieces_of_all(self, parts: Sequence[Part]) -> AsyncIterator[bytes]:
        for part in parts:
            key = self._bucket.part_key(part.name)
            async for piece in self._pieces(key, part.name, 0, part.size_bytes, FETCH_BYTES):
                yield piece


@contextmanager
def _neutral(name: str) -> Iterator[None]:
    """What obstore raises, in the words of the door."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectMissing(name) from None
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise ObjectsUnavailable("The store of audio refuses this relay's keys.", str(error)) from error
    except BaseError as error:
        raise ObjectsUnavailable("The store of audio does not answer.", str(error)) from error


def _sha256_and_size(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


async def _keep(pieces: AsyncIterator[bytes], target: Path) -> str:
    """Write pieces to a new file of ours alone; the SHA-256 of them all. Raises FileExistsError."""
    digest = hashlib.sha256()

    def keep(piece: bytes) -> None:
        file.write(piece)
        digest.update(piece)

    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(handle, "wb", buffering=0) as file:
        async for piece in pieces:
            await asyncio.to_thread(keep, piece)
    return digest.hexdigest()
