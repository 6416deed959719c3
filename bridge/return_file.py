"""Return Rings as the daemon writes them: files in the run directory, written with pwrite, never mapped.

A full file system is an error at `create`, not a signal later. What the plugin does with the file cannot hurt us: it has
no right to write it, and if another program of the user truncates it, a pwrite makes it longer again. Layout and
arithmetic: plugin_protocol.return_ring. What is played, and when: not here.
"""

import os
import re
import secrets
import struct
from pathlib import Path

from bridge import system
from plugin_protocol.return_ring import (
    COMMIT_OFFSET,
    END_OFFSET,
    RESERVE_OFFSET,
    ReturnHeader,
    capacity_for,
    pack_header,
    return_name,
    writable,
)
from plugin_protocol.ring import spans

RETURN_SEGMENT = re.compile(r"sdr\.[0-9a-f]{12}\.[0-9a-f]{8}")
_U64 = struct.Struct("<Q")


class ReturnFile:
    """One Return Ring. [any thread, one at a time]; `create` and `write` belong on a worker."""

    def __init__(self, path: Path, fd: int, header: ReturnHeader) -> None:
        """Takes over `fd`, a file that `create` has made."""
        self._path = path
        self._fd = fd
        self.header = header
        self.committed_frames = 0
        self._copied_frames = 0

    @classmethod
    def create(cls, run_dir: Path, instance_id: bytes, sample_rate_hz: float, channels: int) -> "ReturnFile":
        """An empty Return Ring with a new generation. Raises OSError, and then leaves nothing behind."""
        header = ReturnHeader(
            instance_id=instance_id,
            generation=secrets.randbelow((1 << 63) - 1) + 1,
            sample_rate_hz=sample_rate_hz,
            channels=channels,
            capacity_frames=capacity_for(sample_rate_hz),
        )
        path = run_dir / return_name(instance_id, header.generation)
        fd = system.create_private(path, readable=True)
        made = cls(path, fd, header)
        try:
            system.reserve(fd, header.total_bytes)
            made._put(0, pack_header(header))
        except OSError:
            made.close()
            raise
        return made

    @property
    def name(self) -> str:
        """The file's name, as PreviewOpened tells it."""
        return self._path.name

    def copied(self, frames: int) -> None:
        """The plugin says that it has copied up to here."""
        self._copied_frames = max(self._copied_frames, min(frames, self.committed_frames))

    def room_frames(self) -> int:
        """How many frames can be written now."""
        return writable(self.committed_frames, self._copied_frames, self.header.capacity_frames)

    def write(self, data: bytes) -> None:
        """Append interleaved little-endian float32: whole frames, at most room_frames(). Raises OSError."""
        frames = len(data) // self.header.frame_bytes
        if frames > self.room_frames() or frames * self.header.frame_bytes != len(data):
            raise ValueError(f"{len(data)} bytes do not fit {self.room_frames()} frames of room")
        self._put(RESERVE_OFFSET, _U64.pack(self.committed_frames + frames))
        done = 0
        for place, count in spans(self.committed_frames, frames, self.header.capacity_frames):
            size = count * self.header.frame_bytes
            self._put(self.header.audio_offset + place * self.header.frame_bytes, data[done : done + size])
            done += size
        self.committed_frames += frames
        self._put(COMMIT_OFFSET, _U64.pack(self.committed_frames))

    def end(self) -> None:
        """Say that nothing comes behind what was written. Raises OSError."""
        self._put(END_OFFSET, _U64.pack(self.committed_frames))

    def close(self) -> None:
        """Remove the file. The plugin's open descriptor keeps its pages. Closing twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._path.unlink(missing_ok=True)

    def _put(self, offset: int, data: bytes) -> None:
        system.write_at(self._fd, data, offset)


def sweep_returns(run_dir: Path) -> list[str]:
    """Remove what a dead daemon left; the names removed. The caller holds the RunLock, so nobody else writes any."""
    left = sorted(path for path in run_dir.iterdir() if RETURN_SEGMENT.fullmatch(path.name))
    for path in left:
        path.unlink(missing_ok=True)
    return [path.name for path in left]
