"""One Ring followed onto the disk: what came since the last look, as chunks in segment files that rotate.

The Ring is read as a keep reads it, with pread; its writer notices nothing. Frames that were overwritten before this
came round are a hole, and a hole is what the chunks then show.
"""

import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from audio.floats import peak
from bridge.shm import RingFile, Span
from daemon.core.journal import MAX_CHUNK_BYTES, MAX_CHUNK_RECORDS, Backlog, Body, Origin, timeline_of
from daemon.core.sounding import is_silent
from daemon.rings.journal_files import SegmentFile
from plugin_protocol.layout import Record

SEGMENT_S = 15.0  # of sound
QUIET_S = 4.0  # of silence that are written at once
QUIET_SHARE = 4  # of the Ring, at most one part of so many: silence is not read again, but its records are
MAX_CHUNKS = 1_024  # of a file: more than an hour when all of it is silence

Room = Callable[[int, bool], None]
"""Called before bytes are added, and whether they begin a new file; makes room or raises. Sizes are upper limits."""


class RingFollower:
    """[one thread] ring: read by nobody else on this thread; it may be closed under us, and then raises RingGone."""

    def __init__(self, folder: Path, ring: RingFile, origin: Origin, next_frame: int) -> None:
        """origin.number: of the first file that will be made. next_frame: what an earlier daemon has got to.

        Raises RingGone, LayoutError, OSError.
        """
        self.folder = folder
        self.origin = origin
        self.file: SegmentFile | None = None
        self._ring = ring
        self._chunk_frames = MAX_CHUNK_BYTES // origin.frame_bytes
        header = ring.header
        self._quiet_frames = min(int(QUIET_S * header.sample_rate_hz), header.capacity_frames // QUIET_SHARE)
        self._quiet_records = min(MAX_CHUNK_RECORDS, header.timeline_capacity) // QUIET_SHARE
        self._quiet_to = 0  # so far it was silent since `_next_frame`
        self._ends_silent = False
        self._backlog = Backlog()
        self._next_frame = self.synced_frame = max(next_frame, ring.readable().start)
        records, self._next_record = ring.records_from(0)
        self._backlog.put(records)
        while self._backlog.take(self._next_frame):
            pass  # only what is in force there is of use

    def advance(self, room: Room, file_bytes: int, *, to_the_end: bool = False) -> list[SegmentFile]:
        """Append what is new; the files that were finished. `sync` is still to be called.

        file_bytes: a file that has reached this is followed by the next. to_the_end: also silence that has just begun.
        Raises RingGone, LayoutError, OSError, and what `room` raises; after an OSError this is spent, and what came behind
        `synced_frame` is not to be trusted.
        """
        there, timeline_commit = self._ring.look()
        if not to_the_end and self._is_quiet(there, timeline_commit):
            return []
        done: list[SegmentFile] = []
        now_us, end_frame = time.time_ns() // 1000, there.stop
        records, self._next_record = self._ring.records_from(self._next_record)
        self._backlog.put(records)
        while self._next_frame < end_frame:
            first = max(self._next_frame, there.start)  # behind by a lap: a hole
            sound = self._sound(first, end_frame, there)
            if not sound.frames:
                break  # overtaken: the next look starts where the Ring starts then
            if self.file and (self.file.size_bytes >= file_bytes or self._is_long(self.file)):
                self.sync()
                self.file.close()
                done.append(self.file)
                self.file = None
            since_s = (end_frame - sound.first_frame - sound.frames) / self.origin.sample_rate_hz
            self._append(sound, now_us - round(since_s * 1e6), room)
        return done

    def _is_quiet(self, there: range, timeline_commit: int) -> bool:
        """Only silence has come since a chunk of silence, and it is not long: it will be one chunk with what is silent next.
        Nothing is lost with it, and who plays nothing costs next to nothing."""
        if (
            not self._ends_silent
            or self._next_frame < there.start
            or there.stop - self._next_frame > self._quiet_frames
            or timeline_commit - self._next_record > self._quiet_records
        ):
            return False
        from_frame = max(self._quiet_to, self._next_frame)
        if from_frame == there.stop:
            return True
        span = self._ring.read(from_frame, there.stop - from_frame, there)
        if span.first_frame != from_frame or not is_silent(span.data):
            return False
        self._quiet_to = from_frame + span.frames
        return True

    def _sound(self, first_frame: int, end_frame: int, there: range) -> Span:
        """What the next chunk holds; no data: silence that was listened to before."""
        if first_frame < self._quiet_to:
            return Span(first_frame=first_frame, frames=self._quiet_to - first_frame, data=memoryview(b""))
        return self._ring.read(first_frame, min(end_frame - first_frame, self._chunk_frames), there)

    def _is_long(self, file: SegmentFile) -> bool:
        return file.sounding_frames >= SEGMENT_S * self.origin.sample_rate_hz or file.chunks >= MAX_CHUNKS

    def _append(self, span: Span, heard_us: int, room: Room) -> None:
        fresh = self.file is None or span.first_frame != self._next_frame
        carried = self._backlog.carried() if fresh else []
        end_frame = span.first_frame + span.frames
        records: list[Record] = [*carried, *self._backlog.take(end_frame)]
        room(2 * MAX_CHUNK_BYTES, self.file is None)
        if self.file is None:
            self.file = SegmentFile(self.folder, self.origin)
            self.origin = replace(self.origin, number=self.origin.number + 1)
        silent = is_silent(span.data)  # so is none
        self.file.append(
            Body(
                first_frame=span.first_frame,
                frames=span.frames,
                timeline=timeline_of(records),
                carried=len(carried),
                wall_us=heard_us,
                peak=0.0 if silent else peak(span.data),
                sound=b"" if silent else span.data,
            )
        )
        self._next_frame, self._ends_silent = end_frame, silent

    def sync(self) -> None:
        """Make what was appended durable. Raises OSError; then as above."""
        if self.file:
            self.file.sync()
        self.synced_frame = self._next_frame

    def close(self) -> None:
        if self.file:
            self.file.close()
