"""Standard MIDI Files (RP-001, version 1.0): a compiled score as one, and the notes of one that somebody has."""

import io
from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import mido

from audio.score.events import MAX_EVENTS, TICKS_PER_QUARTER, Compiled
from audio.score.shapes import MAX_BPM, MIN_BPM, BadScore
from audio.score.sounds import sound_of

MAX_FILE_BYTES = 1_000_000
DRUM_CHANNEL = 9
"""Channel 10 as people count: the percussion of General MIDI."""
_STROKE_TICKS = TICKS_PER_QUARTER // 8


class MidiNote(NamedTuple):
    """start, length: in ticks of TICKS_PER_QUARTER. velocity: over 0, to 1."""

    start: int
    length: int
    channel: int
    number: int
    velocity: float


class MidiSong(NamedTuple):
    """bpm: of the first tempo, 120 where none is said, as the standard has it. notes: by start. programs: the first of each channel."""

    bpm: float
    notes: tuple[MidiNote, ...]
    programs: Mapping[int, int] = MappingProxyType({})


def write_midi(score: Compiled, name: str) -> bytes:
    """Format 1: tempo and name first, then a track for each sound. [any]"""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    head = file.add_track(name)
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(float(score.bpm))))
    head.append(mido.MetaMessage("time_signature", numerator=score.beats_per_bar, denominator=4))
    head.append(mido.MetaMessage("end_of_track", time=score.length))
    channels = iter(each for each in range(16) if each != DRUM_CHANNEL)
    for sound in sorted({note.sound for note in score.notes}):
        program = sound_of(sound).program
        channel = DRUM_CHANNEL if program is None else next(channels)
        track = file.add_track(sound_of(sound).label)
        if program is not None:
            track.append(mido.Message("program_change", channel=channel, program=program))
        _add_notes(track, score, sound, channel)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def read_midi(data: bytes) -> MidiSong:
    """Raises BadScore: too large, no MIDI file, broken, or with more than MAX_EVENTS notes. [any]"""
    if len(data) > MAX_FILE_BYTES:
        raise BadScore(f"A MIDI file of {len(data):,} bytes: at most {MAX_FILE_BYTES:,}.")
    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except Exception as error:  # of a dozen kinds, by where a broken file breaks off
        raise BadScore("This is no MIDI file, or it is broken.") from error
    if file.ticks_per_beat <= 0:
        raise BadScore("This MIDI file counts time in frames of film; one that counts in quarters is needed.")
    bpm: float | None = None
    notes: list[MidiNote] = []
    programs: dict[int, int] = {}
    open_notes: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    now = 0
    for message in mido.merge_tracks(file.tracks):
        now += message.time
        at = now * TICKS_PER_QUARTER // file.ticks_per_beat
        if message.type == "set_tempo" and bpm is None and message.tempo > 0:
            bpm = min(max(mido.tempo2bpm(message.tempo), MIN_BPM), MAX_BPM)
        elif message.type == "program_change":
            programs.setdefault(message.channel, message.program)
        elif message.type == "note_on" and message.velocity > 0:
            open_notes[message.channel, message.note].append((at, message.velocity))
        elif message.type in ("note_on", "note_off") and open_notes[message.channel, message.note]:
            start, velocity = open_notes[message.channel, message.note].pop(0)
            notes.append(MidiNote(start, at - start, message.channel, message.note, velocity / 127))
        if len(notes) > MAX_EVENTS:
            raise BadScore(f"More than {MAX_EVENTS} notes: shorten it.")
    for (channel, number), begun in open_notes.items():  # that nobody ended
        notes += [
            MidiNote(start, _STROKE_TICKS, channel, number, velocity / 127) for start, velocity in begun
        ]
    return MidiSong(bpm or 120.0, tuple(sorted(notes)[:MAX_EVENTS]), programs)


def _add_notes(track: mido.MidiTrack, score: Compiled, sound: str, channel: int) -> None:
    drum = sound_of(sound).drum
    messages: list[tuple[int, int, mido.Message]] = []
    for note in score.notes:
        if note.sound == sound:
            number = note.number if sound_of(sound).program is not None else drum
            velocity = max(round(note.velocity * 127), 1)
            on = mido.Message("note_on", channel=channel, note=number, velocity=velocity)
            messages += [
                (note.start, 1, on),
                (note.start + note.length, 0, mido.Message("note_off", channel=channel, note=number)),
            ]
    now = 0
    for at, _, message in sorted(messages, key=lambda each: each[:2]):  # what ends comes before what begins
        track.append(message.copy(time=at - now))
        now = at
    track.append(mido.MetaMessage("end_of_track", time=max(score.length - now, 0)))
