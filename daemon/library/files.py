"""What lies in a take's folder, by name. The sound as played is never written again; all else can be made from it."""

TAKE_WAV = "take.wav"
TAIL_WAV = "tail.wav"  # what rang on after the take, if anything did
TAKE_FLAC = "take.flac"
TAKE_MP3 = "take.mp3"
WAVEFORM_SVG = "waveform.svg"
PEAKS_JSON = "peaks.json"
PEAKS_DAT = "peaks.{}.dat"  # frames per point
TAKE_JSON = "take.json"
ENTRY_JSON = "entry.json"
