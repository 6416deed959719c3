"""What is asked of a bucket, each as one call that blocks until the store has answered. Here S3's client raises its own errors."""

import time
from collections.abc import Container
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError

from relay.engine.objects.door import PIECE_BYTES, RENEW_AGE_S, object_name, part_name
from relay.engine.objects.s3_client import ANSWER_LIMIT_S, WRITE_LIMIT_S, Bucket, open_store

if TYPE_CHECKING:
    from obstore import ObjectMeta

SEGMENT_BYTES = 5 << 20
"""What is longer goes in several requests of this size (the least that S3 allows)."""
SEGMENTS_AT_ONCE = 2


class BucketRequests:
    """[worker]"""

    def __init__(self, bucket: Bucket) -> None:
        self.prefix = bucket.prefix
        self.reading = open_store(bucket, bucket.endpoint, answer_limit_s=ANSWER_LIMIT_S)
        self.writing = open_store(bucket, bucket.endpoint, answer_limit_s=WRITE_LIMIT_S)
        self._public = open_store(
            bucket, bucket.public_endpoint or bucket.endpoint, answer_limit_s=ANSWER_LIMIT_S
        )

    def put(self, name: str, source: bytes | Path, size_bytes: int, content_type: str) -> None:
        """Not sent where it is already and young; an old one is sent again, so that no sweep takes it for a stray.

        Equal bytes under an equal name: whoever comes last changes nothing, so long ones need no condition.
        """
        key, attributes = self.key(name), {"Content-Type": content_type}
        meta = self.head(key)
        if meta is not None and time.time() - meta["last_modified"].timestamp() < RENEW_AGE_S:
            return
        if meta is None and size_bytes <= SEGMENT_BYTES:
            with suppress(AlreadyExistsError):
                self.writing.put(key, source, mode="create", attributes=attributes)
        else:
            self.writing.put(
                key,
                source,
                attributes=attributes,
                chunk_size=SEGMENT_BYTES,
                max_concurrency=SEGMENTS_AT_ONCE,
            )

    def first_piece(self, key: str, start: int, end: int | None) -> tuple[bytes, int]:
        """It and the object's size, by one request; empty where the span is."""
        stop = start + PIECE_BYTES if end is None else min(end, start + PIECE_BYTES)
        if stop > start:
            try:
                got = self.reading.get(key, options={"range": (start, stop)})
                return bytes(got.bytes()), got.meta["size"]
            except BaseError:
                if start < self.reading.head(key)["size"]:
                    raise
        return b"", self.reading.head(key)["size"]

    def sign(self, name: str, seconds: int) -> str:
        """A link that is good for so long. Made here; the store is not asked."""
        return obstore.sign(self._public, "GET", self.key(name), timedelta(seconds=seconds))

    def head(self, key: str) -> "ObjectMeta | None":
        try:
            return self.reading.head(key)
        except FileNotFoundError:
            return None

    def delete_all(self, prefix: str) -> None:
        for metas in self.reading.list(prefix):
            self.writing.delete([meta["path"] for meta in metas])

    def sweep(self, wanted: Container[str], uploads: Container[str], before_s: float) -> int:
        removed = 0
        for folder, kept in ((f"{self.prefix}objects/", wanted), (f"{self.prefix}incoming/", uploads)):
            for metas in self.reading.list(folder):
                for meta in metas:
                    name = meta["path"].removeprefix(folder).partition("/")[0]
                    if name not in kept and meta["last_modified"].timestamp() <= before_s:
                        removed += self._remove_stray(meta["path"], before_s)
        return removed

    def _remove_stray(self, key: str, before_s: float) -> bool:
        meta = self.head(key)
        if meta is None or meta["last_modified"].timestamp() > before_s:
            return False
        self.writing.delete(key)
        return True

    def key(self, name: str) -> str:
        return f"{self.prefix}objects/{object_name(name)}"

    def part_key(self, name: str) -> str:
        return f"{self.prefix}incoming/{part_name(name)}"
