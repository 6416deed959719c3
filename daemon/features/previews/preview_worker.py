"""The process that decodes, converts and stretches previews: what strangers made, and numpy, away from the daemon.

Run as `python -m daemon.features.previews.preview_worker FOLDER TAKES`: it writes into FOLDER and reads what lies there and
in TAKES; the sandbox lets it reach nothing else. One FitJob at a time; answers are Grown as the file grows, then Fitted,
or Unfit. Ends when stdin does.
"""

import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from daemon.system.child import Frames

MEMORY_LIMIT_BYTES = 3 * 1024**3
MAX_FITTED_BYTES = 2 << 30  # fifteen minutes of stereo at 192 kHz are 1.4 GB
REHEARSAL_FRAMES, REHEARSED_RATE_HZ = 12_000, 44_100
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


questions: msgspec.msgpack.Decoder[FitJob] = msgspec.msgpack.Decoder(FitJob)


def carry_out(job: FitJob, frames: Frames[FitJob]) -> None:
    """One job, to its last message."""
    from audio.errors import AudioError
    from audio.fit import fit

    target = Path(job.target)
    part = target.with_name(target.name + PART)
    done_frames = 0
    try:
        with part.open("wb") as file:
            for piece in fit(Path(job.source).read_bytes(), job.sample_rate_hz, job.channels, job.speed):
                file.write(piece.astype("<f4", copy=False).tobytes())
                file.flush()
                done_frames += len(piece)
                frames.say(Grown(frames=done_frames))
        part.replace(target)
    except (AudioError, OSError) as error:
        part.unlink(missing_ok=True)
        frames.say(Unfit(message=str(error)[:500]))
        return
    frames.say(Fitted(frames=done_frames))


def main(folder: Path, takes: Path) -> None:
    """Serve jobs until stdin closes, in the sandbox: what is decoded was made by strangers."""
    from sandbox.limits import Limits
    from sandbox.process import enter  # not above: the daemon imports this file for its messages

    frames = Frames(questions, MEMORY_LIMIT_BYTES)
    _rehearse()
    limits = Limits(address_bytes=MEMORY_LIMIT_BYTES, cpu_s=None, output_bytes=MAX_FITTED_BYTES)
    enter(writable=[folder], readable=[takes], limits=limits)
    while (job := frames.next()) is not None:
        carry_out(job, frames)


def _rehearse() -> None:
    """What numpy and the codecs import or open only when first used, they must have before the sandbox."""
    import numpy as np

    from audio.encode.flac import encode_flac
    from audio.fit import fit

    flac = encode_flac(np.zeros((REHEARSAL_FRAMES, 2), np.float32), REHEARSED_RATE_HZ).data
    for rate_hz, speed in ((48_000.0, 1.0), (REHEARSED_RATE_HZ, 1.25)):
        for _ in fit(flac, rate_hz, 2, speed):
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
