"""The operations of listening; listening.py has their shapes."""

from relay.wire import downloads
from relay.wire import listening as shapes
from relay.wire.facts import RelayFacts
from relay.wire.operation import AudioBytes, Interface, Nothing
from relay.wire.rest import Confirmation

_row = Interface(tag="listening").row


FACTS = _row(
    "GET",
    "/config",
    Nothing,
    Nothing,
    RelayFacts,
    "What a client has to know of this relay before anybody is signed in.",
)
ANALYZE = _row(
    "POST",
    "/audio/analyze",
    shapes.SoundForm,
    shapes.StoreQuery,
    shapes.Analyzed,
    "Have a file listened to: loudness, tempo, key, beats, timbre, parts.",
    streamed=True,
)
COMPARE = _row(
    "POST",
    "/audio/compare",
    shapes.TwoSoundsForm,
    Nothing,
    shapes.Compared,
    "How alike two files are, and what changed if they are of one piece.",
    streamed=True,
)
CONVERT = _row(
    "POST",
    "/audio/convert",
    shapes.SoundForm,
    shapes.ConvertQuery,
    shapes.Converted,
    "A file in another format.",
    streamed=True,
)
CONVERT_SAMPLE = _row(
    "POST",
    "/samples/{creation_id}/convert",
    Nothing,
    shapes.ConvertQuery,
    shapes.Converted,
    "A sample of yours in another format.",
)
DRAW_WAVEFORM = _row(
    "POST",
    "/audio/waveform",
    shapes.SoundForm,
    shapes.WaveformQuery,
    shapes.WaveformDrawn,
    "The waveform of a file, drawn and as numbers.",
    streamed=True,
)
ANALYSIS = _row(
    "GET",
    "/audio/analysis/{analysis_id}",
    Nothing,
    Nothing,
    shapes.AnalysisResults,
    "What was heard in a file of yours.",
)
DELETE_ANALYSIS = _row(
    "DELETE",
    "/audio/analysis/{analysis_id}",
    Nothing,
    Nothing,
    Confirmation,
    "Delete what was heard in a file of yours.",
)
ANALYSES = _row(
    "GET",
    "/audio/user-analyses",
    Nothing,
    shapes.AnalysesQuery,
    shapes.AnalysisPage,
    "What was heard in your files, the newest first.",
)
LISTENING_FILE = _row(
    "GET",
    "/audio/files/{listening_id}/{file}",
    Nothing,
    Nothing,
    AudioBytes,
    "What was made for you: a picture, a converted file.",
)
ANALYZE_TRACK = _row(
    "POST",
    "/analyze/analyze",
    shapes.TrackGiven,
    Nothing,
    shapes.TrackJob,
    "Have something of yours that is here listened to.",
)
ANALYZE_JOB = _row(
    "GET",
    "/analyze/job/{job_id}",
    Nothing,
    Nothing,
    shapes.TrackJob,
    "How far a job that listens is.",
)
TRACK_ANALYSIS = _row(
    "GET",
    "/analyze/track/{creation_id}",
    Nothing,
    Nothing,
    shapes.TrackAnalysis,
    "What was heard in something of yours.",
)
DETECT_NOTES = _row(
    "POST",
    "/analyze/notes",
    shapes.NotesGiven,
    Nothing,
    shapes.TrackJob,
    "Have the notes of something of yours that is here heard.",
)
TRACK_NOTES = _row(
    "GET",
    "/analyze/track/{creation_id}/notes",
    Nothing,
    Nothing,
    shapes.TrackNotes,
    "The notes that were heard in something of yours, as JSON and as MIDI.",
)
FETCH_LINK = _row(
    "POST",
    "/spotify/fetch",
    downloads.LinkGiven,
    Nothing,
    downloads.LinkDetails,
    "What a link to a music service is called.",
)
DOWNLOAD = _row(
    "POST",
    "/download/track",
    downloads.DownloadGiven,
    Nothing,
    downloads.DownloadJob,
    "A private post of a sound: of an upload, of your library, or of an https address to which you have the rights.",
)
DOWNLOAD_JOB = _row(
    "GET", "/download/job/{job_id}", Nothing, Nothing, downloads.DownloadJob, "How far a download is."
)
TRACK_DOWNLOAD = _row(
    "GET",
    "/download/track/{track_id}",
    Nothing,
    Nothing,
    downloads.DownloadJob,
    "How far the newest download of a track is.",
)
SEPARATE = _row(
    "POST",
    "/process/separate",
    shapes.SeparationGiven,
    Nothing,
    shapes.TrackJob,
    "Have something of yours that is here taken apart.",
)
SEPARATE_JOB = _row(
    "GET",
    "/process/job/{job_id}",
    Nothing,
    Nothing,
    shapes.TrackJob,
    "How far a job that takes something apart is.",
)
TRACK_STEMS = _row(
    "GET",
    "/process/track/{creation_id}",
    Nothing,
    Nothing,
    shapes.TrackStems,
    "What something of yours was taken apart into.",
)
STEM = _row(
    "GET",
    "/process/track/{creation_id}/stems/{stem}",
    Nothing,
    Nothing,
    AudioBytes,
    "A part, as FLAC.",
)
STEMS_ZIP = _row(
    "GET",
    "/process/track/{creation_id}/stems.zip",
    Nothing,
    Nothing,
    AudioBytes,
    "All parts, as a ZIP file.",
)
