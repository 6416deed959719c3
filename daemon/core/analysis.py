"""What the analysis found in a Take, as plain values: for the library, the files beside the sound, and posts.

Not how it is found (audio.analyse.analysis), and not the levelled sound's figures (TakeRow.recording).
"""

from msgspec import Struct

from relay.wire.rest import FigureSource

CERTAIN_SCORE = 0.8
"""Agreement from which somebody is told "you made this before" without having asked: of 35,625 pairs of unrelated clips
and changed clips six pass it, all drums of one pattern and kit; of other loops of one kit, one of fifty. Who asks is
told what audio.analyse.fingerprint.required_score lets pass."""


class TakeWarning(Struct, frozen=True, kw_only=True):
    """A warning before posting. kind: of audio.measure.warnings.WarningKind; says: one sentence."""

    kind: str
    says: str


class TakeAnalysis(Struct, frozen=True, kw_only=True):
    """Unknown is None. Confidences are 0 to 1; alternatives: other readings, likeliest first.

    bpm_source: the transport's word always wins. key_confidence: of the best guess, also when it is too unsure to be
    told. onsets: notes and hits that were counted. centroid_hz, bandwidth_hz: where the sound lies; flatness: 0 a tone
    to 1 noise; None for silence. fingerprint: uint32, little-endian (audio.analyse.fingerprint); embedding: float32,
    little-endian (audio.analyse.likeness); empty when nothing was heard.
    """

    bpm: float | None = None
    bpm_source: FigureSource | None = None
    bpm_confidence: float | None = None
    bpm_alternatives: tuple[float, ...] = ()
    key: str | None = None
    key_source: FigureSource | None = None
    key_confidence: float | None = None
    key_alternatives: tuple[tuple[str, float], ...] = ()
    camelot: str | None = None
    onsets: int | None = None
    centroid_hz: float | None = None
    bandwidth_hz: float | None = None
    flatness: float | None = None
    warnings: tuple[TakeWarning, ...] = ()
    fingerprint: bytes = b""
    embedding: bytes = b""


class Known(Struct, frozen=True, kw_only=True, array_like=True):
    """What a search goes by. fingerprint, embedding: as TakeAnalysis has them."""

    take_id: str
    fingerprint: bytes
    embedding: bytes


class Alike(Struct, frozen=True, kw_only=True):
    """A Take of the library beside the one asked for. same: it is the same sound, changed or not.

    score: share of equal bits of the fingerprints, 0.5 by chance. speed: of the one that was asked for, relative to
    this Take, only meaningful when same. likeness: -1 to 1.
    """

    take_id: str
    same: bool
    score: float
    speed: float
    likeness: float
