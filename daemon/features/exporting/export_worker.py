"""The process that decodes, stretches and writes what is exported: what strangers made, and numpy, away from the daemon.

Run as `python -m daemon.features.exporting.export_worker FOLDER READABLE…`: it writes into FOLDER and reads what lies in
the others; the sandbox lets it reach nothing else. One ExportJob at a time; the answer is Written or NotWritten. Ends when
stdin does.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from daemon.system.child import Frames

if TYPE_CHECKING:
    from audio.intake import Samples

MEMORY_LIMIT_BYTES = 3 * 1024**3
MAX_WRITTEN_BYTES = 2 << 30  # fifteen minutes of stereo at 192 kHz are 1.4 GB
REHEARSED_RATE_HZ, REHEARSAL_FRAMES = 44_100, 12_000


class ExportJob(Struct, frozen=True, kw_only=True, tag="export"):
    """Write `source` to `target` as WAV at its own rate and channels, `speed` times as fast, at its own pitch."""

    source: str
    target: str
    speed: float
    pcm24: bool  # else 32-bit float


class Written(Struct, frozen=True, kw_only=True, tag="written"):
    """The file at `target` is whole."""

    frames: int


class NotWritten(Struct, frozen=True, kw_only=True, tag="not_written"):
    """There is no file at `target`; the sentence says why."""

    message: str


FromExportWorker = Written | NotWritten

questions: msgspec.msgpack.Decoder[ExportJob] = msgspec.msgpack.Decoder(ExportJob)


def carry_out(job: ExportJob) -> FromExportWorker:
    """[worker]"""
    from audio.errors import AudioError

    target = Path(job.target)
    try:
        return Written(frames=_write(job, target))
    except (AudioError, OSError) as error:
        target.unlink(missing_ok=True)
        return NotWritten(message=str(error)[:500])


def _write(job: ExportJob, target: Path) -> int:
    """Its frames. The head counts them, so it is written again behind the last. Raises AudioError, OSError."""
    from audio.encode.wave import wav_f32_header
    from audio.encode.wave_s24 import packed_s24, wav_s24_header

    pieces, rate_hz, channels = _pieces(job)
    header = wav_s24_header if job.pcm24 else wav_f32_header
    frames = 0
    with target.open("xb") as file:
        file.write(header(0, channels, rate_hz))
        for piece in pieces:
            file.write(packed_s24(piece) if job.pcm24 else piece.astype("<f4", copy=False).tobytes())
            frames += len(piece)
        if file.tell() % 2:
            file.write(b"\0")  # a chunk is padded to whole words
        file.seek(0)
        file.write(header(frames, channels, rate_hz))
    return frames


def _pieces(job: ExportJob) -> tuple[Iterator["Samples"], int, int]:
    """The sound, piece by piece, with its rate and channels. Raises AudioError, OSError."""
    import io

    import soundfile

    from audio.errors import UnsupportedAudio
    from audio.fit import fit
    from audio.intake import sanitize

    data = Path(job.source).read_bytes()
    try:
        facts = soundfile.info(io.BytesIO(data))
    except soundfile.LibsndfileError as error:
        raise UnsupportedAudio("The sound cannot be read as audio; it may be damaged.") from error
    pieces = fit(data, facts.samplerate, facts.channels, job.speed)
    return (sanitize(piece).samples for piece in pieces), facts.samplerate, facts.channels


def main(folder: Path, readable: list[Path]) -> None:
    """Serve jobs until stdin closes, in the sandbox: what is decoded was made by strangers."""
    from sandbox.limits import Limits
    from sandbox.process import enter  # not above: the daemon imports this file for its messages

    frames = Frames(questions, MEMORY_LIMIT_BYTES)
    _rehearse()
    limits = Limits(address_bytes=MEMORY_LIMIT_BYTES, cpu_s=None, output_bytes=MAX_WRITTEN_BYTES)
    enter(writable=[folder], readable=readable, limits=limits)
    while (job := frames.next()) is not None:
        frames.say(carry_out(job))


def _rehearse() -> None:
    """What numpy and the codecs import or open only when first used, they must have before the sandbox."""
    import numpy as np

    from audio.encode.flac import encode_flac
    from audio.encode.wave_s24 import packed_s24
    from audio.fit import fit

    flac = encode_flac(np.zeros((REHEARSAL_FRAMES, 2), np.float32), REHEARSED_RATE_HZ).data
    for speed in (1.0, 1.25):
        for piece in fit(flac, REHEARSED_RATE_HZ, 2, speed):
            packed_s24(piece)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
