"""A loop or a pattern of the notes of a MIDI file, each on the nearest sixteenth; what does not fit is left out, and told.

The studio's page has the same rules (studio/midi.js).
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

from audio.score.chords import note_name
from audio.score.events import TICKS_PER_QUARTER
from audio.score.midi import DRUM_CHANNEL, MidiNote, MidiSong
from audio.score.shapes import (
    LOOP_BARS,
    MAX_BPM,
    MAX_NAME_CHARS,
    MAX_PATTERN_BEATS,
    MAX_ROWS,
    MAX_STEPS,
    MIN_BPM,
    STEPS_PER_BAR,
    BadScore,
    Loop,
    Pattern,
    Row,
    Step,
)

_STEP = TICKS_PER_QUARTER // 4
_STEPS_PER_BEAT = 4
_LOW_NOTE = 45
"""A channel that says no program and goes below this (A2) is a bass."""
_DRUM_RANGES = {
    "drum-kick": (35, 36),
    "drum-rim": (37,),
    "drum-snare": (38, 40),
    "drum-clap": (39,),
    "tom-low": (41, 43, 45),
    "tom-high": (47, 48, 50),
    "hat-closed": (42, 44),
    "hat-open": (46,),
    "cymbal": (49, 51, 52, 53, 55, 57, 59),
    "shaker": (54, 69, 70, 82),
    "cowbell": (56,),
    "bongo-high": (60,),
    "bongo-low": (61,),
    "conga-slap": (62,),
    "conga-open": (63,),
    "tumba-open": (64,),
    "timbal-high": (65,),
    "timbal-low": (66,),
    "guiro-short": (73,),
    "guiro-long": (74,),
    "clave": (75, 76, 77),
}
_DRUMS = MappingProxyType({key: sound for sound, keys in _DRUM_RANGES.items() for key in keys})
"""General MIDI's percussion, by what of ours is nearest."""


class FromMidi(NamedTuple):
    """told: sentences on what was left out."""

    score: Loop | Pattern
    told: tuple[str, ...]


class _Hit(NamedTuple):
    step: int
    sound: str
    velocity: float
    note: str | None


def loop_of(song: MidiSong, name: str) -> FromMidi:
    """Of 1, 2, 4 or 8 bars. Raises BadScore: there is no note in it. [any]"""
    last = _last_step(song)
    bars = next((count for count in LOOP_BARS if count * STEPS_PER_BAR > last), LOOP_BARS[-1])
    hits, told = _hits(song, bars * STEPS_PER_BAR, f"bar {bars}")
    steps = [Step(step=hit.step, sound=hit.sound, velocity=hit.velocity, note=hit.note) for hit in hits]
    if len(steps) > MAX_STEPS:
        told.append(f"A loop holds at most {MAX_STEPS} notes: {len(steps) - MAX_STEPS} were left out.")
    loop = Loop(name=_name(name), bars=bars, bpm=_bpm(song), steps=tuple(steps[:MAX_STEPS]))
    return FromMidi(loop, tuple(told))


def pattern_of(song: MidiSong, name: str) -> FromMidi:
    """Of whole bars, in sixteenths; a row for each sound, and for each note that sounds together with another of it.

    Raises BadScore: there is no note in it. [any]
    """
    bars = min(_last_step(song) // STEPS_PER_BAR + 1, MAX_PATTERN_BEATS // 4)
    count = bars * STEPS_PER_BAR
    hits, told = _hits(song, count, f"bar {bars}")
    rows: list[tuple[str, dict[int, _Hit]]] = []
    for hit in hits:
        free = next((row for sound, row in rows if sound == hit.sound and hit.step not in row), None)
        if free is None:
            free = {}
            rows.append((hit.sound, free))
        free[hit.step] = hit
    rows.sort(key=lambda row: row[0])
    if len(rows) > MAX_ROWS:
        told.append(f"A pattern has at most {MAX_ROWS} rows: {len(rows) - MAX_ROWS} were left out.")
    pattern = Pattern(
        name=_name(name),
        bpm=_bpm(song),
        beats=count // _STEPS_PER_BEAT,
        steps_per_beat=_STEPS_PER_BEAT,
        rows=tuple(_row(sound, row, count) for sound, row in rows[:MAX_ROWS]),
    )
    return FromMidi(pattern, tuple(told))


def _row(sound: str, hits: dict[int, _Hit], count: int) -> Row:
    found = [hits.get(n) for n in range(count)]
    notes = tuple(None if hit is None else hit.note for hit in found)
    velocities = tuple(0.0 if hit is None else hit.velocity for hit in found)
    return Row(sound=sound, steps=velocities, notes=notes if any(notes) else ())


def _hits(song: MidiSong, end: int, where: str) -> tuple[list[_Hit], list[str]]:
    """Those before step `end`, each sound and note once on a step, and what is to be told of the others."""
    hits: dict[tuple[int, str, str | None], _Hit] = {}
    behind = strange = 0
    for note, sound in _with_sounds(song):
        step = _step(note)
        if step >= end:
            behind += 1
        elif sound is None:
            strange += 1
        else:
            named = None if note.channel == DRUM_CHANNEL else note_name(note.number)
            hits[step, sound, named] = _Hit(step, sound, round(note.velocity, 2), named)
    told = []
    if behind:
        told.append(f"{behind} notes lie behind {where} and were left out.")
    if strange:
        told.append(f"{strange} strokes of percussion have no sound here and were left out.")
    return list(hits.values()), told


def _with_sounds(song: MidiSong) -> Iterator[tuple[MidiNote, str | None]]:
    lowest: dict[int, int] = {}
    for note in song.notes:
        lowest[note.channel] = min(lowest.get(note.channel, note.number), note.number)
    for note in song.notes:
        if note.channel == DRUM_CHANNEL:
            yield note, _DRUMS.get(note.number)
        else:
            yield note, _sound(song.programs.get(note.channel), lowest[note.channel] < _LOW_NOTE)


def _sound(program: int | None, is_low: bool) -> str:
    """What of ours is nearest to a program of General MIDI."""
    if program is None:
        return "bass" if is_low else "keys"
    families = {"bass": (32, 39), "synth-lead": (80, 87), "pad": (88, 103), "synth-pluck": (24, 31)}
    return next((name for name, (low, high) in families.items() if low <= program <= high), "keys")


def _step(note: MidiNote) -> int:
    return (2 * note.start + _STEP) // (2 * _STEP)


def _last_step(song: MidiSong) -> int:
    """Raises BadScore."""
    if not song.notes:
        raise BadScore("There is no note in this MIDI file.")
    return max(map(_step, song.notes))


def _bpm(song: MidiSong) -> int:
    return min(max(round(song.bpm), MIN_BPM), MAX_BPM)


def _name(name: str) -> str:
    return name.strip()[:MAX_NAME_CHARS].strip() or "From MIDI"
