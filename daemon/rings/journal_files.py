"""Segment files of the Ring journal: written once, each by the one daemon that made it, and read again with doubt.

What is promised: a chunk counts as kept when `sync` has returned after it. What is not: the tail of a file whose
daemon, machine or disk failed; a reader takes what stands before the first byte that is wrong. A file is made with
O_EXCL, never opened again for writing, and let go for good after the first failed write or sync.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from bridge.system import create_private, open_to_read, read_at, sync_data, sync_folder
from daemon.core import journal as j
from daemon.core.unpacking import unpack
from daemon.system.files import write_durably
from plugin_protocol.layout import Record

SUFFIX = ".sdj"
MARK = "ended.json"
CLOSED = "closed"


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Beside the segments of a Ring whose host is gone. kept: stretches that became Takes."""

    why: str  # "host" or "machine": that went down; CLOSED: nothing did
    ended_us: int = 0  # Unix time at which that was found; 0 in marks of before it was noted
    kept: list[str] = []
    discarded: list[str] = []


class SegmentFile:
    """One segment being written. [one thread]"""

    def __init__(self, folder: Path, origin: j.Origin, path: Path | None = None) -> None:
        """Make the file and its name durable; path: where, when it is not to be found yet. Raises OSError."""
        self.origin = origin
        self.path = path or folder / f"{origin.number:08d}{SUFFIX}"
        self._fd = create_private(self.path)
        self.size_bytes = 0
        self.frames = 0
        self.sounding_frames = 0
        self.chunks = 0
        self.wall_us = 0
        self._to_sync = False
        try:
            self._write(j.pack_origin(origin))
            sync_data(self._fd)
            sync_folder(folder)
        except BaseException:
            self.close()
            raise

    def append(self, body: j.Body) -> None:
        """One chunk; a silent one need not be synced: nothing is lost with it."""
        self._write(*j.pack_chunk(self.origin, body))
        self.frames += body.frames
        self.chunks += 1
        self.sounding_frames += body.frames if body.sound else 0
        self.wall_us = body.wall_us
        self._to_sync = self._to_sync or bool(body.sound)

    def sync(self) -> None:
        """Make what was appended durable."""
        if self._to_sync:
            sync_data(self._fd)
            self._to_sync = False

    def _write(self, *parts: bytes | memoryview) -> None:
        for part in parts:
            view = memoryview(part)
            while view:
                written = os.write(self._fd, view)
                self.size_bytes += written
                view = view[written:]

    def close(self) -> None:
        """Closing twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Chunk(NamedTuple):
    """A chunk as found: `at` is where its payload begins."""

    head: j.Head
    path: Path
    at: int


class Segment(NamedTuple):
    """What of a file can be believed. whole: it ends where its last chunk ends."""

    path: Path
    origin: j.Origin
    chunks: list[Chunk]
    size_bytes: int
    whole: bool


def read_segment(path: Path, *, verify: bool) -> Segment:
    """The chunks of a file up to the first that is wrong; with `verify`, each payload is checked too. [worker]

    Raises Damaged (its beginning is wrong), OSError.
    """
    fd = open_to_read(path)
    try:
        size = os.fstat(fd).st_size
        origin, at = j.unpack_origin(read_at(fd, j.START_BYTES + j.MAX_ORIGIN_BYTES, 0))
        chunks: list[Chunk] = []
        while at < size:
            try:
                head = j.unpack_head(read_at(fd, j.HEAD_BYTES, at), origin)
                payload_bytes = head.payload_bytes(origin.frame_bytes)
                if at + j.HEAD_BYTES + payload_bytes > size:
                    raise j.Damaged("a chunk that is cut short")
                if verify:
                    payload = read_at(fd, payload_bytes, at + j.HEAD_BYTES)
                    j.check_timeline(head, payload[: head.records_bytes], origin)
                    j.check_sound(head, payload[head.records_bytes :], origin)
            except j.Damaged:
                return Segment(path, origin, chunks, size, whole=False)
            chunks.append(Chunk(head, path, at + j.HEAD_BYTES))
            at += j.HEAD_BYTES + payload_bytes
        return Segment(path, origin, chunks, size, whole=True)
    finally:
        os.close(fd)


def read_ring(folder: Path, *, verify: bool) -> list[Segment]:
    """The readable segments of one Ring, oldest first. [worker] Raises OSError."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            segment = read_segment(path, verify=verify)
        except j.Damaged:
            continue
        if path.name == f"{segment.origin.number:08d}{SUFFIX}":
            found.append(segment)
    return found


def read_timeline_bytes(chunk: Chunk, origin: j.Origin) -> bytes:
    """The records of a chunk as they lie there. Raises Damaged, OSError. [worker]"""
    data = _read(chunk.path, chunk.head.records_bytes, chunk.at)
    j.check_timeline(chunk.head, data, origin)
    return data


def read_sound(chunk: Chunk, origin: j.Origin) -> bytes | bytearray:
    """The frames of a chunk. Raises Damaged, OSError. [worker]"""
    head = chunk.head
    if head.silent:
        return bytes(head.frames * origin.frame_bytes)
    data = _read(chunk.path, head.sound_bytes(origin.frame_bytes), chunk.at + head.records_bytes)
    j.check_sound(head, data, origin)
    if not head.packed_bytes:
        return data
    return unpack(data, head.frames, origin.channels)


def _read(path: Path, size_bytes: int, at: int) -> bytes:
    with _opened(path) as fd:
        return read_at(fd, size_bytes, at)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = open_to_read(path)
    try:
        yield fd
    finally:
        os.close(fd)


def read_frames(
    segments: Iterable[Segment], first_frame: int, end_frame: int
) -> Iterator[bytes | memoryview]:
    """The sound of `[first_frame, end_frame)`, which must be there, in pieces. Raises Damaged, OSError. [worker]"""
    at = first_frame
    for segment in segments:
        size = segment.origin.frame_bytes
        for chunk in segment.chunks:
            head = chunk.head
            if at >= end_frame or not head.first_frame <= at < head.end_frame:
                continue
            skip, until = (
                (at - head.first_frame) * size,
                (min(head.end_frame, end_frame) - head.first_frame) * size,
            )
            if head.silent:
                yield from _zeros(until - skip)
            else:
                yield memoryview(read_sound(chunk, segment.origin))[skip:until]
            at = min(head.end_frame, end_frame)
    if at < end_frame:
        raise j.Damaged(f"frames from {at} on are missing")


def _zeros(size_bytes: int) -> Iterator[bytes]:
    for at in range(0, size_bytes, j.MAX_CHUNK_BYTES):
        yield bytes(min(j.MAX_CHUNK_BYTES, size_bytes - at))


def read_timeline(segments: Iterable[Segment], oldest_frame: int, end_frame: int) -> list[Record]:
    """The records that speak of `[oldest_frame, end_frame)` and what is in force there, rising. What lies on the disk
    twice is told once. Raises Damaged, OSError. [worker]"""
    found: list[Record] = []
    told_to = 0
    for segment in segments:
        wanted = [
            c for c in segment.chunks if c.head.end_frame > oldest_frame and c.head.first_frame < end_frame
        ]
        if not wanted:
            continue
        with _opened(segment.path) as fd:
            for head, _, at in wanted:
                if head.end_frame <= told_to:
                    continue
                if head.records:
                    data = read_at(fd, head.records_bytes, at)
                    carried, new = j.checked_records(head, data, segment.origin)
                    found += [r for r in new if r.ring_frame >= told_to] if found else [*carried, *new]
                told_to = head.end_frame
    return found


def write_mark(folder: Path, mark: Mark) -> None:
    """Raises NoSpace, OSError. [worker]"""
    write_durably(folder / MARK, msgspec.json.encode(mark))


def read_mark(folder: Path) -> Mark | None:
    """None when there is none that can be read. [worker]"""
    try:
        return msgspec.json.decode((folder / MARK).read_bytes(), type=Mark)
    except (OSError, msgspec.MsgspecError):
        return None
