"""A Ring writer in Python, for tests and benchmarks of readers. The real one is the C client.

It keeps the same order of stores (reserve, frames, records, commit) and holds the same lock. It writes through a
mapping of its own file, aligned words in one store each, as SPEC.md section 4 asks of writers.
"""

import fcntl
import mmap
import os
import secrets
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plugin_protocol.layout import (
    COMMIT_OFFSET,
    HEADER_BYTES,
    LAST_BLOCK_NS_OFFSET,
    MAX_BLOCK_FRAMES,
    PROCESS_COUNT_OFFSET,
    RECORD_BYTES,
    RESERVE_OFFSET,
    SAMPLE_BYTES,
    STATE_OFFSET,
    TIMELINE_COMMIT_OFFSET,
    Header,
    Record,
    RingState,
    pack_header,
    pack_record,
    segment_name,
)
from plugin_protocol.ring import spans


def numbered_frames(first: int, count: int, channels: int = 2) -> NDArray[np.float32]:
    """Frames (count, channels) float32 whose bits tell their number: torn or stale ones give themselves away."""
    number = np.arange(first, first + count, dtype=np.int64)
    bits = np.empty((count, channels), dtype=np.uint32)
    for channel in range(channels):
        bits[:, channel] = (number * 2_654_435_761 + channel) & 0xFFFF_FFFF
    return bits.view(np.float32)


class RingWriter:
    """One Ring, made in `run_dir` at once, in state READY, locked. Not thread safe."""

    def __init__(
        self,
        run_dir: Path,
        *,
        sample_rate_hz: float = 48_000.0,
        channels: int = 2,
        capacity_frames: int = 1 << 14,
        timeline_capacity: int = 1 << 8,
        instance_id: bytes | None = None,
        generation: int | None = None,
        writer_pid: int | None = None,
    ) -> None:
        audio_offset = -(-(HEADER_BYTES + timeline_capacity * RECORD_BYTES) // 4096) * 4096
        self.header = Header(
            instance_id=instance_id or secrets.token_bytes(16),
            generation=generation or secrets.randbits(62) + 1,
            writer_pid=writer_pid or os.getpid(),
            writer_uid=os.getuid(),
            writer_start=0,
            sample_rate_hz=sample_rate_hz,
            channels=channels,
            capacity_frames=capacity_frames,
            audio_offset=audio_offset,
            timeline_offset=HEADER_BYTES,
            timeline_capacity=timeline_capacity,
            max_block_frames=MAX_BLOCK_FRAMES,
            total_bytes=audio_offset + capacity_frames * channels * SAMPLE_BYTES,
        )
        self.segment = segment_name(self.header.instance_id, self.header.generation)
        self.path = run_dir / self.segment
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.fd, fcntl.LOCK_EX)
        os.posix_fallocate(self.fd, 0, self.header.total_bytes)
        self._map = mmap.mmap(self.fd, self.header.total_bytes)
        self._map[:HEADER_BYTES] = pack_header(self.header)
        self._words = memoryview(self._map)[:HEADER_BYTES].cast("Q")
        self._audio = np.frombuffer(
            self._map, np.float32, count=capacity_frames * channels, offset=audio_offset
        ).reshape(capacity_frames, channels)
        self.reserve = self.commit = self.timeline_commit = self.process_count = 0
        self.set_state(RingState.READY)

    def _store(self, offset: int, value: int) -> None:
        self._words[offset // 8] = value

    def set_state(self, state: RingState) -> None:
        self._store(STATE_OFFSET, state)

    def touch(self, now_ns: int | None = None) -> None:
        """What every process call does, also one of no frames."""
        self.process_count += 1
        self._store(PROCESS_COUNT_OFFSET, self.process_count)
        self._store(LAST_BLOCK_NS_OFFSET, time.monotonic_ns() if now_ns is None else now_ns)

    def begin(self, frames: NDArray[np.float32]) -> None:
        """Announce and copy `frames` (n, channels), n <= capacity, but do not complete them."""
        self.reserve = self.commit + len(frames)
        self._store(RESERVE_OFFSET, self.reserve)
        done = 0
        for place, count in spans(self.commit, len(frames), self.header.capacity_frames):
            self._audio[place : place + count] = frames[done : done + count]
            done += count

    def record(self, record: Record) -> None:
        """Append one timeline record."""
        at = HEADER_BYTES + self.timeline_commit % self.header.timeline_capacity * RECORD_BYTES
        data = pack_record(self.timeline_commit, record)
        self._map[at : at + 8] = (2 * self.timeline_commit + 1).to_bytes(8, "little")
        self._map[at + 8 : at + RECORD_BYTES] = data[8:]
        self._map[at : at + 8] = data[:8]
        self.timeline_commit += 1
        self._store(TIMELINE_COMMIT_OFFSET, self.timeline_commit)

    def end(self) -> None:
        """Complete what `begin` announced."""
        self.commit = self.reserve
        self._store(COMMIT_OFFSET, self.commit)

    def write(self, frames: NDArray[np.float32], *records: Record) -> None:
        """One process call: `records` speak of these `frames` (n, channels)."""
        self.begin(frames)
        for record in records:
            self.record(record)
        self.end()
        self.touch()

    def write_numbered(self, count: int, block: int = 4_096) -> None:
        """`count` frames of numbered_frames, in blocks."""
        while count > 0:
            step = min(block, count)
            self.write(numbered_frames(self.commit, step, self.header.channels))
            count -= step

    def poke(self, offset: int, data: bytes) -> None:
        """Overwrite bytes of the file: a lying peer."""
        self._map[offset : offset + len(data)] = data

    def die(self) -> None:
        """Drop lock and mapping as a killed process does; the file stays."""
        if self.fd >= 0:
            del self._audio
            self._words.release()
            self._map.close()
            os.close(self.fd)
            self.fd = -1

    def close(self) -> None:
        """Retire and unlink, as a plugin does that is closed."""
        if self.fd >= 0:
            self.set_state(RingState.RETIRED)
            self.path.unlink(missing_ok=True)
            self.die()
