"""What a clip is, musically: tempo, key, onsets, the sound of it. One call for the pipeline.

Not a judgement of level (audio.loudness) and not a fingerprint (audio.fingerprint). What cannot be known is None.
"""

from dataclasses import dataclass

from audio.intake import Samples, require_rate, require_shape
from audio.key import KeyEstimate, key_of
from audio.key_notes import FRAME_RATE_HZ as NOTE_RATE_HZ
from audio.key_notes import HOP_FRAMES as NOTE_HOP_FRAMES
from audio.key_notes import WINDOW_FRAMES as NOTE_WINDOW_FRAMES
from audio.key_notes import harmonic_change, note_frames
from audio.onsets import HOP_FRAMES, WINDOW_FRAMES, onset_envelope, onset_times_s
from audio.spectrum import SpectralSummary, analysis_mono, magnitudes, summarise
from audio.tempo import Tempo, tempo_of_audio, tempo_of_bars, tempo_of_transport

MAX_SECONDS = 120
"""A longer clip is judged by its middle: tempo and key need no more, and memory stays bounded."""


@dataclass(frozen=True)
class Analysis:
    """tempo, key, spectrum: see their types. onsets_s: where notes and hits begin, seconds from the start of the clip.

    analysed_s: (from, to), the part of the clip all this is about.
    """

    tempo: Tempo
    key: KeyEstimate
    spectrum: SpectralSummary
    onsets_s: tuple[float, ...]
    analysed_s: tuple[float, float]


def analyse(
    samples: Samples,
    sample_rate_hz: int,
    *,
    transport_bpm: float | None,
    transport_meter: tuple[int, int] | None,
    bars: int | None,
) -> Analysis:
    """Same input, same figures. [worker]: some 60 ms of processor time for 16 s

    samples: finite float32 (frames >= 1, 1 or 2 channels), as audio.intake.sanitize() returns them; not written to.
    transport_bpm: what the host played at throughout, None when unknown or changing; > 0. transport_meter: (beats,
    beat unit), as (6, 8). bars: how many bars the clip is cut to; with transport_meter, and without transport_bpm, it
    gives the tempo. Raises UnsupportedAudio.
    """
    require_rate(sample_rate_hz)
    require_shape(samples)
    seconds = len(samples) / sample_rate_hz
    first = max(0, (len(samples) - MAX_SECONDS * sample_rate_hz) // 2)
    part = samples[first : first + MAX_SECONDS * sample_rate_hz]
    part_seconds = len(part) / sample_rate_hz
    mono = analysis_mono(part, sample_rate_hz)
    spectra = magnitudes(mono, WINDOW_FRAMES, HOP_FRAMES)
    envelope = onset_envelope(spectra)
    notes = note_frames(magnitudes(mono, NOTE_WINDOW_FRAMES, NOTE_HOP_FRAMES))
    if transport_bpm is not None and transport_bpm > 0:
        tempo = tempo_of_transport(transport_bpm, seconds)
    elif bars is not None and bars > 0 and transport_meter is not None:
        beats, unit = transport_meter
        tempo = tempo_of_bars(bars, beats * 4 / unit, seconds)
    else:
        tempo = tempo_of_audio(envelope, harmonic_change(notes.strength), NOTE_RATE_HZ, part_seconds)
    start_s = first / sample_rate_hz
    return Analysis(
        tempo=tempo,
        key=key_of(notes),
        spectrum=summarise(spectra, WINDOW_FRAMES),
        onsets_s=tuple(start_s + time_s for time_s in onset_times_s(envelope)),
        analysed_s=(start_s, start_s + part_seconds),
    )
