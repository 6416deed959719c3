"""Where the notes of a score stand, held against places counted another way."""

import random
from fractions import Fraction

import pytest

from audio.score.compiled import compile_loop, compile_machine, compile_pattern, compile_song
from audio.score.events import TICKS_PER_QUARTER, frame_of
from audio.score.machines import STYLES
from audio.score.shapes import Block, Chord, Loop, Machine, Pattern, Player, Row, Song, Step
from tests.support.scores import random_loop

SEVENTH = Chord(beat=2, root="G", quality="7")


def test_a_loop_has_its_steps_on_sixteenths_and_its_chords_until_the_next() -> None:
    loop = Loop(
        name="l",
        bars=1,
        chords=(Chord(beat=0, root="C", quality="maj"), SEVENTH),
        steps=(
            Step(step=4, sound="drum-kick", velocity=1.0),
            Step(step=15, sound="bass", note="E2"),
            Step(step=3, sound="bass", velocity=0),
        ),
    )
    notes = compile_loop(loop).notes
    assert [(each.start, each.length, each.sound, each.number) for each in notes] == [
        (0, 1920, "keys", 60),
        (0, 1920, "keys", 64),
        (0, 1920, "keys", 67),
        (960, 240, "drum-kick", 60),
        (1920, 1920, "keys", 55),
        (1920, 1920, "keys", 59),
        (1920, 1920, "keys", 62),
        (1920, 1920, "keys", 65),
        (3600, 240, "bass", 40),
    ]


@pytest.mark.parametrize(("swing", "place"), [(50, 240), (60, 288), (67, 321), (75, 360)])
def test_swing_moves_every_second_sixteenth(swing: int, place: int) -> None:
    steps = tuple(Step(step=n, sound="hat-closed") for n in range(4))
    starts = [each.start for each in compile_loop(Loop(name="l", bars=1, swing=swing, steps=steps)).notes]
    assert starts == [0, place, 480, 480 + place]


def test_a_song_repeats_its_loops_and_ends_with_its_blocks() -> None:
    loop = Loop(
        name="l",
        bars=2,
        chords=(Chord(beat=4, root="C", quality="5"),),
        steps=(Step(step=0, sound="drum-kick"),),
    )
    song = Song(
        name="s",
        bpm=99,
        blocks=(Block(id="a", loop="l", start=1, bars=3), Block(id="b", loop="l", start=6, bars=1)),
    )
    compiled = compile_song(song, {"l": loop})
    bar = 4 * TICKS_PER_QUARTER
    assert compiled.length == 7 * bar
    assert [each.start // bar for each in compiled.notes if each.sound == "drum-kick"] == [1, 3, 6]
    assert [
        (each.start // bar, each.length)
        for each in compiled.notes
        if each.number == 60 and each.sound == "keys"
    ] == [(2, bar)]


def test_a_song_of_three_quarters_leaves_out_the_fourth_of_each_bar() -> None:
    steps = tuple(Step(step=n, sound="drum-kick") for n in (0, 11, 12, 16, 27, 28))
    loop = Loop(
        name="l",
        bars=2,
        steps=steps,
        chords=(Chord(beat=2, root="C", quality="5"), Chord(beat=3, root="D", quality="5")),
    )
    compiled = compile_song(
        Song(name="s", bpm=99, meter="3/4", blocks=(Block(id="a", loop="l", start=0, bars=2),)), {"l": loop}
    )
    assert [each.start for each in compiled.notes if each.sound == "drum-kick"] == [0, 2640, 2880, 5520]
    assert [(each.start, each.length, each.number) for each in compiled.notes if each.sound == "keys"] == [
        (1920, 960, 60),
        (1920, 960, 67),
    ]


def test_a_pattern_of_triplets() -> None:
    row = Row(sound="conga-open", steps=(0.5, 0, 0, 1.0, 0, 0.25))
    compiled = compile_pattern(Pattern(name="p", bpm=90, beats=2, steps_per_beat=3, rows=(row,)))
    assert [(each.start, each.velocity) for each in compiled.notes] == [(0, 0.5), (960, 1.0), (1600, 0.25)]
    assert compiled.length == 2 * TICKS_PER_QUARTER


@pytest.mark.parametrize("style", STYLES)
def test_every_program_of_a_machine_plays_within_its_turn_and_ends_with_the_others(style: str) -> None:
    for instrument, programs in STYLES[style].instruments.items():
        for program, what in programs.items():
            assert what.notes and all(
                0 <= note.start < what.length and 0 <= note.number <= 127 for note in what.notes
            )
            player = Player(instrument=instrument, program=program, volume=0.5)
            compiled = compile_machine(Machine(name="m", style=style, bpm=120, key="D", players=(player,)))
            assert compiled.length % what.length == 0 and compiled.length >= 4 * 4 * TICKS_PER_QUARTER
            assert len(compiled.notes) == len(what.notes) * compiled.length // what.length
            muted = Machine(
                name="m",
                style=style,
                bpm=120,
                players=(Player(instrument=instrument, program=program, muted=True),),
            )
            assert compile_machine(muted).notes == ()


def test_the_son_clave_stands_where_clave_players_put_it() -> None:
    compiled = compile_machine(
        Machine(name="m", style="salsa", bpm=180, players=(Player(instrument="clave", program="son-3-2"),))
    )
    eighths = [note.start // (TICKS_PER_QUARTER // 2) for note in compiled.notes][:5]
    assert eighths == [0, 3, 6, 10, 12]


def test_frames_are_the_nearest_of_the_exact_place_at_any_tempo() -> None:
    chance = random.Random(3)
    for _ in range(2_000):
        ticks, bpm, rate_hz = (
            chance.randrange(10**6),
            chance.choice([chance.randint(40, 240), Fraction(chance.uniform(20.0, 400.0))]),
            chance.choice([44_100, 48_000]),
        )
        exact = Fraction(ticks * 60 * rate_hz, TICKS_PER_QUARTER * bpm)
        assert abs(frame_of(ticks, bpm, rate_hz) - exact) <= Fraction(1, 2)


def test_notes_of_a_loop_are_in_order_and_within_its_length() -> None:
    chance = random.Random(5)
    for _ in range(300):
        compiled = compile_loop(random_loop(chance))
        starts = [each.start for each in compiled.notes]
        assert starts == sorted(starts)
        assert all(
            each.start < compiled.length and each.length > 0 and each.velocity > 0 for each in compiled.notes
        )
