"""Scores at random, valid ones of every kind."""

import random

import msgspec

from audio.score.chords import QUALITIES
from audio.score.machines import STYLES
from audio.score.shapes import (
    LOOP_BARS,
    MAX_SWING,
    METERS,
    MIN_SWING,
    STEPS_PER_BEAT,
    Block,
    Chord,
    Loop,
    Machine,
    Pattern,
    Player,
    Row,
    Song,
    Step,
)
from audio.score.sounds import SOUNDS, STUDIO
from daemon.core.creations import Creation
from daemon.core.scores import read_json, text_of
from daemon.library.creations import Creations

LOOP_JSON = b"""{"kind": "loop", "name": "Night drive", "bars": 2, "bpm": 96, "key": "Am",
 "chords": [{"beat": 0, "root": "A", "quality": "min"}, {"beat": 6, "root": "F", "quality": "maj7"}],
 "steps": [{"step": 0, "sound": "drum-kick"}, {"step": 20, "sound": "drum-snare", "velocity": 0.5},
           {"step": 4, "sound": "bass", "velocity": 0.3, "note": "A1"}]}"""
"""A file of a loop of two bars."""
ROOTS = tuple(letter + sign for letter in "CDEFGAB" for sign in ("", "#", "b"))


def new_loop(library: Creations, **fields: object) -> Creation:
    """LOOP_JSON as a creation of the library, not stored yet."""
    text = text_of(read_json(LOOP_JSON).score)
    return msgspec.structs.replace(library.new("loop", "Night drive", text), **fields)


def random_loop(chance: random.Random) -> Loop:
    bars = chance.choice(LOOP_BARS)
    beats = sorted(chance.sample(range(bars * 4), chance.randint(0, min(4, bars * 4))))
    return Loop(
        name="loop",
        bars=bars,
        chords=tuple(
            Chord(beat=beat, root=chance.choice(ROOTS), quality=chance.choice(list(QUALITIES)))
            for beat in beats
        ),
        steps=tuple(_step(chance, bars) for _ in range(chance.randint(0, 20))),
        bpm=chance.randint(40, 240),
        swing=chance.randint(MIN_SWING, MAX_SWING),
        chord_sound=chance.choice([None, "keys", "pad", "drum-clap"]),
    )


def random_song(chance: random.Random) -> tuple[Song, dict[str, Loop]]:
    loops = {f"l{n}": random_loop(chance) for n in range(chance.randint(1, 3))}
    blocks = tuple(
        Block(
            id=f"b{n}",
            loop=chance.choice(list(loops)),
            start=chance.randint(0, 12),
            bars=chance.randint(1, 9),
        )
        for n in range(chance.randint(0, 4))
    )
    return Song(
        name="song", bpm=chance.randint(40, 240), meter=chance.choice(list(METERS)), blocks=blocks
    ), loops


def random_pattern(chance: random.Random) -> Pattern:
    beats, steps = chance.randint(1, 9), chance.choice(STEPS_PER_BEAT)
    return Pattern(
        name="pattern",
        bpm=chance.randint(40, 240),
        beats=beats,
        steps_per_beat=steps,
        rows=tuple(_row(chance, beats * steps) for _ in range(chance.randint(0, 4))),
        swing=chance.randint(MIN_SWING, MAX_SWING),
    )


def random_machine(chance: random.Random) -> Machine:
    style = chance.choice(list(STYLES))
    instruments = STYLES[style].instruments
    chosen = chance.sample(list(instruments), chance.randint(0, len(instruments)))
    return Machine(
        name="machine",
        style=style,
        bpm=chance.randint(40, 240),
        key=chance.choice(ROOTS) + chance.choice(["", "m"]),
        players=tuple(
            Player(
                instrument=each,
                program=chance.choice(list(instruments[each])),
                volume=chance.choice([0.0, 0.37, 1.0]),
                muted=chance.random() < 0.2,
                transpose=chance.choice([0, 0, -12, 5]),
            )
            for each in chosen
        ),
    )


def _step(chance: random.Random, bars: int) -> Step:
    note = chance.choice(ROOTS) + str(chance.randint(1, 7)) if chance.random() < 0.5 else None
    return Step(
        step=chance.randrange(bars * 16),
        sound=chance.choice(list(STUDIO)),
        velocity=_velocity(chance),
        note=note,
    )


def _row(chance: random.Random, steps: int) -> Row:
    notes = (
        tuple(chance.choice([None, "C4", "Eb3", "F#5"]) for _ in range(steps))
        if chance.random() < 0.5
        else ()
    )
    velocities = tuple(_velocity(chance) if chance.random() < 0.3 else 0.0 for _ in range(steps))
    return Row(sound=chance.choice(list(SOUNDS)), steps=velocities, notes=notes)


def _velocity(chance: random.Random) -> float:
    return chance.choice([0.0, 1.0, round(chance.random(), 3), chance.random()])
