"""Objects in a bucket of S3 or what speaks like it. Bytes are streamed both ways; nothing waits for a dead store.

    {prefix}objects/{sha256}                          objects
    {prefix}incoming/{upload_id}/{offset}-{nonce}     parts of uploads

S3 makes an object seen whole or not at all, and no call is needed to make it durable. Only this module and s3_client.py know obstore.
"""

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from relay.core.tus import Checksum
from relay.engine.folders import FILE_MODE
from relay.engine.objects.door import (
    PIECE_BYTES,
    RENEW_AGE_S,
    STRAY_AGE_S,
    CountedBody,
    Health,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
    Part,
    new_part,
    object_name,
    part_name,
    require_joined,
    upload_name,
)
from relay.engine.objects.feed import BodyFeed
from relay.engine.objects.s3_client import ANSWER_LIMIT_S, WRITE_LIMIT_S, Bucket, open_store

if TYPE_CHECKING:
    from obstore import ObjectMeta

T = TypeVar("T")

log = logging.getLogger("relay")

SEGMENT_BYTES = 5 << 20
"""What is longer goes in several requests of this size (the least that S3 allows)."""
SEGMENTS_AT_ONCE = 2
REQUESTS_AT_ONCE = 32
FETCH_BYTES = 1 << 20
"""Of one request when a whole object is copied to a file."""


class S3Objects:
    """obstore's own coroutines abort one process in five at its exit (pyo3-async-runtimes#40), so requests are made in
    threads, of which a store that does not answer holds only ours. [loop]
    """

    def __init__(self, bucket: Bucket) -> None:
        self._prefix = bucket.prefix
        self._reading = open_store(bucket, bucket.endpoint, answer_limit_s=ANSWER_LIMIT_S)
        self._writing = open_store(bucket, bucket.endpoint, answer_limit_s=WRITE_LIMIT_S)
        self._public = open_store(
            bucket, bucket.public_endpoint or bucket.endpoint, answer_limit_s=ANSWER_LIMIT_S
        )
        self._answers = True
        self._threads = ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="s3")

    # objects ----------------------------------------------------------------------------------------------------------

    async def put(self, data: bytes, content_type: str = "application/octet-stream") -> str:
        name = hashlib.sha256(data).hexdigest()
        await self._request(name, lambda: self._put(name, data, len(data), content_type))
        return name

    async def put_file(self, path: Path, content_type: str = "application/octet-stream") -> str:
        name, size_bytes = await asyncio.to_thread(_sha256_and_size, path)
        await self._request(name, lambda: self._put(name, path, size_bytes, content_type))
        return name

    async def size(self, name: str) -> int:
        key = self._key(name)
        return await self._request(name, lambda: self._reading.head(key)["size"])

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        key = self._key(name)
        first, size = await self._request(name, lambda: self._first_piece(key, start, end))
        return self._rest(first, key, name, start + len(first), size if end is None else min(end, size))

    async def fetch(self, name: str, target: Path) -> None:
        size = await self.size(name)
        pieces = self._pieces(self._key(name), name, 0, size, FETCH_BYTES)
        if await _keep(pieces, target) != name:
            raise ObjectDamaged(name)

    async def delete(self, name: str) -> None:
        key = self._key(name)
        await self._request(name, lambda: self._writing.delete(key))

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
                await self._request(name, lambda: self._writing.put(self._part_key(name), first))
        except Exception:
            if counted.error is not None:
                raise counted.error from None
            raise
        return Part(name=name, offset_bytes=offset_bytes, size_bytes=counted.size_bytes)

    async def join(self, parts: Sequence[Part], target: Path) -> str:
        require_joined(parts)
        return await _keep(self._pieces_of_all(parts), target)

    async def delete_part(self, part: Part) -> None:
        key = self._part_key(part.name)
        await self._request(part.name, lambda: self._writing.delete(key))

    async def delete_upload(self, upload_id: str) -> None:
        prefix = f"{self._prefix}incoming/{upload_name(upload_id)}/"
        await self._request(upload_id, lambda: self._delete_all(prefix))

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
        return await self._request("sweep", lambda: self._sweep(wanted, uploads, before_s))

    async def signed_url(self, name: str, seconds: int) -> str | None:
        return obstore.sign(self._public, "GET", self._key(name), timedelta(seconds=seconds))

    async def health(self) -> Health:
        try:
            await self._request("health", lambda: self._head(f"{self._prefix}health"))
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
        key = self._part_key(name)
        sending = asyncio.ensure_future(
            self._request(
                name,
                lambda: self._writing.put(
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
            get = partial(self._reading.get_range, key, start=at, length=wanted)
            piece = await self._request(name, get)
            if len(piece) != wanted:
                raise ObjectDamaged(name)
            yield bytes(piece)

    async def _pieces_of_all(self, parts: Sequence[Part]) -> AsyncIterator[bytes]:
        for part in parts:
            key = self._part_key(part.name)
            async for piece in self._pieces(key, part.name, 0, part.size_bytes, FETCH_BYTES):
                yield piece

    # in threads -------------------------------------------------------------------------------------------------------

    def _put(self, name: str, source: bytes | Path, size_bytes: int, content_type: str) -> None:
        """Not sent where it is already and young; an old one is sent again, so that no sweep takes it for a stray.

        Equal bytes under an equal name: whoever comes last changes nothing, so long ones need no condition.
        """
        key, attributes = self._key(name), {"Content-Type": content_type}
        meta = self._head(key)
        if meta is not None and time.time() - meta["last_modified"].timestamp() < RENEW_AGE_S:
            return
        if meta is None and size_bytes <= SEGMENT_BYTES:
            with suppress(AlreadyExistsError):
                self._writing.put(key, source, mode="create", attributes=attributes)
        else:
            self._writing.put(
                key,
                source,
                attributes=attributes,
                chunk_size=SEGMENT_BYTES,
                max_concurrency=SEGMENTS_AT_ONCE,
            )

    def _first_piece(self, key: str, start: int, end: int | None) -> tuple[bytes, int]:
        """It and the object's size, by one request; empty where the span is."""
        stop = start + PIECE_BYTES if end is None else min(end, start + PIECE_BYTES)
        if stop > start:
            try:
                got = self._reading.get(key, options={"range": (start, stop)})
                return bytes(got.bytes()), got.meta["size"]
            except BaseError:
                if start < self._reading.head(key)["size"]:
                    raise
        return b"", self._reading.head(key)["size"]

    def _head(self, key: str) -> "ObjectMeta | None":
        try:
            return self._reading.head(key)
        except FileNotFoundError:
            return None

    def _delete_all(self, prefix: str) -> None:
        for metas in self._reading.list(prefix):
            self._writing.delete([meta["path"] for meta in metas])

    def _sweep(self, wanted: Container[str], uploads: Container[str], before_s: float) -> int:
        removed = 0
        for folder, kept in ((f"{self._prefix}objects/", wanted), (f"{self._prefix}incoming/", uploads)):
            for metas in self._reading.list(folder):
                for meta in metas:
                    name = meta["path"].removeprefix(folder).partition("/")[0]
                    if name not in kept and meta["last_modified"].timestamp() <= before_s:
                        removed += self._remove_stray(meta["path"], before_s)
        return removed

    def _remove_stray(self, key: str, before_s: float) -> bool:
        meta = self._head(key)
        if meta is None or meta["last_modified"].timestamp() > before_s:
            return False
        self._writing.delete(key)
        return True

    def _key(self, name: str) -> str:
        return f"{self._prefix}objects/{object_name(name)}"

    def _part_key(self, name: str) -> str:
        return f"{self._prefix}incoming/{part_name(name)}"


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
