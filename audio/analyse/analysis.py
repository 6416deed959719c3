"""What a clip is, musically: tempo, key, onsets, the sound of it, and what finds it again. One call for the pipeline.

Not a judgement of level (audio.measure.loudness). What cannot be known is None.
"""

from dataclasses import dataclass

from audio.analyse.fingerprint import LOOPED_SECONDS, Fingerprint, fingerprint, fingerprint_of
from audio.analyse.key import KeyEstimate, key_of
from audio.analyse.key_notes import FRAME_RATE_HZ as NOTE_RATE_HZ
from audio.analyse.key_notes import HOP_FRAMES as NOTE_HOP_FRAMES
from audio.analyse.key_notes import WINDOW_FRAMES as NOTE_WINDOW_FRAMES
from audio.analyse.key_notes import harmonic_change, note_frames
from audio.analyse.likeness import Vector, embedding
from audio.analyse.onsets import HOP_FRAMES, WINDOW_FRAMES, onset_envelope, onset_times_s
from audio.analyse.spectrum import Frames, SpectralSummary, analysis_mono, magnitudes, middle, summarise
from audio.analyse.tempo import Tempo, tempo_of_audio, tempo_of_bars, tempo_of_transport
from audio.intake import Samples, require_rate, require_shape


@dataclass(frozen=True, eq=False)
class Analysis:
    """tempo, key, spectrum: see their types. onsets_s: where notes and hits begin, seconds from the start of the clip.

    analysed_s: (from, to), the part of the clip all this is about. fingerprint, embedding: for audio.analyse.fingerprint.match
    and audio.analyse.likeness.likeness.
    """

    tempo: Tempo
    key: KeyEstimate
    spectrum: SpectralSummary
    onsets_s: tuple[float, ...]
    analysed_s: tuple[float, float]
    fingerprint: Fingerprint
    embedding: Vector


def analyse(
    samples: Samples,
    sample_rate_hz: int,
    *,
    transport_bpm: float | None,
    transport_meter: tuple[int, int] | None,
    bars: int | None,
    length_is_exact: bool = True,
) -> Analysis:
    """Same input, same figures. [worker]: some 50 ms of processor time for 16 s

    samples: finite float32 (frames >= 1, 1 or 2 channels), as audio.intake.sanitize() returns them; not written to.
    transport_bpm: what the host played at throughout, None when unknown or changing; > 0. transport_meter: (beats,
    beat unit), as (6, 8). bars: how many bars the clip is cut to; with transport_meter, and without transport_bpm, it
    gives the tempo. length_is_exact: see audio.read.clip. Raises UnsupportedAudio.
    """
    require_rate(sample_rate_hz)
    require_shape(samples)
    first, part = middle(samples, sample_rate_hz)
    part_seconds = len(part) / sample_rate_hz
    mono = analysis_mono(part, sample_rate_hz)
    spectra = magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES)
    envelope = onset_envelope(spectra)
    fine_spectra = magnitudes(mono, NOTE_WINDOW_FRAMES, NOTE_HOP_FRAMES)
    notes = note_frames(fine_spectra)
    seconds = len(samples) / sample_rate_hz
    tempo = _tempo_told(transport_bpm, transport_meter, bars, seconds) or tempo_of_audio(
        envelope, harmonic_change(notes.strength), NOTE_RATE_HZ, part_seconds, length_is_exact=length_is_exact
    )
    key, spectrum = key_of(notes), summarise(spectra, WINDOW_FRAMES)
    start_s = first / sample_rate_hz
    return Analysis(
        tempo=tempo,
        key=key,
        spectrum=spectrum,
        onsets_s=tuple(start_s + time_s for time_s in onset_times_s(envelope)),
        analysed_s=(start_s, start_s + part_seconds),
        fingerprint=_print(part, sample_rate_hz, fine_spectra),
        embedding=embedding(spectra, envelope, spectrum, key.chroma, part_seconds),
    )


def likeness_vector(samples: Samples, sample_rate_hz: int) -> Vector:
    """`Analysis.embedding` alone, bit for bit: for who asks for nothing else. [worker]: some 25 ms of processor time for 16 s

    samples: as of `analyse`. Raises UnsupportedAudio.
    """
    require_rate(sample_rate_hz)
    require_shape(samples)
    _, part = middle(samples, sample_rate_hz)
    mono = analysis_mono(part, sample_rate_hz)
    spectra = magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES)
    chroma = key_of(note_frames(magnitudes(mono, NOTE_WINDOW_FRAMES, NOTE_HOP_FRAMES))).chroma
    summary, seconds = summarise(spectra, WINDOW_FRAMES), len(part) / sample_rate_hz
    return embedding(spectra, onset_envelope(spectra), summary, chroma, seconds)


def _tempo_told(
    transport_bpm: float | None, transport_meter: tuple[int, int] | None, bars: int | None, seconds: float
) -> Tempo | None:
    """The tempo that follows from what the host said; None when it did not."""
    if transport_bpm is not None and transport_bpm > 0:
        return tempo_of_transport(transport_bpm, seconds)
    if bars is not None and bars > 0 and transport_meter is not None:
        beats, unit = transport_meter
        return tempo_of_bars(bars, beats * 4 / unit, seconds)
    return None


def _print(part: Samples, sample_rate_hz: int, fine_spectra: Frames) -> Fingerprint:
    """A short clip is heard over and over, the seam with it."""
    is_short = len(part) / sample_rate_hz < LOOPED_SECONDS
    return fingerprint(part, sample_rate_hz) if is_short else fingerprint_of(fine_spectra)
