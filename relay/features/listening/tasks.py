"""What the child that listens is asked and what it answers. No arrays here: whoever asks imports this file for its messages."""

import hashlib
from collections.abc import Sequence
from typing import get_args

import msgspec
from msgspec import Raw, Struct

from audio.analyse.shapes import ALGORITHM, AnalysisDocument, Changes, Comparison

WAVEFORM_FILE, POINTS_FILE, CONVERTED_FILE = "waveform.svg", "waveform.json", "converted"
NOTES_FILE, MIDI_FILE = "notes.json", "notes.mid"
MAX_SEPARATED_S = 600
"""Ten minutes at 48 kHz need some 2 GiB; a longer sound would not fit the limits of the child."""
MAKES = "1"
"""Counted up whenever another file comes of the same task: what was made before is made anew."""


class Analyse(Struct, frozen=True, kw_only=True, tag="analyse"):
    """One file. Result: AnalysisResult, and its pictures."""


class Compare(Struct, frozen=True, kw_only=True, tag="compare"):
    """Two files. Result: ComparisonResult."""


class Convert(Struct, frozen=True, kw_only=True, tag="convert"):
    """One file. Result: nothing but CONVERTED_FILE with its format for an ending."""

    format: str
    bitrate_kbps: int
    rate_hz: int | None


class Draw(Struct, frozen=True, kw_only=True, tag="draw"):
    """One file. Result: Points, WAVEFORM_FILE and POINTS_FILE."""

    width_px: int
    height_px: int
    color: str
    background: str


class Separate(Struct, frozen=True, kw_only=True, tag="separate"):
    """One file. Result: Parted, and a FLAC for each of parts. engine, parts: of audio.separate.parts.PARTS."""

    engine: str
    parts: list[str]


class DetectNotes(Struct, frozen=True, kw_only=True, tag="notes"):
    """One file. Result: NotesDetected, NOTES_FILE and MIDI_FILE. engine: of audio.notes.shapes.SAYS."""

    engine: str


class Fetch(Struct, frozen=True, kw_only=True, tag="fetch"):
    """A sound for a track that somebody calls track_id. Not the child's. source: as of the wire. url: of which source it is read. Result: Fetched."""

    track_id: str
    title: str
    source: str
    url: str | None = None


class Fetched(Struct, frozen=True, kw_only=True):
    """creation_id: what it is. Else job_id: of the one that makes a post of it, which the publication of key then names."""

    creation_id: str | None = None
    job_id: str | None = None
    key: str = ""


Task = Analyse | Compare | Convert | Draw | Separate | DetectNotes
KINDS = tuple(str(each.__struct_config__.tag) for each in get_args(Task))
"""Of jobs that listen."""
FETCH = "fetch"
"""The kind of jobs that fetch."""


class ChildJob(Struct, frozen=True, kw_only=True):
    """folder: holds files, and what is made is written there. Names of files are ours. hashes: SHA-256 of each. model: paths of the files of the
    model that the task needs, which are what they must be.
    """

    folder: str
    files: list[str]
    hashes: list[str]
    task: Task
    model: list[str] = []


class AnalysisResult(Struct, frozen=True, kw_only=True):
    """lacks: a sentence for each thing the file has not."""

    document: AnalysisDocument
    lacks: list[str]


class ComparisonResult(Struct, frozen=True, kw_only=True):
    comparison: Comparison
    changes: Changes


class Points(Struct, frozen=True, kw_only=True):
    """The loudest of each of the first columns, 0..1."""

    first: list[float]


class Parted(Struct, frozen=True, kw_only=True):
    """What a sound was taken apart into."""

    engine: str
    parts: list[str]


class NotesDetected(Struct, frozen=True, kw_only=True):
    """How many, and by what they were heard. NOTES_FILE has them: audio.notes.shapes.DetectedNote."""

    engine: str
    count: int


class MadeFile(Struct, frozen=True, kw_only=True):
    """name: in the folder."""

    name: str
    mime: str


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    result: Raw
    files: list[MadeFile]


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """reason: a sentence for the person whose sound it is."""

    reason: str


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """trace: for who runs the relay. The sound may be as good as any."""

    trace: str


def engine_of(task: Task) -> str | None:
    """By what it is done, if that is chosen. [any]"""
    return task.engine if isinstance(task, Separate | DetectNotes) else None


def kind_of(task: Task | Fetch) -> str:
    """Of its job, and of its row. [any]"""
    return str(type(task).__struct_config__.tag)


def content_of_track(account_id: str, track_id: str) -> str:
    """Of what is fetched, by whose word it is; 64 hex digits. [any]"""
    return hashlib.sha256(f"{FETCH}\n{account_id}\n{track_id}".encode()).hexdigest()


def content_of(task: Task, sources: Sequence[str]) -> str:
    """What has the same result has the same one; 64 hex digits. sources: SHA-256 of each file, in order. [any]"""
    said = "\n".join((ALGORITHM, MAKES, msgspec.json.encode(task).decode(), *sources))
    return hashlib.sha256(said.encode()).hexdigest()
