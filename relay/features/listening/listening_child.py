"""The process that decodes strangers' sound and listens to it: `python -m relay.features.listening.listening_child`, and its forks.

Everything a task needs is imported and tried first; then each job gets a fork, which enters the sandbox: from there on it reaches only the
job's folder. Results are files there and an answer in JSON.
"""

import os
import tempfile
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from audio.analyse.changes import changes
from audio.analyse.comparison import compare
from audio.analyse.document import Found, Source, analyse_whole
from audio.draw.waveform import PEAK_SCALE, Box, peaks, waveform_svg
from audio.encode.converted import MEDIA_TYPES, encode_as
from audio.encode.flac import encode_flac
from audio.errors import EncodingFailed, UnsupportedAudio
from audio.intake import Samples, sanitize
from audio.models import runtime
from audio.models.table import needs_model
from audio.notes.engines import ENGINES as NOTES_ENGINES
from audio.notes.midi import midi_of
from audio.pictures import drawn
from audio.read.clip import Clip
from audio.read.reader import read_audio
from audio.separate.engines import ENGINES
from audio.separate.parts import PARTS
from relay.engine.sandbox.fork_server import serve, tell
from relay.features.listening.tasks import (
    CONVERTED_FILE,
    MAX_SEPARATED_S,
    MIDI_FILE,
    NOTES_FILE,
    POINTS_FILE,
    WAVEFORM_FILE,
    Analyse,
    AnalysisResult,
    ChildJob,
    Compare,
    ComparisonResult,
    Convert,
    DetectNotes,
    Done,
    Draw,
    Failed,
    MadeFile,
    NotesDetected,
    Parted,
    Points,
    Refused,
    Separate,
    Task,
)
from relay.wire.listening import PREVIEW_POINTS
from sandbox.limits import Limits
from sandbox.process import enter

LIMITS = Limits(address_bytes=4 << 30, cpu_s=600, output_bytes=1 << 30)
WITH_MODEL = Limits(address_bytes=8 << 30, cpu_s=2_400, output_bytes=1 << 30)
"""A model of 174 MB takes 1.6 s for each of sound, and some 3 GiB beside the clip and its parts."""
ONNX = ".onnx"
MAX_TRACE = 4_000
SVG, FLAC, MIDI, JSON = "image/svg+xml", "audio/flac", "audio/midi", "application/json"
REHEARSED_RATES_HZ = (44_100, 48_000)
Tell = Callable[[float], None]
"""How much of the job is done, 0..1."""


def main() -> None:
    _rehearse()
    serve(_answer)


def _answer(data: bytes) -> bytes:
    """In the fork of one job."""
    job = msgspec.json.decode(data, type=ChildJob)
    os.nice(5)
    try:
        model = [Path(each).read_bytes() for each in job.model]
        if any(each.endswith(ONNX) for each in job.model):
            runtime.rehearse()
        enter([Path(job.folder)], limits=WITH_MODEL if model else LIMITS)
        return msgspec.json.encode(carry_out(job, tell, model))
    except Exception:  # a full disk, or a mistake of ours: no fault of the sound
        return msgspec.json.encode(Failed(trace=traceback.format_exc()[-MAX_TRACE:]))


def carry_out(job: ChildJob, told: Tell, model: Sequence[bytes] = ()) -> Done | Refused:
    """model: the files of that which the task needs. [worker]"""
    folder, task = Path(job.folder), job.task
    try:
        if isinstance(task, Compare):
            return _compared(folder, job, told)
        clip = read_audio((folder / job.files[0]).read_bytes())
        samples = sanitize(clip.samples).samples
        told(0.05)
        if isinstance(task, Analyse):
            return _analysed(folder, clip, samples, job.hashes[0], told)
        if isinstance(task, Convert):
            return _converted(folder, task, clip, samples)
        if isinstance(task, Separate):
            return _separated(folder, task, clip, samples, told, model)
        if isinstance(task, DetectNotes):
            return _detected(folder, task, clip, samples, told, model)
        return _drawn(folder, task, samples)
    except UnsupportedAudio as error:
        return Refused(reason=error.reason)
    except EncodingFailed as error:
        return Refused(reason=str(error))
    except MemoryError:
        return Refused(reason="This needs more memory than one job may have; send a shorter stretch.")


def _analysed(folder: Path, clip: Clip, samples: Samples, sha256: str, told: Tell) -> Done:
    found = _found(clip, samples, sha256, lambda share: told(0.05 + 0.85 * share))
    made = drawn(samples, clip.sample_rate_hz, found, title="")
    for name, svg in made.items():
        (folder / name).write_text(svg, encoding="utf-8")
    heard = AnalysisResult(document=found.document, lacks=[lack.says for lack in clip.lacks])
    return _done(heard, *(MadeFile(name=name, mime=SVG) for name in made))


def _found(clip: Clip, samples: Samples, sha256: str, told: Tell) -> Found:
    source = Source(
        content_sha256=sha256,
        bpm=clip.words.bpm,
        bpm_is_of_file=True,
        length_is_exact=clip.length_is_exact,
    )
    return analyse_whole(samples, clip.sample_rate_hz, source, lambda _stage, share: told(share))


def _compared(folder: Path, job: ChildJob, told: Tell) -> Done:
    clips = [read_audio((folder / name).read_bytes()) for name in job.files]
    sounds = [sanitize(clip.samples).samples for clip in clips]
    documents = []
    for n, (clip, samples) in enumerate(zip(clips, sounds, strict=True)):
        part = partial(lambda at, share: told(0.05 + 0.4 * (at + share)), n)
        documents.append(_found(clip, samples, job.hashes[n], part).document)
    rates = [clip.sample_rate_hz for clip in clips]
    found = changes(sounds[0], rates[0], sounds[1], rates[1])
    return _done(ComparisonResult(comparison=compare(*documents), changes=found))


def _converted(folder: Path, task: Convert, clip: Clip, samples: Samples) -> Done:
    data = encode_as(
        samples, clip.sample_rate_hz, task.format, bitrate_kbps=task.bitrate_kbps, rate_hz=task.rate_hz
    )
    name = f"{CONVERTED_FILE}.{task.format}"
    (folder / name).write_bytes(data)
    return _done(None, MadeFile(name=name, mime=MEDIA_TYPES[task.format]))


def _drawn(folder: Path, task: Draw, samples: Samples) -> Done:
    found = peaks(samples, points=task.width_px)
    box = Box(width=task.width_px, height=task.height_px, color=task.color, background=task.background)
    (folder / WAVEFORM_FILE).write_text(waveform_svg(found, title="", box=box), encoding="utf-8")
    pairs = zip(found.minimum, found.maximum, strict=True)
    levels = [round(max(high, -low, 0) / PEAK_SCALE, 4) for low, high in pairs]
    (folder / POINTS_FILE).write_bytes(msgspec.json.encode(levels))
    return _done(
        Points(first=levels[:PREVIEW_POINTS]),
        MadeFile(name=WAVEFORM_FILE, mime=SVG),
        MadeFile(name=POINTS_FILE, mime=JSON),
    )


def _separated(
    folder: Path, task: Separate, clip: Clip, samples: Samples, told: Tell, model: Sequence[bytes]
) -> Done | Refused:
    """All parts are made, for they sum up to the clip; those that are asked for are kept."""
    if len(samples) > MAX_SEPARATED_S * clip.sample_rate_hz:
        return Refused(
            reason=f"A sound of more than {MAX_SEPARATED_S // 60} minutes is not taken apart; cut it first."
        )
    engine = ENGINES[task.engine]
    parts = engine.separate(samples, clip.sample_rate_hz, lambda share: told(0.05 + 0.75 * share), model)
    files = []
    for n, name in enumerate(task.parts):
        (folder / f"{name}.flac").write_bytes(encode_flac(parts[name], clip.sample_rate_hz).data)
        files.append(MadeFile(name=f"{name}.flac", mime=FLAC))
        told(0.8 + 0.2 * (n + 1) / len(task.parts))
    return _done(Parted(engine=task.engine, parts=task.parts), *files)


def _detected(
    folder: Path, task: DetectNotes, clip: Clip, samples: Samples, told: Tell, model: Sequence[bytes]
) -> Done:
    """The tempo is that of the file: a MIDI file has its bars by it."""
    tempo = _found(clip, samples, "", lambda share: told(0.05 + 0.25 * share)).document.tempo
    hear_notes = NOTES_ENGINES[task.engine].hear_notes
    notes = hear_notes(samples, clip.sample_rate_hz, lambda share: told(0.3 + 0.7 * share), model)
    (folder / NOTES_FILE).write_bytes(msgspec.json.encode(notes))
    (folder / MIDI_FILE).write_bytes(midi_of(notes, tempo.bpm))
    return _done(
        NotesDetected(engine=task.engine, count=len(notes)),
        MadeFile(name=NOTES_FILE, mime=JSON),
        MadeFile(name=MIDI_FILE, mime=MIDI),
    )


def _done(result: object, *files: MadeFile) -> Done:
    return Done(result=msgspec.Raw(msgspec.json.encode(result)), files=list(files))


def _rehearse() -> None:
    """What numpy and the codecs import or open only when first used, they must have before the sandbox."""
    noise = np.random.default_rng(0).random((24_000, 2), dtype=np.float32) - np.float32(0.5)
    tasks: list[Task] = [
        Analyse(),
        Compare(),
        *(Convert(format=name, bitrate_kbps=128, rate_hz=32_000) for name in MEDIA_TYPES),
        *(Separate(engine=name, parts=list(parts)) for name, parts in PARTS.items() if not needs_model(name)),
        *(DetectNotes(engine=name) for name in NOTES_ENGINES if not needs_model(name)),
        Draw(width_px=100, height_px=50, color="#000000", background="transparent"),
    ]
    with tempfile.TemporaryDirectory() as name:
        files = []
        for rate_hz in REHEARSED_RATES_HZ:
            files.append(f"{rate_hz}.flac")
            (Path(name) / files[-1]).write_bytes(encode_flac(noise, rate_hz).data)
        for task in tasks:
            carry_out(ChildJob(folder=name, files=files, hashes=["", ""], task=task), lambda _: None)


if __name__ == "__main__":
    main()
