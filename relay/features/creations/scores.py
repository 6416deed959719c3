"""What is written down instead of recorded, kind by kind: how it is checked, what a list says of it, and what it is compiled to."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from audio.score.compiled import compile_loop, compile_machine, compile_pattern, compile_song
from audio.score.events import Compiled
from audio.score.shapes import (
    BEATS_PER_BAR,
    METERS,
    BadScore,
    Loop,
    Machine,
    Pattern,
    Song,
)
from relay.core.refusal import Refusal

Loops = Mapping[str, Loop]
"""By the ids that the blocks of a song name."""
Shape = Any  # any: a shape of the row's own kind; a table of rows of all kinds cannot say which


class Facts(Struct, frozen=True, kw_only=True):
    """What stands in the row of a creation, and in its card."""

    bpm: float
    duration_ms: int
    key: str | None = None
    bars: int | None = None
    color: str | None = None
    meter: str | None = None
    style: str | None = None
    description: str = ""


class ScoreRow(Struct, frozen=True, kw_only=True):
    """shape: of audio.score.shapes. facts raises BadScore for what cannot be compiled alone; compiled, also for what names others.

    named: ids of the loops that it is made of. is_loop: it turns without a seam. most: how many of them an account may have.
    """

    shape: type
    facts: Callable[[Shape], Facts]
    compiled: Callable[[Shape, Loops], Compiled]
    most: int
    is_loop: bool = True
    named: Callable[[Shape], set[str]] = lambda _: set()


def _ms(quarters: float, bpm: int) -> int:
    return round(quarters * 60_000 / bpm)


def _of_loop(loop: Loop) -> Facts:
    quarters = loop.bars * BEATS_PER_BAR
    return Facts(
        bpm=loop.bpm, duration_ms=_ms(quarters, loop.bpm), key=loop.key, bars=loop.bars, color=loop.color
    )


def _of_song(song: Song) -> Facts:
    quarters = song.total_bars * METERS[song.meter]
    bars = song.total_bars or None
    return Facts(bpm=song.bpm, duration_ms=_ms(quarters, song.bpm), bars=bars, meter=song.meter)


def _of_pattern(pattern: Pattern) -> Facts:
    bars = pattern.beats // BEATS_PER_BAR if pattern.beats % BEATS_PER_BAR == 0 else None
    return Facts(
        bpm=pattern.bpm,
        duration_ms=_ms(pattern.beats, pattern.bpm),
        key=pattern.key,
        bars=bars,
        description=pattern.description,
    )


def _of_machine(machine: Machine) -> Facts:
    compiled = compile_machine(machine)
    return Facts(
        bpm=machine.bpm,
        duration_ms=round(compiled.seconds * 1000),
        key=machine.key,
        style=machine.style,
        description=machine.description,
    )


LOOP = ScoreRow(shape=Loop, facts=_of_loop, compiled=lambda loop, _: compile_loop(loop), most=1_000)
SONG = ScoreRow(
    shape=Song,
    facts=_of_song,
    compiled=compile_song,
    most=100,
    is_loop=False,
    named=lambda song: {block.loop for block in song.blocks},
)
PATTERN = ScoreRow(
    shape=Pattern, facts=_of_pattern, compiled=lambda pattern, _: compile_pattern(pattern), most=1_000
)
MACHINE = ScoreRow(
    shape=Machine, facts=_of_machine, compiled=lambda machine, _: compile_machine(machine), most=1_000
)


def checked(row: ScoreRow, given: object) -> Facts:
    """given: builtins, as the wire has them. Raises Refusal: validation. [any]"""
    try:
        found: Facts = row.facts(msgspec.convert(given, row.shape))
        return found
    except BadScore as error:
        raise Refusal("validation", str(error)) from None
    except msgspec.ValidationError as error:
        said = str(error.__cause__) if isinstance(error.__cause__, BadScore) else str(error)
        raise Refusal("validation", said) from None


def stored(row: ScoreRow, text: str) -> Shape:
    """A score as its column holds it. [any]"""
    return msgspec.json.decode(text, type=row.shape)
