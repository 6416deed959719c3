"""A note that was heard, and by what one can be; for whoever asks without hearing."""

from collections.abc import Mapping

from msgspec import Struct

SAYS: Mapping[str, str] = {
    "pyin": "one note at a time: a voice, a bass, a lead; signal processing, it hears no chords",
    "basic-pitch": "several notes at once, of any instrument but drums; a model of Spotify",
}
"""By the name of the engine, one line for the person who chooses. The first is what is used where none is named."""


class DetectedNote(Struct, frozen=True, kw_only=True):
    """pitch: MIDI, 60 is the middle C. start_s, end_s: seconds of the clip. strength: 0..1, how sure the model is while it sounds."""

    pitch: int
    start_s: float
    end_s: float
    strength: float
