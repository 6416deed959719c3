"""All that analysis knows of a clip, as one document that can be stored, sent and compared.

The document's form: audio.analyse.shapes. Of the whole clip: loudness, descriptors, onsets, beats, energies, parts. Tempo and key are those of audio.analyse.analysis, which hears the
middle MAX_SECONDS. What cannot be known is None. Not here: pictures (audio.draw), and where documents are kept.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from audio.analyse.analysis import Analysis, analyse
from audio.analyse.beats import beat_times_s
from audio.analyse.descriptors import Descriptors, describe_mono, summary
from audio.analyse.energies import energies_of
from audio.analyse.key import KeyEstimate
from audio.analyse.onsets import (
    BANDS,
    HOP_FRAMES,
    WINDOW_FRAMES,
    OnsetEnvelope,
    bands_of,
    envelope_of_bands,
    onset_times_s,
)
from audio.analyse.shapes import (
    ALGORITHM,
    AnalysisDocument,
    KeyFigures,
    LoudnessFigures,
    TempoFigures,
)
from audio.analyse.spectrum import Frames, at_full_scale, magnitude_pieces, one_channel
from audio.analyse.structure import segments_of
from audio.analyse.tempo import Tempo
from audio.intake import Samples
from audio.measure.loudness import loudness
from audio.measure.peak import decibels, true_peak_dbtp

STAGES = {"tempo and key": 0.2, "loudness": 0.05, "timbre": 0.4, "onsets": 0.1, "energies": 0.25}
"""In their order, and how much of the work each is, about: what progress is counted in."""
_PIECE = 1_024  # spectra at a time, 12 s: bounds memory
_SQUARED_FRAMES = 1 << 16

Progress = Callable[[str, float], None]
"""(what is being done, how far all of it is, 0..1). What it raises ends the work."""


@dataclass(frozen=True, eq=False)
class Found:
    """The document, and what of it is known from moment to moment, for pictures."""

    document: AnalysisDocument
    descriptors: Descriptors
    envelope: OnsetEnvelope


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is known of a clip before it is heard. content_sha256: see AnalysisDocument. bpm: what the host says, or bpm_is_of_file: the file; > 0.

    length_is_exact: see audio.read.clip.
    """

    content_sha256: str
    bpm: float | None = None
    bpm_is_of_file: bool = False
    length_is_exact: bool = True


def analyse_whole(
    samples: Samples,
    sample_rate_hz: int,
    source: Source,
    on_progress: Progress = lambda _stage, _done: None,
) -> Found:
    """Same input, same figures. Some 12 s of spectra at a time: ten minutes need 350 MB beside the clip. [worker]

    samples: as audio.intake.sanitize() returns them. Raises UnsupportedAudio, and what on_progress raises.
    """
    stage = partial(_counted, on_progress)
    music = _music(samples, sample_rate_hz, source)
    stage("tempo and key")(1.0)
    loud = _loudness(samples, sample_rate_hz)
    stage("loudness")(1.0)
    mono = _mono(samples, sample_rate_hz)
    found = describe_mono(mono, stage("timbre"))
    mono = at_full_scale(mono)
    envelope = _envelope(mono, stage("onsets"))
    energies = energies_of(mono, stage("energies"))
    beats_s = beat_times_s(envelope, music.tempo.bpm) if music.tempo.bpm else ()
    seconds = len(samples) / sample_rate_hz
    document = AnalysisDocument(
        algorithm=ALGORITHM,
        content_sha256=source.content_sha256,
        seconds=seconds,
        sample_rate_hz=sample_rate_hz,
        channels=samples.shape[1],
        loudness=loud,
        tempo=_tempo(music.tempo, source),
        key=_key(music.key, is_silent=not music.embedding.any()),
        beats_s=_rounded(beats_s),
        onsets_s=_rounded(onset_times_s(envelope)),
        energies=energies,
        segments=segments_of(found, beats_s, seconds),
        descriptors={name: summary(column) for name, column in vars(found).items()},
        likeness=_rounded(music.embedding),
        analysed_s=music.analysed_s,
    )
    return Found(document, found, envelope)


def _mono(samples: Samples, sample_rate_hz: int) -> Frames:
    """At the rate of the analysis; at least one frame, also of a clip that is shorter there."""
    mono = one_channel(samples, sample_rate_hz)
    return mono if len(mono) else np.zeros(1, np.float32)


def _counted(on_progress: Progress, stage: str) -> Callable[[float], None]:
    """How far all of it is, by how far this stage is."""
    names = list(STAGES)
    before = sum(STAGES[name] for name in names[: names.index(stage)])
    return lambda part: on_progress(stage, min(1.0, before + STAGES[stage] * part))


def _music(samples: Samples, sample_rate_hz: int, source: Source) -> Analysis:
    return analyse(
        samples,
        sample_rate_hz,
        transport_bpm=source.bpm,
        transport_meter=None,
        bars=None,
        length_is_exact=source.length_is_exact,
    )


def _envelope(mono: Frames, on_progress: Callable[[float], None]) -> OnsetEnvelope:
    bands = np.empty((1 + len(mono) // HOP_FRAMES, BANDS), np.float32)
    for first, spectra in magnitude_pieces(mono, WINDOW_FRAMES, HOP_FRAMES, _PIECE):
        bands[first : first + len(spectra)] = bands_of(spectra)
        on_progress((first + len(spectra)) / len(bands))
    return envelope_of_bands(bands)


def _loudness(samples: Samples, sample_rate_hz: int) -> LoudnessFigures:
    found = loudness(samples, sample_rate_hz, as_played=True)
    ends = range(0, len(samples), _SQUARED_FRAMES)
    power = sum(float(np.square(samples[at : at + _SQUARED_FRAMES], dtype=np.float64).sum()) for at in ends)
    return LoudnessFigures(
        integrated_lufs=found.integrated_lufs,
        momentary_max_lufs=found.momentary_max_lufs,
        short_term_max_lufs=found.short_term_max_lufs,
        range_lu=found.range_lu,
        true_peak_dbtp=true_peak_dbtp(samples),
        rms_dbfs=decibels(math.sqrt(power / samples.size)),
    )


def _tempo(tempo: Tempo, source: Source) -> TempoFigures:
    by = (
        None
        if tempo.source is None
        else "file"
        if source.bpm and source.bpm_is_of_file
        else str(tempo.source)
    )
    return TempoFigures(
        bpm=tempo.bpm,
        source=by,
        confidence=tempo.confidence,
        alternatives=_rounded(tempo.alternatives),
    )


def _key(found: KeyEstimate, *, is_silent: bool) -> KeyFigures:
    return KeyFigures(
        name=str(found.key) if found.key else None,
        camelot=found.key.camelot if found.key else None,
        confidence=found.confidence,
        alternatives=tuple((str(key), share) for key, share in found.alternatives),
        chroma=(0.0,) * 12 if is_silent else _rounded(found.chroma),
        tuning_cents=found.tuning_cents,
    )


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    """To a tenth of a millisecond, where they are times; more says nothing of anything here."""
    return tuple(round(float(value), 4) for value in values)
