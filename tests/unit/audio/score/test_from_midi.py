"""Loops and patterns of the notes of MIDI files: what fits comes in on the nearest sixteenth, what does not is told."""

import random

import pytest

from audio.score.chords import note_name, note_number
from audio.score.compiled import compile_loop, compile_pattern
from audio.score.from_midi import loop_of, pattern_of
from audio.score.midi import MidiNote, MidiSong, read_midi, write_midi
from audio.score.shapes import BadScore, Loop, Pattern, Step
from audio.score.sounds import SOUNDS, STUDIO
from tests.support.scores import random_loop


def note(step: float, number: int, channel: int = 0, velocity: float = 0.5) -> MidiNote:
    return MidiNote(round(step * 240), 240, channel, number, velocity)


def test_what_was_written_is_read_as_it_was() -> None:
    loop = Loop(
        name="Steps",
        bars=4,
        bpm=97,
        chord_sound=None,
        steps=(
            Step(step=0, sound="drum-kick", velocity=1.0),
            Step(step=5, sound="bass", velocity=0.5, note="A1"),
            Step(step=40, sound="pad", velocity=0.25, note="C#4"),
        ),
    )
    found = loop_of(read_midi(write_midi(compile_loop(loop), "Steps")), "Steps")
    assert isinstance(found.score, Loop) and found.told == ()
    assert (found.score.bars, found.score.bpm) == (4, 97)
    assert [(s.step, s.sound, s.note) for s in found.score.steps] == [
        (s.step, s.sound, s.note) for s in loop.steps
    ]


def test_onsets_of_random_loops_stay_where_they_are() -> None:
    chance = random.Random(3)
    for _ in range(30):
        loop = random_loop(chance)
        straight = Loop(name="x", bars=loop.bars, bpm=loop.bpm, steps=loop.steps, chord_sound=None)
        compiled = compile_loop(straight)
        if not compiled.notes:
            continue
        for made in (loop_of, pattern_of):
            score = made(read_midi(write_midi(compiled, "x")), "x").score
            again = compile_loop(score) if isinstance(score, Loop) else compile_pattern(score)
            assert {n.start for n in again.notes} <= {n.start for n in compiled.notes}
            assert {n.start for n in again.notes if n.sound in STUDIO} >= {
                n.start for n in compiled.notes if SOUNDS[n.sound].program is not None
            }


def test_what_does_not_fit_is_told() -> None:
    song = MidiSong(120.0, (note(0, 36, 9), note(1, 90, 9), note(127.4, 60), note(200, 60)))
    found = loop_of(song, "")
    assert found.score.name == "From MIDI" and isinstance(found.score, Loop) and found.score.bars == 8
    assert [(s.step, s.sound) for s in found.score.steps] == [(0, "drum-kick"), (127, "keys")]
    assert found.told == (
        "1 notes lie behind bar 8 and were left out.",
        "1 strokes of percussion have no sound here and were left out.",
    )
    with pytest.raises(BadScore, match="no note"):
        loop_of(MidiSong(120.0, ()), "x")


def test_notes_of_one_sound_that_sound_together_have_rows_of_their_own() -> None:
    song = MidiSong(90.4, (note(0, 60), note(0, 64), note(4, 60), note(2, 33, 1), note(17, 38, 9)))
    found = pattern_of(song, "x").score
    assert isinstance(found, Pattern) and (found.bpm, found.beats) == (90, 8)
    assert [row.sound for row in found.rows] == ["bass", "drum-snare", "keys", "keys"]
    assert found.rows[2].notes[:5] == ("C4", None, None, None, "C4") and found.rows[1].notes == ()


def test_every_note_has_its_name() -> None:
    assert [note_number(note_name(number)) for number in range(128)] == list(range(128))
