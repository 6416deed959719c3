"""The pipeline's own process: numpy-heavy work away from the daemon's loop, under a memory limit.

Run as `python -m daemon.shell.render_worker` (frozen builds: `sidechain worker`). Speaks length-prefixed msgpack:
one `Job` at a time on stdin; on stdout `Stage` at each real stage end, then `Rendered`, then `Finished` or `Broken`.
Files are durable before the message that names them. Not a queue: order and retries are the daemon's.
"""

import hashlib
import resource
import struct
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

MEMORY_LIMIT_BYTES = 4 * 1024**3
TAKE_WAV = "take.wav"
TAKE_FLAC = "take.flac"
TAKE_MP3 = "take.mp3"
WAVEFORM_SVG = "waveform.svg"
PEAKS_JSON = "peaks.json"
MAX_FRAME_BYTES = 16 * 1024 * 1024


class Job(Struct, frozen=True, kw_only=True, tag="job"):
    """Render the Take in `folder`. bar_fractions: bar lines, 0..1 of the Take. bpm, key: None when unknown."""

    folder: str
    title: str
    bpm: float | None
    key: str | None
    bar_fractions: list[float]


class Stage(Struct, frozen=True, kw_only=True, tag="stage"):
    stage: str
    fraction: float


class Rendered(Struct, frozen=True, kw_only=True, tag="rendered"):
    """The lossless copy is on the disk: an upload may start while the rest is still being made."""

    flac_sha256: str
    flac_bytes: int


class Finished(Struct, frozen=True, kw_only=True, tag="finished"):
    """Everything is on the disk; `recording` holds the figures."""

    recording: dict[str, str | int | float | None]


class Broken(Struct, frozen=True, kw_only=True, tag="broken"):
    """This Take cannot be rendered, ever: the sentence says why."""

    message: str


FromWorker = Stage | Rendered | Finished | Broken


def write_frame(out: BinaryIO, message: Job | FromWorker) -> None:
    data = msgspec.msgpack.encode(message)
    out.write(struct.pack("<I", len(data)) + data)
    out.flush()


def read_job(stdin: BinaryIO) -> Job | None:
    """The next job, or None when the daemon is gone."""
    head = stdin.read(4)
    if len(head) < 4:
        return None
    return msgspec.msgpack.decode(stdin.read(struct.unpack("<I", head)[0]), type=Job)


def render(job: Job, out: BinaryIO) -> None:
    """One Take from its WAV to all its files. Raises AudioError for what can never be rendered."""
    from audio.flac import encode_flac
    from audio.intake import sanitize
    from audio.recording import produce
    from audio.wave import read_audio
    from daemon.shell.blobs import write_durably

    def progress(stage: str, fraction: float) -> None:
        write_frame(out, Stage(stage=stage, fraction=0.1 + 0.9 * fraction))

    folder = Path(job.folder)
    clip = read_audio((folder / TAKE_WAV).read_bytes())
    flac = encode_flac(sanitize(clip.samples).samples, clip.sample_rate_hz)
    write_durably(folder / TAKE_FLAC, flac.data)
    write_frame(out, Stage(stage="flac", fraction=0.1))
    write_frame(out, Rendered(flac_sha256=hashlib.sha256(flac.data).hexdigest(), flac_bytes=len(flac.data)))
    made = produce(
        clip.samples, clip.sample_rate_hz, title=job.title or None, bpm=job.bpm, key=job.key,
        bar_fractions=job.bar_fractions, progress=progress,
    )  # fmt: skip
    write_durably(folder / TAKE_MP3, made.mp3.data)
    write_durably(folder / WAVEFORM_SVG, made.waveform_svg.encode())
    write_durably(folder / PEAKS_JSON, msgspec.json.encode(made.peaks))
    write_frame(out, Finished(recording=made.facts() | {"clipped_samples": flac.clipped_samples}))


def main() -> None:
    """Serve jobs until stdin closes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, resource.RLIM_INFINITY))
    # Libraries may print; only frames may reach the daemon.
    out = sys.stdout.buffer
    sys.stdout = sys.stderr
    from audio.errors import AudioError  # imported here, with numpy behind it: the first job finds it warm

    while job := read_job(sys.stdin.buffer):
        try:
            render(job, out)
        except (AudioError, FileNotFoundError) as error:
            write_frame(out, Broken(message=str(error)[:500]))


if __name__ == "__main__":
    main()
