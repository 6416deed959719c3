"""What is found out of sound and made of it, as two listening services' specifications write it: `/api/audio` in lower_snake_case with a
file in the request, `/api/analyze` and `/api/process` in camelCase of something that is here already (`trackId`: any creation of one's own).

Ids have dashes, and are taken with and without. Slow work is a job: `/api/audio` answers when it is done, and where that takes longer than a
request may, with 202, `state` and `job_id`; then it is asked for again. Unknown is null.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Confidence, Count, Sentence, Timestamp, Url, Word
from relay.wire.jobs import Fraction
from relay.wire.playground import DashedId
from relay.wire.rest import Bpm, ClipSeconds, Decibels, Key, Sha256

MAX_FILE_NAME = 100
MAX_MOMENTS = 36_000
"""Beats or onsets of one sound: forty a second, of the longest there is."""
MAX_ANALYSES_PAGE = 50
PREVIEW_POINTS = 100
MAX_PX = 4_096

FileName = Annotated[str, Meta(max_length=MAX_FILE_NAME, pattern=PRINTABLE)]
Figure = Annotated[float, Meta(ge=-1e9, le=1e9)]
Figures = Annotated[list[Figure], Meta(max_length=16)]
Moments = Annotated[list[ClipSeconds], Meta(max_length=MAX_MOMENTS)]
Level = Annotated[float, Meta(ge=-1.0, le=1.0)]
TrackId = Annotated[
    str, Meta(min_length=32, max_length=36, pattern=r"^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\Z")
]
Hex = Annotated[str, Meta(pattern=r"^#[0-9A-Fa-f]{6}\Z", min_length=7, max_length=7)]
Background = Annotated[str, Meta(pattern=r"^(?:transparent|#[0-9A-Fa-f]{6})\Z", max_length=11)]


class SoundForm(Struct, frozen=True, kw_only=True):
    """Stands for a multipart/form-data body with the part `file`: WAV, FLAC, MP3, Ogg and what else can be read."""

    file: bytes


class TwoSoundsForm(Struct, frozen=True, kw_only=True):
    """Stands for a multipart/form-data body with the parts `file1` and `file2`, in this order."""

    file1: bytes
    file2: bytes


class Spread(Struct, frozen=True, kw_only=True):
    """Of a figure over the frames of a sound; one for each of its columns."""

    mean: Figures
    deviation: Figures
    least: Figures
    most: Figures


class OtherKey(Struct, frozen=True, kw_only=True):
    """What the key may be instead."""

    key: Key
    confidence: Confidence


class Section(Struct, frozen=True, kw_only=True):
    """start, end: seconds. Those with one label sound alike."""

    start: ClipSeconds
    end: ClipSeconds
    label: Word


class Pictures(Struct, frozen=True, kw_only=True):
    """Addresses of SVG drawings."""

    spectrogram: Url
    chromagram: Url
    beats: Url


class Features(Struct, frozen=True, kw_only=True):
    """What is heard in a sound. loudness_*: LUFS as played; *_energy: shares, 0..1; beats, onsets: seconds. Figures of frames are those of
    librosa's names: windows of 2,048 at 22,050 Hz, a quarter of that apart.
    """

    algorithm: Word
    content_sha256: Sha256
    duration: ClipSeconds
    sample_rate: Count
    channels: Count
    loudness: Decibels | None
    loudness_momentary: Decibels | None
    loudness_short_term: Decibels | None
    loudness_range: Decibels | None
    true_peak: Decibels | None
    rms_level: Decibels | None
    tempo: Bpm | None
    tempo_source: Word | None
    tempo_confidence: Confidence
    tempo_alternatives: Annotated[list[Bpm], Meta(max_length=16)]
    beats: Moments
    onsets: Moments
    key: Key | None
    camelot: Word | None
    key_confidence: Confidence
    key_alternatives: Annotated[list[OtherKey], Meta(max_length=24)]
    tuning_cents: Figure
    harmonic_energy: Confidence
    percussive_energy: Confidence
    rms: Spread
    zero_crossing_rate: Spread
    spectral_centroid: Spread
    spectral_bandwidth: Spread
    spectral_rolloff: Spread
    spectral_flatness: Spread
    spectral_contrast: Spread
    mfcc: Spread
    chroma: Spread
    tonnetz: Spread
    segments: Annotated[list[Section], Meta(max_length=1_000)]
    lacks: Annotated[list[Sentence], Meta(max_length=16)]
    pictures: Pictures | None


class AnalysisResults(Features, frozen=True, kw_only=True):
    """GET /api/audio/analysis/{analysis_id}: of a file that somebody sent."""

    analysis_id: DashedId
    user_id: DashedId
    file_name: FileName
    created_at: Timestamp


class StoreQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """store_results false: it is answered, and not kept."""

    store_results: bool = True


class Analyzed(Struct, frozen=True, kw_only=True):
    """Answer to POST /api/audio/analyze."""

    analysis_id: DashedId
    job_id: DashedId
    state: Word
    results: AnalysisResults | None


class AnalysesQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """skip: so many of the newest are left out."""

    skip: Annotated[int, Meta(ge=0, le=100_000)] = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_ANALYSES_PAGE)] = 10


class AnalysisPage(Struct, frozen=True, kw_only=True):
    """GET /api/audio/user-analyses: one's own, the newest first."""

    total: Count
    skip: Count
    limit: Count
    analyses: Annotated[list[AnalysisResults], Meta(max_length=MAX_ANALYSES_PAGE)]


class Likenesses(Struct, frozen=True, kw_only=True):
    """0..1 each, null where it is not known of both; overall: the mean of those that are. words, says: for each a word, and in figures.

    changes: sentences on what became otherwise from the first to the second, if the second is a later bounce of the first.
    """

    tempo_similarity: Confidence | None
    timbre_similarity: Confidence | None
    harmonic_similarity: Confidence | None
    rhythm_similarity: Confidence | None
    loudness_similarity: Confidence | None
    overall_similarity: Confidence | None
    words: Annotated[dict[Word, Sentence], Meta(max_length=8)]
    says: Annotated[dict[Word, Sentence], Meta(max_length=8)]
    is_one_piece: bool
    changes: Annotated[list[Sentence], Meta(max_length=64)]


class Compared(Struct, frozen=True, kw_only=True):
    """Answer to POST /api/audio/compare. file1, file2: names of the files."""

    file1: FileName
    file2: FileName
    job_id: DashedId
    state: Word
    comparison_results: Likenesses | None


class ConvertQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """bitrate: kbit/s, of mp3 and ogg. sample_rate: Hz; left out, it stays."""

    target_format: Literal["mp3", "wav", "flac", "ogg"]
    bitrate: Annotated[int, Meta(ge=32, le=320)] = 192
    sample_rate: Annotated[int, Meta(ge=8_000, le=192_000)] | None = None


class Converted(Struct, frozen=True, kw_only=True):
    """Answer to POST /api/audio/convert and /api/samples/{id}/convert. download_url: one's own, for a day."""

    original_filename: FileName
    converted_filename: FileName
    download_url: Url | None
    format: Word
    size_bytes: Count | None
    job_id: DashedId
    state: Word


class WaveformQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """width, height: pixels. color, background: #rrggbb; the latter may be transparent."""

    width: Annotated[int, Meta(ge=1, le=MAX_PX)] = 1800
    height: Annotated[int, Meta(ge=1, le=MAX_PX)] = 280
    color: Hex = "#1E88E5"
    background: Background = "transparent"


class WaveformDrawn(Struct, frozen=True, kw_only=True):
    """Answer to POST /api/audio/waveform. waveform_data: of the first of `width` columns the loudest, 0..1; all of them behind waveform_data_url."""

    waveform_image_url: Url | None
    waveform_data: Annotated[list[Level], Meta(max_length=PREVIEW_POINTS)]
    waveform_data_url: Url | None
    width: Count
    height: Count
    job_id: DashedId
    state: Word


# of a track -----------------------------------------------------------------------------------------------------


class TrackGiven(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of POST /api/analyze/analyze."""

    track_id: TrackId


class TrackJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """status: of the job (see Job.state). progress: how much of it is done, 0..1. error: why nothing came of it."""

    job_id: DashedId
    track_id: DashedId
    status: Word
    stage: Word
    progress: Fraction
    error: Sentence | None


class TrackAnalysis(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/analyze/track/{id}. status: none (nobody asked yet), or of the newest job. analysis: the newest there is, with the names of
    /api/audio.
    """

    track_id: DashedId
    status: Word
    job_id: DashedId | None
    error: Sentence | None
    analyzed_at: Timestamp | None
    analysis: Features | None


class NotesOptions(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """model: the engine."""

    model: Word = "pyin"


class NotesGiven(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of POST /api/analyze/notes."""

    track_id: TrackId
    options: NotesOptions = NotesOptions()


class TrackNotes(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/analyze/track/{id}/notes. status: none (nobody asked yet), or of the newest job. The rest is of the newest there are: model, by which the notes
    were heard, and says, what that is; count; notesUrl: a list of pitch (MIDI), start_s, end_s (seconds), strength (0 to 1); midiUrl: a MIDI file.
    """

    track_id: DashedId
    status: Word
    job_id: DashedId | None
    error: Sentence | None
    model: Word | None
    says: Sentence
    count: Count | None
    notes_url: Url | None
    midi_url: Url | None
    heard_at: Timestamp | None


class SeparateOptions(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """model: the engine. extract*: false leaves a part out; true asks for it, and is refused where the engine does not know it."""

    model: Word = "hpss"
    extract_vocals: bool | None = None
    extract_drums: bool | None = None
    extract_bass: bool | None = None
    extract_other: bool | None = None
    extract_accompaniment: bool | None = None
    extract_percussive: bool | None = None
    extract_harmonic: bool | None = None


class SeparationGiven(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of POST /api/process/separate."""

    track_id: TrackId
    options: SeparateOptions = SeparateOptions()


class Stem(Struct, frozen=True, kw_only=True, rename="camel"):
    """url: FLAC, one's own."""

    name: Word
    url: Url
    size_bytes: Count


class TrackStems(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/process/track/{id}. status: none (nobody asked yet), or of the newest job. model: by which the stems were made, says: what that
    is. zipUrl: all of them in one file.
    """

    track_id: DashedId
    status: Word
    job_id: DashedId | None
    error: Sentence | None
    model: Word | None
    says: Sentence
    stems: Annotated[list[Stem], Meta(max_length=16)]
    zip_url: Url | None
    processed_at: Timestamp | None


# while it is played ---------------------------------------------------------------------------------------------

STREAM_PATH = "/api/stream"
MAX_STREAM_S = 600


class StreamQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the WebSocket /api/stream, whose binary messages are interleaved little-endian PCM, whole frames each. ticket: instead of a token, for
    browsers.
    """

    sample_rate: Annotated[int, Meta(ge=8_000, le=192_000)] = 44_100
    channels: Annotated[int, Meta(ge=1, le=2)] = 1
    format: Literal["s16le", "f32le"] = "s16le"
    ticket: Word = ""


class StreamMoment(Struct, frozen=True, kw_only=True, tag="moment"):
    """Every 100 ms of sound. at: seconds, its end. level, peak: dBFS of these 100 ms, null: digital silence; momentary: LUFS of 400 ms; centroid (Hz)
    and chroma (C first): of the last 93 ms; bands: of these the dBFS in half octaves up to 11 kHz; onsets: seconds, those that are sure by now.
    """

    at: ClipSeconds
    level: Decibels | None
    peak: Decibels | None
    momentary: Decibels | None
    centroid: Figure
    chroma: Annotated[list[Figure], Meta(max_length=12)]
    bands: Annotated[list[Figure], Meta(max_length=32)]
    onsets: Annotated[list[ClipSeconds], Meta(max_length=MAX_MOMENTS)]


class StreamTempo(Struct, frozen=True, kw_only=True, tag="tempo"):
    """Every two seconds of sound, of the last twelve. bpm null: none is heard."""

    at: ClipSeconds
    bpm: Bpm | None
    confidence: Confidence
