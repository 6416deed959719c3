"""The wire's scores and the shapes that they become say the same: fields, defaults and numbers."""

import dataclasses
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from audio.score import shapes
from audio.score.chords import QUALITIES
from audio.score.sounds import SOUNDS
from relay.wire import scores

PAIRS: dict[type[Any], type[Any]] = {
    scores.Chord: shapes.Chord,
    scores.Step: shapes.Step,
    scores.LoopScore: shapes.Loop,
    scores.Block: shapes.Block,
    scores.SongScore: shapes.Song,
    scores.PatternRow: shapes.Row,
    scores.PatternScore: shapes.Pattern,
    scores.Player: shapes.Player,
    scores.MachineScore: shapes.Machine,
}
"""Each shape of the wire, and what it becomes."""


@pytest.mark.parametrize(("said", "held"), PAIRS.items(), ids=lambda each: each.__name__)
def test_each_has_the_fields_and_defaults_of_the_other(said: type[Any], held: type[Any]) -> None:
    theirs = {each.name: each for each in dataclasses.fields(held)}
    ours = {each.name: each for each in msgspec.structs.fields(said)}
    assert set(ours) == set(theirs)
    for name, each in ours.items():
        default = each.default if each.default_factory is msgspec.NODEFAULT else ()
        expected = theirs[name].default
        if theirs[name].default_factory is not dataclasses.MISSING:
            expected = theirs[name].default_factory()
        missing = (default is msgspec.NODEFAULT, expected is dataclasses.MISSING)
        assert missing in ((True, True), (False, False)) and (missing[0] or default == expected), name


def test_every_number_is_the_same() -> None:
    quarters, sixteenths = (
        shapes.LOOP_BARS[-1] * shapes.BEATS_PER_BAR,
        shapes.LOOP_BARS[-1] * shapes.STEPS_PER_BAR,
    )
    row_steps = shapes.MAX_PATTERN_BEATS * shapes.STEPS_PER_BEAT[-1]
    assert bounds(scores.Chord, "beat") == (0, quarters - 1)
    assert bounds(scores.Step, "step") == (0, sixteenths - 1)
    for shape in (scores.LoopScore, scores.SongScore, scores.PatternScore, scores.MachineScore):
        assert bounds(shape, "bpm") == (shapes.MIN_BPM, shapes.MAX_BPM)
        assert bounds(shape, "name") == (1, shapes.MAX_NAME_CHARS)
    for swung in (scores.LoopScore, scores.PatternScore):
        assert bounds(swung, "swing") == (shapes.MIN_SWING, shapes.MAX_SWING)
    assert bounds(scores.Block, "start") == (0, shapes.MAX_SONG_BARS - 1)
    assert bounds(scores.Block, "bars") == (1, shapes.MAX_SONG_BARS)
    assert bounds(scores.PatternScore, "beats") == (1, shapes.MAX_PATTERN_BEATS)
    assert bounds(scores.LoopScore, "chords")[1] == shapes.MAX_CHORDS
    assert bounds(scores.LoopScore, "steps")[1] == shapes.MAX_STEPS
    assert bounds(scores.SongScore, "blocks")[1] == shapes.MAX_BLOCKS
    assert bounds(scores.PatternScore, "rows")[1] == shapes.MAX_ROWS
    assert bounds(scores.PatternRow, "steps")[1] == bounds(scores.PatternRow, "notes")[1] == row_steps
    assert bounds(scores.MachineScore, "players")[1] == shapes.MAX_INSTRUMENTS


def test_every_choice_is_the_same() -> None:
    assert choices(scores.LoopScore, "bars") == shapes.LOOP_BARS
    assert choices(scores.SongScore, "meter") == tuple(shapes.METERS)
    assert choices(scores.PatternScore, "steps_per_beat") == shapes.STEPS_PER_BEAT


def test_what_there_is_of_sounds_and_chords_can_be_said() -> None:
    for sound in SOUNDS:
        msgspec.convert(sound, scores.Sound)
    for quality in QUALITIES:
        msgspec.convert(quality, scores.Quality)


def bounds(shape: type[Any], field: str) -> tuple[int | None, int | None]:
    """The least and the most: of a number, or of how long a text or a list is."""
    for each in get_args(get_type_hints(shape, include_extras=True)[field]):
        if isinstance(each, msgspec.Meta):
            return (each.ge, each.le) if each.le is not None else (each.min_length, each.max_length)  # type: ignore[return-value]
    raise AssertionError(f"{shape.__name__}.{field} has no bounds")


def choices(shape: type[Any], field: str) -> tuple[Any, ...]:
    return get_args(get_type_hints(shape)[field])
