"""The process that decodes, converts and stretches previews: what strangers made, and numpy, away from the daemon.

Run as `python -m daemon.features.previews.preview_worker`. Speaks length-prefixed
msgpack, one FitJob at a time on stdin; on stdout Grown as the file grows, then Fitted, or Unfit. Ends when stdin does.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from daemon.system.child import Frames

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


def main() -> None:
    """Serve jobs until stdin closes."""
    frames = Frames(questions, MEMORY_LIMIT_BYTES)
    import audio.fit  # noqa: F401 - with numpy behind it: the first job finds them warm

    while (job := frames.next()) is not None:
        carry_out(job, frames)


if __name__ == "__main__":
    main()
