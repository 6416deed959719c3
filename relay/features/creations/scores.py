"""What is written down instead of recorded, kind by kind: how it is checked, and what a list says of it."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from audio.score.compiled import compile_machine
from audio.score.kinds import KINDS, ScoreRules, Shape
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
    """facts raises BadScore for what cannot be compiled alone. most: how many of them an account may have."""

    rules: ScoreRules
    facts: Callable[[Shape], Facts]
    most: int


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


LOOP = ScoreRow(rules=KINDS["loop"], facts=_of_loop, most=1_000)
SONG = ScoreRow(rules=KINDS["song"], facts=_of_song, most=100)
PATTERN = ScoreRow(rules=KINDS["pattern"], facts=_of_pattern, most=1_000)
MACHINE = ScoreRow(rules=KINDS["machine"], facts=_of_machine, most=1_000)


def checked(row: ScoreRow, given: object) -> Facts:
    """given: builtins, as the wire has them. Raises Refusal: validation. [any]"""
    try:
        found: Facts = row.facts(msgspec.convert(given, row.rules.shape))
        return found
    except BadScore as error:
        raise Refusal("validation", str(error)) from None
    except msgspec.ValidationError as error:
        said = str(error.__cause__) if isinstance(error.__cause__, BadScore) else str(error)
        raise Refusal("validation", said) from None


def stored(row: ScoreRow, text: str) -> Shape:
    """A score as its column holds it. [any]"""
    return msgspec.json.decode(text, type=row.rules.shape)
