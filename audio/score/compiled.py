"""A loop, song, pattern or machine as one list of notes. The page's script has the same rules (score.js, held by golden vectors)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import lcm

from audio.score.chords import chord_notes, note_number, pitch_class
from audio.score.events import MAX_EVENTS, TICKS_PER_QUARTER, Compiled, Note
from audio.score.machines import STYLES, Program
from audio.score.shapes import (
    BEATS_PER_BAR,
    METERS,
    STEPS_PER_BAR,
    BadScore,
    Block,
    Loop,
    Machine,
    Pattern,
    Row,
    Song,
)
from audio.score.sounds import sound_of

_STEP = TICKS_PER_QUARTER * BEATS_PER_BAR // STEPS_PER_BAR
MACHINE_BARS = 4
"""What one turn of a machine has at least."""
CHORD_VELOCITY = 0.7


def compile_loop(loop: Loop) -> Compiled:
    """One turn of it. [any]"""
    return _compiled(_of_loop(loop, BEATS_PER_BAR), loop.bars * BEATS_PER_BAR * TICKS_PER_QUARTER, loop.bpm)


def compile_song(song: Song, loops: Mapping[str, Loop]) -> Compiled:
    """loops: by the ids that blocks name. Bars of a loop have the song's meter: of 3/4, their fourth quarter is left out.

    Raises BadScore for a block whose loop is missing, and for more than MAX_EVENTS notes. [any]
    """
    beats = METERS[song.meter]
    missing = sorted({block.loop for block in song.blocks} - loops.keys())
    if missing:
        raise BadScore(f"Song {song.name!r} has a block of loop {missing[0]}, which is not there.")
    notes = (note for block in song.blocks for note in _of_block(block, loops[block.loop], beats))
    return _compiled(notes, song.total_bars * beats * TICKS_PER_QUARTER, song.bpm, beats)


def compile_pattern(pattern: Pattern) -> Compiled:
    """One turn of it. [any]"""
    step = TICKS_PER_QUARTER // pattern.steps_per_beat
    notes = (note for row in pattern.rows for note in _of_row(row, step, _swung(step, pattern.swing)))
    return _compiled(notes, pattern.beats * TICKS_PER_QUARTER, pattern.bpm)


def compile_machine(machine: Machine) -> Compiled:
    """The shortest turn in which all its programs end together, of MACHINE_BARS at least. Raises BadScore: it names what its style has not. [any]"""
    instruments = STYLES[machine.style].instruments if machine.style in STYLES else None
    if instruments is None:
        raise BadScore(f"Machine {machine.style[:32]!r}: there is none; one of {', '.join(STYLES)}.")
    playing: list[tuple[Program, float, int]] = []
    for player in machine.players:
        programs = instruments.get(player.instrument)
        if programs is None or player.program not in programs:
            raise BadScore(
                f"{player.instrument} {player.program}: the {machine.style} machine has no such program."
            )
        if not player.muted and player.volume > 0:
            playing.append((programs[player.program], player.volume, player.transpose))
    bar = BEATS_PER_BAR * TICKS_PER_QUARTER
    length = lcm(MACHINE_BARS * bar, *(program.length for program, _, _ in playing))
    moved = _semitones(machine.key)
    notes = (
        note
        for program, volume, transpose in playing
        for note in _turns(program, volume, moved + transpose, length)
    )
    return _compiled(notes, length, machine.bpm)


def _of_loop(loop: Loop, beats: int) -> Iterator[Note]:
    """Of its bars the first `beats` quarters."""
    bar = beats * TICKS_PER_QUARTER
    swung = _swung(_STEP, loop.swing)
    for each in loop.steps:
        in_bar = each.step % STEPS_PER_BAR
        if in_bar < beats * STEPS_PER_BAR // BEATS_PER_BAR and each.velocity > 0:
            start = each.step // STEPS_PER_BAR * bar + swung(in_bar)
            yield _note(start, _STEP, each.sound, each.note, each.velocity)
    if loop.chord_sound is None:
        return
    changes = [chord.beat for chord in loop.chords] + [loop.bars * BEATS_PER_BAR]
    for chord, end in zip(loop.chords, changes[1:], strict=True):
        if chord.beat % BEATS_PER_BAR >= beats:
            continue
        start, until = (
            at // BEATS_PER_BAR * bar + min(at % BEATS_PER_BAR, beats) * TICKS_PER_QUARTER
            for at in (chord.beat, end)
        )
        for number in chord_notes(chord.root, chord.quality):
            yield Note(start, until - start, loop.chord_sound, number, CHORD_VELOCITY)


def _of_block(block: Block, loop: Loop, beats: int) -> Iterator[Note]:
    bar = beats * TICKS_PER_QUARTER
    once = list(_of_loop(loop, beats))
    end = (block.start + block.bars) * bar
    for turn in range(block.start * bar, end, loop.bars * bar):
        for note in once:
            if turn + note.start < end:
                start = turn + note.start
                yield note._replace(start=start, length=min(note.length, end - start))


def _of_row(row: Row, step: int, swung: Callable[[int], int]) -> Iterator[Note]:
    for n, velocity in enumerate(row.steps):
        if velocity > 0:
            yield _note(swung(n), step, row.sound, row.notes[n] if row.notes else None, velocity)


def _turns(program: Program, volume: float, moved: int, length: int) -> Iterator[Note]:
    for turn in range(0, length, program.length):
        for note in program.notes:
            number = note.number + (moved if sound_of(note.sound).is_pitched else 0)
            yield note._replace(start=turn + note.start, number=number, velocity=note.velocity * volume)


def _swung(step: int, swing: int) -> Callable[[int], int]:
    """Where step n begins: every second one lies later in its pair."""
    late = 2 * step * swing // 100
    return lambda n: n // 2 * 2 * step + n % 2 * late


def _note(start: int, length: int, sound: str, named: str | None, velocity: float) -> Note:
    number = sound_of(sound).note
    if named is not None and sound_of(sound).is_pitched:
        number = note_number(named) or 0
    return Note(start, length, sound, number, velocity)


def _semitones(key: str) -> int:
    """Up to a fifth upwards, or down from there: no key moves a part by more than half of an octave."""
    up = pitch_class(key.removesuffix("m")) or 0
    return up if up <= 6 else up - 12


def _place(note: Note) -> tuple[int, str, int, float, int]:
    return note.start, note.sound, note.number, note.velocity, note.length


def _compiled(notes: Iterable[Note], length: int, bpm: int, beats: int = BEATS_PER_BAR) -> Compiled:
    found: list[Note] = []
    for note in notes:
        if len(found) == MAX_EVENTS:
            raise BadScore(f"More than {MAX_EVENTS} notes: shorten it, or leave sounds out.")
        found.append(note)
    return Compiled(tuple(sorted(found, key=_place)), length, bpm, beats)
