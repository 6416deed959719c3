"""Notes that were heard as a Standard MIDI File."""

import io
from collections.abc import Sequence

import mido

from audio.notes.shapes import DetectedNote

TICKS_PER_QUARTER = 480
UNKNOWN_BPM = 120.0
"""What a file without a tempo is read at; notes lie where they were heard at any."""


def midi_of(notes: Sequence[DetectedNote], bpm: float | None) -> bytes:
    """bpm: of the file's beats, as far as it is known. Velocities are how sure the model was. [any]"""
    tempo = mido.bpm2tempo(bpm or UNKNOWN_BPM)
    file = mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_QUARTER)
    track = file.add_track()
    track.append(mido.MetaMessage("set_tempo", tempo=tempo))
    ticks_per_s = TICKS_PER_QUARTER * 1e6 / tempo
    events = []
    for note in notes:
        velocity = max(1, min(127, round(127 * note.strength)))
        events.append((round(note.start_s * ticks_per_s), 1, note.pitch, velocity))
        events.append((round(note.end_s * ticks_per_s), 0, note.pitch, 0))
    at = 0
    for ticks, is_on, pitch, velocity in sorted(events):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=velocity, time=ticks - at))
        at = ticks
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()
