"""The process that decodes, converts and stretches previews: what strangers made, and numpy, away from the daemon.

Run as `python -m daemon.features.previews.preview_worker`. Speaks length-prefixed
msgpack, one FitJob at a time on stdin; on stdout Grown as the file grows, then Fitted, or Unfit. Ends when stdin does.
"""

import resource
import struct
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

MEMORY_LIMIT_BYTES = 3 * 1024**3
PART = ".part"  # behind the name of what is not whole yet


class FitJob(Struct, frozen=True, kw_only=True, tag="fit"):
    """Write `source` to `target` as interleaved float32 at this rate and these channels, `speed` times as fast."""

    source: str
    target: str
    sample_rate_hz: float
    channels: int
    speed: float


class Grown(Struct, frozen=True, kw_only=True, tag="grown"):
    """The file at `target` + PART holds this many frames."""

    frames: int


class Fitted(Struct, frozen=True, kw_only=True, tag="fitted"):
    """The file at `target` is whole."""

    frames: int


class Unfit(Struct, frozen=True, kw_only=True, tag="unfit"):
    """It cannot be played; the sentence says why."""

    message: str


FromPreviewWorker = Grown | Fitted | Unfit


def write_frame(out: BinaryIO, message: FromPreviewWorker) -> None:
    data = msgspec.msgpack.encode(message)
    out.write(struct.pack("<I", len(data)) + data)
    out.flush()


def read_job(stdin: BinaryIO) -> FitJob | None:
    """The next job, or None when the daemon is gone."""
    head = stdin.read(4)
    if len(head) < 4:
        return None
    return msgspec.msgpack.decode(stdin.read(struct.unpack("<I", head)[0]), type=FitJob)


def carry_out(job: FitJob, out: BinaryIO) -> None:
    """One job, to its last message."""
    from audio.errors import AudioError
    from audio.fit import fit

    target = Path(job.target)
    part = target.with_name(target.name + PART)
    frames = 0
    try:
        with part.open("wb") as file:
            for piece in fit(Path(job.source).read_bytes(), job.sample_rate_hz, job.channels, job.speed):
                file.write(piece.astype("<f4", copy=False).tobytes())
                file.flush()
                frames += len(piece)
                write_frame(out, Grown(frames=frames))
        part.replace(target)
    except (AudioError, OSError) as error:
        part.unlink(missing_ok=True)
        write_frame(out, Unfit(message=str(error)[:500]))
        return
    write_frame(out, Fitted(frames=frames))


def main() -> None:
    """Serve jobs until stdin closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, resource.RLIM_INFINITY))
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # libraries may print; only frames may reach the daemon
    import audio.fit  # noqa: F401 - with numpy behind it: the first job finds them warm

    while (job := read_job(sys.stdin.buffer)) is not None:
        carry_out(job, out)


if __name__ == "__main__":
    main()
