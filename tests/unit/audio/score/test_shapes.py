"""What is no loop, song, pattern or machine is refused in words that name the place; what is one keeps what it was given."""

import math
from collections.abc import Callable

import msgspec
import pytest

from audio.score.chords import chord_notes, note_number
from audio.score.compiled import compile_machine, compile_song
from audio.score.events import MAX_EVENTS
from audio.score.shapes import BadScore, Block, Chord, Loop, Machine, Pattern, Player, Row, Song, Step

LOOP = {"name": "l", "bars": 1}
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "a loop of three bars": (lambda: Loop(name="l", bars=3), "Length of a loop: 3 bars"),
    "a name of blanks": (lambda: Loop(name="  ", bars=1), "Name of a loop"),
    "a name of 101 letters": (lambda: Song(name="x" * 101, bpm=120), "Name of a song"),
    "a tempo beyond": (lambda: Loop(**LOOP, bpm=241), "Tempo: 241; from 40 to 240"),
    "a swing beyond": (lambda: Loop(**LOOP, swing=49), "Swing: 49"),
    "a colour that is none": (lambda: Loop(**LOOP, color="red"), "Colour"),
    "a colour with a line behind": (lambda: Loop(**LOOP, color="#aabbcc\n"), "Colour"),
    "a key that is none": (lambda: Loop(**LOOP, key="H"), "Key 'H'"),
    "a chord's root": (lambda: Chord(beat=0, root="c", quality="maj"), "Root of a chord"),
    "a chord's quality": (lambda: Chord(beat=0, root="C", quality="happy"), "Quality of a chord: 'happy'"),
    "a chord behind the end": (
        lambda: Loop(**LOOP, chords=(Chord(beat=4, root="C", quality="maj"),)),
        "Beat of a chord: 4",
    ),
    "two chords on a beat": (
        lambda: Loop(**LOOP, chords=(Chord(beat=0, root="C", quality="maj"),) * 2),
        "Chords of a loop",
    ),
    "a step behind the end": (
        lambda: Loop(**LOOP, steps=(Step(step=16, sound="bass"),)),
        "Step 16 lies behind",
    ),
    "a sound that is none": (lambda: Step(step=0, sound="gong"), "Sound 'gong'"),
    "a velocity that is no number": (
        lambda: Step(step=0, sound="bass", velocity=math.nan),
        "Velocity of a step: nan",
    ),
    "a note beyond MIDI": (lambda: Step(step=0, sound="bass", note="G#9"), "Note 'G#9'"),
    "too many steps": (
        lambda: Loop(**LOOP, steps=(Step(step=0, sound="bass"),) * 2_049),
        "2049 steps: at most 2048",
    ),
    "a block behind a song's most": (lambda: Block(id="a", loop="b", start=999, bars=2), "Length of a block"),
    "an id with a blank": (lambda: Block(id="a b", loop="b", start=0, bars=1), "Id of a block"),
    "two blocks of one id": (
        lambda: Song(name="s", bpm=99, blocks=(Block(id="a", loop="b", start=0, bars=1),) * 2),
        "Blocks of a song",
    ),
    "a meter": (lambda: Song(name="s", bpm=99, meter="7/8"), "Meter of a song"),
    "a row too short": (
        lambda: Pattern(name="p", bpm=99, beats=4, rows=(Row(sound="bass", steps=(1.0,)),)),
        "Steps of a row: 1",
    ),
    "notes of half a row": (lambda: Row(sound="bass", steps=(1.0, 0.0), notes=("C4",)), "Notes of a row"),
    "steps of a beat": (lambda: Pattern(name="p", bpm=99, beats=4, steps_per_beat=5), "Steps of a beat: 5"),
    "an instrument twice": (
        lambda: Machine(name="m", style="salsa", bpm=99, players=(Player(instrument="a", program="b"),) * 2),
        "Instruments of a machine",
    ),
    "a machine that is none": (
        lambda: compile_machine(Machine(name="m", style="tango", bpm=99)),
        "Machine 'tango'",
    ),
    "a program that is none": (
        lambda: compile_machine(
            Machine(name="m", style="salsa", bpm=99, players=(Player(instrument="clave", program="x"),))
        ),
        "clave x: the salsa machine has no such program",
    ),
    "a loop that is not there": (
        lambda: compile_song(
            Song(name="s", bpm=99, blocks=(Block(id="a", loop="gone", start=0, bars=1),)), {}
        ),
        "loop gone, which is not there",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_by_its_place(what: str) -> None:
    make, words = REFUSED[what]
    with pytest.raises(BadScore) as refused:
        make()
    assert words in str(refused.value)


def test_a_song_of_more_notes_than_a_page_holds_is_refused() -> None:
    full = Loop(name="l", bars=1, steps=tuple(Step(step=n % 16, sound="drum-kick") for n in range(2_000)))
    blocks = tuple(Block(id=f"b{n}", loop="l", start=n, bars=1) for n in range(26))
    assert 25 * 2_000 == MAX_EVENTS < 26 * 2_000
    assert len(compile_song(Song(name="s", bpm=99, blocks=blocks[:25]), {"l": full}).notes) == MAX_EVENTS
    with pytest.raises(BadScore, match="More than 50000 notes"):
        compile_song(Song(name="s", bpm=99, blocks=blocks), {"l": full})


def test_a_body_decoded_from_json_is_valid_or_there_is_none() -> None:
    body = b'{"name":"night","bars":2,"chords":[{"beat":0,"root":"A","quality":"min7"}],"steps":[{"step":31,"sound":"drum-kick"}]}'
    loop = msgspec.json.decode(body, type=Loop)
    assert (loop.bars, loop.chords[0].quality, loop.steps[0].velocity) == (2, "min7", 0.8)
    with pytest.raises(msgspec.ValidationError, match="Step 31 lies behind"):
        msgspec.json.decode(body.replace(b'"bars":2', b'"bars":1'), type=Loop)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body.replace(b'"step":31', b'"step":1.5'), type=Loop)


def test_notes_and_chords_by_name() -> None:
    assert [note_number(name) for name in ("C4", "A4", "C-1", "G9", "Cb4", "B#3")] == [60, 69, 0, 127, 59, 60]
    assert chord_notes("C", "maj7") == (60, 64, 67, 71)
    assert all(53 <= chord_notes(root, "5")[0] < 65 for root in "CDEFGAB")
