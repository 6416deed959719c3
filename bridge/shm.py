"""Rings as the daemon sees them: opened read-only, copied out with pread, never mapped.

A mapped file dies with SIGBUS when its owner truncates it; pread returns fewer bytes. The header is copied once
and only the copy is used; every index is checked by plugin_protocol.ring before anybody computes with it.
Nothing here interprets a Take or keeps state across reads but the last indices.

May a counter be read with pread? Each lies in an aligned 8-byte word that the writer stores at once, and the
kernel copies aligned words whole on the CPUs in use, but POSIX promises no such thing for a byte copy. So each
look reads the words twice and keeps the harmless one: the smaller commit (both looks would have to be torn upwards
for an unfinished frame to be believed) and the larger reserve (both torn downwards, for an overwritten one).
"""

import ctypes
import os
import re
import stat
import struct
import threading
import time
from pathlib import Path

import msgspec

from bridge import system
from bridge.errors import RingGone, RingRefused
from plugin_protocol.errors import LayoutError
from plugin_protocol.layout import (
    COMMIT_OFFSET,
    DISCONTINUITIES_OFFSET,
    HEADER_BYTES,
    INVALID_POSITIONS_OFFSET,
    LAST_BLOCK_NS_OFFSET,
    OFFLINE_BLOCKS_OFFSET,
    OVERSIZE_BLOCKS_OFFSET,
    PROCESS_COUNT_OFFSET,
    RECORD_BYTES,
    RESERVE_OFFSET,
    STATE_OFFSET,
    TIMELINE_COMMIT_OFFSET,
    Record,
    RingState,
    segment_name,
    unpack_header,
)
from plugin_protocol.ring import Indices, checked, guard_frames, newest_records, readable, spans, trim
from plugin_protocol.timeline import decode_records

SEGMENT = re.compile(r"sdc\.[0-9a-f]{12}\.[0-9a-f]{8}")
REAP_AFTER_NS = 2_500_000_000  # with the daemon's round of 2 s: gone within 5 s of its owner's death
GENERATION_OFFSET = 0x030
_unfilled = ctypes.pythonapi.PyByteArray_FromStringAndSize
_unfilled.argtypes, _unfilled.restype = [ctypes.c_char_p, ctypes.c_ssize_t], ctypes.py_object
_HOT_END = INVALID_POSITIONS_OFFSET + 8
_INDICES = struct.Struct(
    f"<Q{COMMIT_OFFSET - RESERVE_OFFSET - 8}xQ{TIMELINE_COMMIT_OFFSET - COMMIT_OFFSET - 8}xQ"
)
"""From RESERVE_OFFSET on: reserve, commit, timeline_commit."""
_U64 = struct.Struct("<Q")
_U32 = struct.Struct("<I")


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Frames copied out of a Ring. data: bytes of interleaved little-endian float32, `frames` x channels; a view of
    memory that is the Span's own, ready for numpy.frombuffer.

    `first_frame` is at or behind the one asked for: what was overwritten meanwhile is cut from the head.
    """

    first_frame: int
    frames: int
    data: memoryview


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """The writer's diagnostics; what each counts is said in layout.py."""

    process_count: int
    last_block_ns: int
    discontinuities: int
    oversize_blocks: int
    offline_blocks: int
    invalid_positions: int


class RingFile:
    """One open Ring. [any thread: one call at a time goes on, the others wait]; a long `read` belongs on a worker."""

    def __init__(self, fd: int, segment: str) -> None:
        """Takes over `fd`, which `open` has checked."""
        self._fd = fd
        self.segment = segment
        head = system.read_at(fd, HEADER_BYTES, 0)
        self.header = unpack_header(head, os.fstat(fd).st_size)
        if segment_name(self.header.instance_id, self.header.generation) != segment:
            raise LayoutError("generation", self.header.generation, f"does not belong to the name {segment}")
        self.guard_frames = guard_frames(self.header.sample_rate_hz, self.header.capacity_frames)
        self._before: Indices | None = None
        # Also keeps `close` from freeing a descriptor number that a copy under way would go on to read.
        self._lock = threading.RLock()

    @classmethod
    def open(cls, run_dir: Path, segment: str) -> "RingFile":
        """The Ring `segment` of `run_dir`. Raises RingGone (no such file), RingRefused (not a plain file of ours,
        closed to others), LayoutError (its header is wrong)."""
        fd = _open_segment(run_dir, segment)
        try:
            return cls(fd, segment)
        except BaseException:
            os.close(fd)
            raise

    def close(self) -> None:
        """Let go of the file. Closing twice does no harm."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def state(self) -> RingState:
        """Raises RingGone, and LayoutError for a number that is no state."""
        number = _U32.unpack_from(self._hot(), STATE_OFFSET)[0]
        try:
            return RingState(number)
        except ValueError:
            raise LayoutError("state", number, "0 to 3") from None

    def indices(self) -> Indices:
        """The counters now. Raises RingGone, and LayoutError when no honest writer could have left them."""
        with self._lock:
            early, late = self._hot(), self._hot()
            reserve, commit, timeline = _INDICES.unpack_from(early, RESERVE_OFFSET)
            late_reserve, late_commit, late_timeline = _INDICES.unpack_from(late, RESERVE_OFFSET)
            now = Indices(
                commit=min(commit, late_commit),
                timeline_commit=min(timeline, late_timeline),
                reserve=max(reserve, late_reserve),
            )
            self._before = checked(now, self._before)
            return now

    def counters(self) -> Counters:
        """The writer's diagnostics. Raises RingGone."""
        hot = self._hot()
        return Counters(
            process_count=_word(hot, PROCESS_COUNT_OFFSET),
            last_block_ns=_word(hot, LAST_BLOCK_NS_OFFSET),
            discontinuities=_word(hot, DISCONTINUITIES_OFFSET),
            oversize_blocks=_word(hot, OVERSIZE_BLOCKS_OFFSET),
            offline_blocks=_word(hot, OFFLINE_BLOCKS_OFFSET),
            invalid_positions=_word(hot, INVALID_POSITIONS_OFFSET),
        )

    def readable(self) -> range:
        """The frames that can be read now. Raises as `indices` does."""
        return readable(self.indices(), self.header.capacity_frames, self.guard_frames)

    def records(self, last: int | None = None, since_frame: int = 0) -> list[Record]:
        """The timeline, oldest first, each field bounded; with `last`, no more than that many of the newest; what speaks
        of frames before `since_frame` only as far as it is in force there.

        Records overwritten during the copy are left out. 16,384 records take 40 ms, to pass over them 1. Raises as
        `indices` does.
        """
        with self._lock:
            end = self.indices().timeline_commit
            return self._records(max(0, end - last) if last is not None else 0, end, since_frame)

    def records_from(self, first: int) -> tuple[list[Record], int]:
        """Records number `first` and after, as `records` does, and the number to go on with. Raises as `indices` does."""
        with self._lock:
            end = self.indices().timeline_commit
            return self._records(first, end), end

    def _records(self, first: int, end: int, since_frame: int = 0) -> list[Record]:
        capacity = self.header.timeline_capacity
        there = newest_records(end, capacity)
        there = range(min(max(first, there.start), end), end)
        if not there:
            return []
        data = memoryview(bytearray(len(there) * RECORD_BYTES))
        self._copy(data, self.header.timeline_offset, RECORD_BYTES, there.start, len(there), capacity)
        after = self.indices()
        first = min(max(there.start, newest_records(after.timeline_commit, capacity).start), end)
        copied = data[(first - there.start) * RECORD_BYTES :]
        return decode_records(first, copied, after.reserve, since_frame)

    def look(self) -> tuple[range, int]:
        """The frames that can be read now, and how many records there have ever been. Raises as `indices` does."""
        now = self.indices()
        return readable(now, self.header.capacity_frames, self.guard_frames), now.timeline_commit

    def read(self, first_frame: int, frames: int, there: range | None = None) -> Span:
        """Copy frames `first_frame` to `first_frame + frames`, as far as the Ring holds them. there: as `readable` said
        before, for who need not have what came since.

        What is not complete yet is cut from the end; what is, or meanwhile was, too near the overwriting edge is
        cut from the head. Nothing left is an empty Span, not an error. Raises as `indices` does.
        """
        with self._lock:
            there = there or self.readable()
            start = min(max(first_frame, there.start), there.stop)
            wanted = max(0, min(first_frame + frames, there.stop) - start)
            capacity, frame_bytes = self.header.capacity_frames, self.header.frame_bytes
            data = _room(wanted * frame_bytes)
            # Oldest first, so that what a fast writer overtakes is a prefix of the copy.
            self._copy(data, self.header.audio_offset, frame_bytes, start, wanted, capacity)
            after = self.indices()
            cut, left = trim(start, wanted, after.reserve, capacity, self.guard_frames)
            return Span(first_frame=start + cut, frames=left, data=data[cut * frame_bytes :])

    def writer_alive(self) -> bool:
        """Whether the process that made the Ring still holds its lock on it (also when its host is suspended)."""
        with self._lock:
            return self._fd >= 0 and system.is_locked(self._fd)

    def _hot(self) -> bytes:
        """The words that change, at their offsets. Raises RingGone unless it still is the Ring that was opened."""
        with self._lock:
            if self._fd < 0:
                raise RingGone(self.segment, "it was closed")
            hot = system.read_at(self._fd, _HOT_END, 0)
            if len(hot) < _HOT_END:
                raise RingGone(self.segment, "its file was truncated")
            if _word(hot, GENERATION_OFFSET) != self.header.generation:
                raise RingGone(self.segment, "it was overwritten by another generation")
            return hot

    def _copy(
        self, into: memoryview, base: int, unit_bytes: int, first: int, count: int, capacity: int
    ) -> None:
        """Fill `into` with units `first` to `first + count` of the circular area at `base`."""
        chunk_units = max(1, int(self.header.sample_rate_hz))  # about a second of frames
        done = 0
        while done < count:
            step = min(chunk_units, count - done)
            for place, units in spans(first + done, step, capacity):
                size = units * unit_bytes
                at = done * unit_bytes
                if system.read_into(self._fd, into[at : at + size], base + place * unit_bytes) != size:
                    raise RingGone(self.segment, "its file was truncated")
                done += units


def _room(size_bytes: int) -> memoryview:
    """Not bytearray(size_bytes): that is filled with zeros first, and took up to twice as long."""
    return memoryview(_unfilled(None, size_bytes))


def reap(run_dir: Path, keep: set[str], now_ns: int) -> list[str]:
    """Remove the Rings in `run_dir` whose writer is dead, except those named in `keep`; the names removed.

    Dead: nobody holds the lock, and the last block is more than 2.5 s before `now_ns` (CLOCK_MONOTONIC). A file
    without a sound header (its writer died building it) goes when it was last changed 2.5 s ago by the file's own
    clock. Files that are not ours, or not Rings by name, are left alone. Names that others hold are not told: they go with
    the last handle.
    """
    removed = []
    for name in sorted(entry.name for entry in run_dir.iterdir()):
        if name not in keep and SEGMENT.fullmatch(name) and _reap_one(run_dir, name, now_ns):
            removed.append(name)
    return removed


def _reap_one(run_dir: Path, segment: str, now_ns: int) -> bool:
    try:
        fd = _open_segment(run_dir, segment)
    except (RingGone, RingRefused):
        return False
    try:
        if not _is_old(fd, segment, now_ns) or system.is_locked(fd):
            return False
        found = os.fstat(fd)
        named = os.lstat(run_dir / segment)
        if (named.st_dev, named.st_ino) != (found.st_dev, found.st_ino):
            return False  # another generation took the name since we looked
        (run_dir / segment).unlink()
        return not os.path.lexists(
            run_dir / segment
        )  # on Windows its name may stay as long as somebody has it open
    except FileNotFoundError:
        return False
    finally:
        os.close(fd)


def _is_old(fd: int, segment: str, now_ns: int) -> bool:
    head = system.read_at(fd, HEADER_BYTES, 0)
    try:
        header = unpack_header(head, os.fstat(fd).st_size)
        sound = segment_name(header.instance_id, header.generation) == segment
    except LayoutError:
        sound = False
    last_block_ns = _word(head, LAST_BLOCK_NS_OFFSET) if sound else 0
    if last_block_ns:
        return now_ns - last_block_ns > REAP_AFTER_NS
    return abs(time.time_ns() - os.fstat(fd).st_mtime_ns) > REAP_AFTER_NS


def _open_segment(run_dir: Path, segment: str) -> int:
    if not SEGMENT.fullmatch(segment):
        raise RingRefused(segment, "this is not the name of a Ring")
    try:
        fd = system.open_to_read(run_dir / segment)
    except FileNotFoundError:
        raise RingGone(segment, "there is no such file") from None
    except OSError as error:
        raise RingRefused(segment, error.strerror or "it cannot be opened") from error
    found = os.fstat(fd)
    why = system.why_not_private(fd, found) if stat.S_ISREG(found.st_mode) else "is not a plain file"
    if why is not None:
        os.close(fd)
        raise RingRefused(segment, f"it {why}")
    return fd


def _word(data: bytes, offset: int) -> int:
    return int(_U64.unpack_from(data, offset)[0])
