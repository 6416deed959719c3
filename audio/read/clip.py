"""What a file is read as: its samples, what is missing in them, and what else the file says."""

from dataclasses import dataclass
from enum import StrEnum

from audio.intake import MAX_CHANNELS, MAX_RATE_HZ, Samples

MAX_CLIP_SECONDS = 900
MAX_FILE_BYTES = MAX_CLIP_SECONDS * MAX_RATE_HZ * MAX_CHANNELS * 4 + 2**20
"""A longer file is no clip, whatever it holds; for callers, who would have to read it first."""


class LackKind(StrEnum):
    CUT_SHORT = "cut_short"  # the end of the sound is not in the file
    NO_END_MARK = "no_end_mark"  # it may be complete: the file does not say so
    DAMAGED = "damaged"  # something in the middle of it could not be decoded
    JOINED = "joined"  # several recordings one after another, read as one
    UNREAD = "unread"  # bytes behind the sound that are nothing known, or more recordings than are read


@dataclass(frozen=True)
class Lack:
    """says: one sentence for the person whose file it is."""

    kind: LackKind
    says: str


@dataclass(frozen=True)
class FileWords:
    """What a file says of its music in words. None, or empty: it does not.

    bpm: > 0. beats: quarter notes in the whole file. meter: (beats, beat unit). key, title: as written there. root_note: MIDI
    number. loop_frames: (first frame, end) of the loop that a sampler would play. source: the chunks or tags that say it.
    """

    bpm: float | None = None
    beats: int | None = None
    meter: tuple[int, int] | None = None
    key: str | None = None
    root_note: int | None = None
    loop_frames: tuple[int, int] | None = None
    source: str = ""
    title: str | None = None

    def beside(self, other: "FileWords") -> "FileWords":
        """These, and of the other what these do not say. [any]"""
        said = {
            name: mine if (mine := getattr(self, name)) is not None else getattr(other, name)
            for name in FileWords.__dataclass_fields__
            if name != "source"
        }
        adds = any(getattr(self, name) != value for name, value in said.items())
        sources = (self.source, other.source if adds or not self.source else "")
        return FileWords(**said, source=", ".join(filter(None, sources)))


@dataclass(frozen=True)
class Clip:
    """samples: float32 (frames >= 1, 1 or 2 channels) as decoded, not yet sanitized.

    length_is_exact: the frames are those that were recorded; False where a coder's delay and padding may be among them, or
    anything is missing.
    """

    samples: Samples
    sample_rate_hz: int
    lacks: tuple[Lack, ...] = ()
    length_is_exact: bool = True
    words: FileWords = FileWords()

    @property
    def ends_early(self) -> bool:
        """The end of the sound is not in the file, or nothing in the file says that it is."""
        return any(lack.kind in (LackKind.CUT_SHORT, LackKind.NO_END_MARK) for lack in self.lacks)


@dataclass(frozen=True)
class Part:
    """One recording out of a file that may hold several. Fields as in Clip; end: the byte where it ends."""

    samples: Samples
    sample_rate_hz: int
    end: int
    lacks: tuple[Lack, ...] = ()
    length_is_exact: bool = True
    words: FileWords = FileWords()


def cut_short(missing_frames: int = 0, sample_rate_hz: int = 1) -> Lack:
    """missing_frames: 0 when nobody can know; more than any clip has is no count either. [any]"""
    is_known = 0 < missing_frames <= MAX_CLIP_SECONDS * sample_rate_hz
    how_much = f" ({missing_frames / sample_rate_hz:.2f} s are missing)" if is_known else ""
    return Lack(LackKind.CUT_SHORT, f"The file breaks off before its end{how_much}; what is there was used.")


def damaged(what: str) -> Lack:
    """what: of the damage, the middle of a sentence. [any]"""
    return Lack(LackKind.DAMAGED, f"The file is damaged: {what}; what could be decoded was used.")
