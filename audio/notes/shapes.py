"""A note that was heard, for whoever asks without hearing."""

from msgspec import Struct

MODEL = "basic-pitch"
"""Of audio.models.table."""


class DetectedNote(Struct, frozen=True, kw_only=True):
    """pitch: MIDI, 60 is the middle C. start_s, end_s: seconds of the clip. strength: 0..1, how sure the model is while it sounds."""

    pitch: int
    start_s: float
    end_s: float
    strength: float
