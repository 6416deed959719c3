"""The process that decodes a person's files and listens to them: what strangers made, and numpy, away from whoever asks.

Run as `python -m daemon.features.analysing.analysis_worker SCRATCH FILE…`: it opens the files, and the sandbox then lets it open nothing more but
what it writes into SCRATCH. One Job at a time; answers are Worked as it goes, then Analysed, Compared, Separated or Refused. Ends when stdin does.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
from msgspec import Struct

from audio.analyse.shapes import AnalysisDocument, Changes
from audio.notes.shapes import SAYS, DetectedNote
from audio.tags.shapes import Tags
from daemon.system.child import Frames
from daemon.system.reading import open_shared

if TYPE_CHECKING:
    from audio.read.clip import Clip

MEMORY_LIMIT_BYTES = 6 << 30
MAX_WRITTEN_BYTES = 2 << 30  # fifteen minutes of stereo at 192 kHz are 1.4 GB
ONNX = ".onnx"
LEAST_STEP = 0.01  # of progress that is told


class Pictures(Struct, frozen=True, kw_only=True):
    """theme: a name of audio.draw.theme.THEMES; scale: of audio.analyse.spectrogram.Scale."""

    title: str
    theme: str
    scale: str


class AnalyseJob(Struct, frozen=True, kw_only=True, tag="analyse"):
    """file: which of those on the command line. bpm: what the host played at. pictures: to be drawn as well."""

    file: int
    content_sha256: str
    bpm: float | None = None
    pictures: Pictures | None = None


class CompareJob(Struct, frozen=True, kw_only=True, tag="compare"):
    """What changed from the file `before` to the file `after`."""

    before: int
    after: int


class SeparateJob(Struct, frozen=True, kw_only=True, tag="separate"):
    """Each part of `engine` into SCRATCH, as float32 WAV under its own name. model: which of those on the command line its model is."""

    file: int
    engine: str
    model: tuple[int, ...] = ()


class NotesJob(Struct, frozen=True, kw_only=True, tag="notes"):
    """engine: of audio.notes.shapes.SAYS. model: which of those on the command line its model is."""

    file: int
    engine: str
    model: tuple[int, ...] = ()


class TagsJob(Struct, frozen=True, kw_only=True, tag="tags"):
    """model: which of those on the command line its model is."""

    file: int
    model: tuple[int, ...]


Job = AnalyseJob | CompareJob | SeparateJob | NotesJob | TagsJob


class Worked(Struct, frozen=True, kw_only=True, tag="worked"):
    """How far the job is, 0..1, and at what."""

    stage: str
    done: float


class Analysed(Struct, frozen=True, kw_only=True, tag="analysed"):
    """lacks: a sentence for each thing the file has not. pictures: SVG documents by their names."""

    document: AnalysisDocument
    lacks: tuple[str, ...]
    pictures: dict[str, str]


class Compared(Struct, frozen=True, kw_only=True, tag="compared"):
    changes: Changes


class Separated(Struct, frozen=True, kw_only=True, tag="separated"):
    """files: those in SCRATCH, by part."""

    files: dict[str, str]
    frames: int
    sample_rate_hz: int


class NotesDetected(Struct, frozen=True, kw_only=True, tag="notes"):
    """engine: by which they were heard."""

    engine: str
    notes: list[DetectedNote]


class TagsHeard(Struct, frozen=True, kw_only=True, tag="tags"):
    tags: Tags


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """It cannot be done; the sentence says why."""

    message: str


FromWorker = Worked | Analysed | Compared | Separated | NotesDetected | TagsHeard | Refused

questions: msgspec.msgpack.Decoder[Job] = msgspec.msgpack.Decoder(Job)


ReportProgress = Callable[[str, float], None]
"""(stage, how far the job is, 0..1)."""


def teller(frames: Frames[Job]) -> ReportProgress:
    """Says how far one job is, but not at every step."""
    last = ("", -1.0)

    def tell(stage: str, done: float) -> None:
        nonlocal last
        if stage != last[0] or done >= last[1] + LEAST_STEP:
            last = (stage, done)
            frames.say(Worked(stage=stage, done=min(1.0, done)))

    return tell


def carry_out(job: Job, files: Sequence[BinaryIO], scratch: Path, told: ReportProgress) -> FromWorker:
    """[worker]"""
    from audio.errors import AudioError

    try:
        if isinstance(job, AnalyseJob):
            return _analysed(job, files[job.file], told)
        if isinstance(job, CompareJob):
            return _compared(files[job.before], files[job.after], told)
        if isinstance(job, NotesJob):
            return _notes(job, files, told)
        if isinstance(job, TagsJob):
            return _tags(job, files, told)
        return _separated(job, files, scratch, told)
    except AudioError as error:
        return Refused(message=str(error)[:500])
    except OSError as error:
        return Refused(message=f"It cannot be read or written: {error.strerror or error}."[:500])
    except MemoryError:
        return Refused(message="It needs more memory than there is; cut it, and try again.")


def _read(file: BinaryIO, told: ReportProgress, done: float) -> "Clip":
    """Raises AudioError, OSError."""
    from audio.read.reader import read_audio

    told("reading", done)
    file.seek(0)
    return read_audio(file.read())


def _analysed(job: AnalyseJob, file: BinaryIO, told: ReportProgress) -> Analysed:
    from audio.analyse.document import Source, analyse_whole
    from audio.intake import sanitize

    clip = _read(file, told, 0.0)
    samples = sanitize(clip.samples).samples
    source = Source(
        content_sha256=job.content_sha256,
        bpm=job.bpm or clip.words.bpm,
        bpm_is_of_file=not job.bpm,
        length_is_exact=clip.length_is_exact,
    )
    found = analyse_whole(samples, clip.sample_rate_hz, source, told)
    pictures = {}
    if job.pictures:
        told("drawing", 1.0)
        from audio.pictures import drawn

        wish = job.pictures
        pictures = drawn(
            samples, clip.sample_rate_hz, found, title=wish.title, theme_name=wish.theme, scale=wish.scale
        )
    lacks = tuple(lack.says for lack in clip.lacks)
    return Analysed(document=found.document, lacks=lacks, pictures=pictures)


def _compared(before: BinaryIO, after: BinaryIO, told: ReportProgress) -> Compared:
    from audio.analyse.changes import changes
    from audio.intake import sanitize

    one, other = _read(before, told, 0.0), _read(after, told, 0.1)
    told("comparing", 0.2)
    found = changes(
        sanitize(one.samples).samples,
        one.sample_rate_hz,
        sanitize(other.samples).samples,
        other.sample_rate_hz,
    )
    return Compared(changes=found)


def _separated(
    job: SeparateJob, opened: Sequence[BinaryIO], scratch: Path, told: ReportProgress
) -> Separated:
    from audio.encode.wave import wav_f32_header
    from audio.intake import sanitize
    from audio.separate.engines import ENGINES

    clip = _read(opened[job.file], told, 0.0)
    samples = sanitize(clip.samples).samples
    model = [opened[each].read() for each in job.model]
    parts = ENGINES[job.engine].separate(samples, clip.sample_rate_hz, partial(told, "separating"), model)
    files = {}
    for name, part in parts.items():
        told("writing", 1.0)
        files[name] = f"{name}.wav"
        with (scratch / files[name]).open("wb") as out:
            out.write(wav_f32_header(len(part), part.shape[1], clip.sample_rate_hz))
            out.write(part.astype("<f4", copy=False).data)
    return Separated(files=files, frames=len(samples), sample_rate_hz=clip.sample_rate_hz)


def _notes(job: NotesJob, opened: Sequence[BinaryIO], told: ReportProgress) -> NotesDetected:
    from audio.intake import sanitize
    from audio.notes.engines import ENGINES

    clip = _read(opened[job.file], told, 0.0)
    model = [opened[each].read() for each in job.model]
    samples = sanitize(clip.samples).samples
    hear_notes = ENGINES[job.engine].hear_notes
    found = hear_notes(samples, clip.sample_rate_hz, partial(told, "hearing notes"), model)
    return NotesDetected(engine=job.engine, notes=found)


def _tags(job: TagsJob, opened: Sequence[BinaryIO], told: ReportProgress) -> TagsHeard:
    from audio.intake import sanitize
    from audio.tags.musicnn import hear_tags

    clip = _read(opened[job.file], told, 0.0)
    samples = sanitize(clip.samples).samples
    model = [opened[each].read() for each in job.model]
    return TagsHeard(tags=hear_tags(samples, clip.sample_rate_hz, partial(told, "hearing what it is"), model))


def main(scratch: Path, paths: list[Path]) -> None:
    """Serve jobs until stdin closes, in the sandbox: what is decoded was made by strangers."""
    from audio.models import runtime
    from sandbox.limits import Limits
    from sandbox.process import enter  # not above: who asks imports this file for its messages

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends who asked, and they end this
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is there: its threads spin, ten times the work
    frames = Frames(questions, MEMORY_LIMIT_BYTES)
    files = [open_shared(path) for path in paths]
    _rehearse(scratch)
    import audio.tags.musicnn  # noqa: F401  # the sandbox lets nothing be imported later

    if any(path.suffix == ONNX for path in paths):
        runtime.rehearse()
    enter(
        writable=[scratch],
        limits=Limits(address_bytes=MEMORY_LIMIT_BYTES, cpu_s=None, output_bytes=MAX_WRITTEN_BYTES),
    )
    while (job := frames.next()) is not None:
        frames.say(carry_out(job, files, scratch, teller(frames)))


def _rehearse(scratch: Path) -> None:
    """Every job once, on a moment of silence: what numpy and the codecs import or open when first used, they must have before the sandbox."""
    import io

    import numpy as np

    from audio.encode.flac import encode_flac
    from audio.models.table import needs_model
    from audio.separate.parts import PARTS

    rates_hz = (44_100, 48_000)
    files = [
        io.BytesIO(encode_flac(np.zeros((rate_hz // 8, 2), np.float32), rate_hz).data) for rate_hz in rates_hz
    ]
    jobs: list[Job] = [
        AnalyseJob(file=1, content_sha256="", pictures=Pictures(title="", theme="dark", scale="log")),
        CompareJob(before=0, after=1),
        *(SeparateJob(file=1, engine=engine) for engine in PARTS if not needs_model(engine)),
        *(NotesJob(file=1, engine=engine) for engine in SAYS if not needs_model(engine)),
    ]
    for job in jobs:
        carry_out(job, files, scratch, lambda _stage, _done: None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
