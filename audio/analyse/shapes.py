"""The form of what analysis says: plain values that can be stored, sent and compared. No arrays here, and nothing is worked out.

Within a version of ALGORITHM a field means the same and has the same figure for the same clip. What cannot be known is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

ALGORITHM = "sidechain-analysis-1"
"""Counted up whenever a figure of the same clip changes: documents of another version are made anew."""


@dataclass(frozen=True)
class Summary:
    """Of one descriptor over the clip; a tuple has one figure for each of its columns."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    least: tuple[float, ...]
    most: tuple[float, ...]


@dataclass(frozen=True)
class Segment:
    """label: "A", "B" …: of those with one letter each sounds like the others."""

    start_s: float
    end_s: float
    label: str


@dataclass(frozen=True)
class Energies:
    """Shares of the clip's energy, 0..1. What is neither clearly steady nor clearly a hit is in neither: their sum is at most 1. Silence: zeros."""

    harmonic: float
    percussive: float


class LoudnessFigures(Struct, frozen=True, kw_only=True):
    """integrated, maxima: LUFS as played (mono counts twice), None below -70; range_lu: LU; rms_dbfs: of all channels, None for silence."""

    integrated_lufs: float | None
    momentary_max_lufs: float | None
    short_term_max_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    rms_dbfs: float | None


class TempoFigures(Struct, frozen=True, kw_only=True):
    """source: "transport", "file", "length", "audio". See audio.analyse.tempo.Tempo."""

    bpm: float | None
    source: str | None
    confidence: float
    alternatives: tuple[float, ...]


class KeyFigures(Struct, frozen=True, kw_only=True):
    """name: "F# minor". chroma: strength of C to B, sum 1 (silence: zeros). See audio.analyse.key.KeyEstimate."""

    name: str | None
    camelot: str | None
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    chroma: tuple[float, ...]
    tuning_cents: float


class AnalysisDocument(Struct, frozen=True, kw_only=True):
    """content_sha256: of the bytes that the clip was read from, hex. descriptors: by name, see audio.analyse.descriptors.Descriptors.

    likeness: the vector of audio.analyse.likeness; zeros for silence. analysed_s: what tempo and key are of.
    """

    algorithm: str
    content_sha256: str
    seconds: float
    sample_rate_hz: int
    channels: int
    loudness: LoudnessFigures
    tempo: TempoFigures
    key: KeyFigures
    beats_s: tuple[float, ...]
    onsets_s: tuple[float, ...]
    energies: Energies
    segments: tuple[Segment, ...]
    descriptors: Mapping[str, Summary]
    likeness: tuple[float, ...]
    analysed_s: tuple[float, float]


class Aspect(Struct, frozen=True, kw_only=True):
    """One respect in which two clips are compared. likeness: 0..1, None when it is not known of both; word: of a fixed few; says: in figures."""

    likeness: float | None
    word: str
    says: str


class Comparison(Struct, frozen=True, kw_only=True):
    tempo: Aspect
    timbre: Aspect
    harmony: Aspect
    rhythm: Aspect
    loudness: Aspect


class BandChange(Struct, frozen=True, kw_only=True):
    """change_db: of the band's level, the second clip's over the first's; None: it is heard in one of them only. unlike_db: what is left of it when
    the one, at the other's level, is taken from the other, over the louder of both; 0 is two different sounds.
    """

    name: str
    from_hz: float
    to_hz: float
    change_db: float | None
    unlike_db: float


class Stretch(Struct, frozen=True, kw_only=True):
    """A part of the first clip in which the second has something else in these bands."""

    start_s: float
    end_s: float
    bands: tuple[str, ...]


class Changes(Struct, frozen=True, kw_only=True):
    """What changed from one bounce to the next, once both lie over one another.

    aligned: whether they are of one thing at all; if not, nothing else is known. offset_s: by how much the second is later. correlation: -1..1
    there; below 0 it is inverted. gain_db: of all of it. added_s: how much longer the second is.
    """

    aligned: bool
    offset_s: float | None
    correlation: float
    gain_db: float | None
    added_s: float
    bands: tuple[BandChange, ...]
    stretches: tuple[Stretch, ...]
    says: tuple[str, ...]
