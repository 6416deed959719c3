"""Loops, songs, patterns and machines as they are written: what the studio's page saves, and what everybody reads.

The bounds are those of `audio.score.shapes`, which also sees to what one shape cannot say: that a step lies inside its loop, that
a sound is there. A test holds both to the same numbers.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, UNPRINTABLE

MAX_NAME = 100
ScoreName = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, pattern=PRINTABLE)]
Color = Annotated[str, Meta(pattern=r"^#[0-9A-Fa-f]{6}\Z", max_length=7)]
Sound = Annotated[str, Meta(min_length=1, max_length=32, pattern=r"^[a-z0-9-]*\Z")]
"""Of GET /studio/kit."""
Local = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]*\Z")]
"""A name inside one score; of a block's loop, the id of a loop."""
Note = Annotated[str, Meta(min_length=2, max_length=5, pattern=r"^[A-G][#b]?-?[0-9]\Z")]
Root = Annotated[str, Meta(min_length=1, max_length=2, pattern=r"^[A-G][#b]?\Z")]
Quality = Annotated[str, Meta(min_length=1, max_length=16, pattern=PRINTABLE)]
ScoreKey = Annotated[str, Meta(min_length=1, max_length=3, pattern=r"^[A-G][#b]?m?\Z")]
ScoreBpm = Annotated[int, Meta(ge=40, le=240)]
Swing = Annotated[int, Meta(ge=50, le=75)]
"""Percent of two steps that the first of them takes."""
Transpose = Annotated[int, Meta(ge=-12, le=12)]
"""Semitones."""
Description = Annotated[str, Meta(max_length=500, pattern=rf"^(?:[^{UNPRINTABLE}]|\n)*\Z")]
"""May have more than one line."""
Level = Annotated[float, Meta(ge=0.0, le=1.0)]
MAX_CHORDS, MAX_STEPS, MAX_BLOCKS, MAX_SONG_BARS, MAX_ROWS, MAX_ROW_STEPS, MAX_PLAYERS = (
    64,
    2_048,
    500,
    1_000,
    32,
    512,
    32,
)


class Chord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From its beat (a quarter, from 0) until the next one."""

    beat: Annotated[int, Meta(ge=0, le=31)]
    root: Root
    quality: Quality


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sound on one sixteenth. note: for sounds with a pitch; null: the sound's own."""

    step: Annotated[int, Meta(ge=0, le=127)]
    sound: Sound
    velocity: Level = 0.8
    note: Note | None = None


class LoopScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="loop"):
    """bars: of four quarters. chord_sound null: nobody plays the chords."""

    name: ScoreName
    bars: Literal[1, 2, 4, 8]
    chords: Annotated[list[Chord], Meta(max_length=MAX_CHORDS)] = []
    steps: Annotated[list[Step], Meta(max_length=MAX_STEPS)] = []
    color: Color = "#E85D4A"
    bpm: ScoreBpm = 120
    key: ScoreKey = "C"
    swing: Swing = 50
    chord_sound: Sound | None = "keys"


class Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A loop again and again for its length. start, bars: in bars of the song."""

    id: Local
    loop: Local
    start: Annotated[int, Meta(ge=0, le=MAX_SONG_BARS - 1)]
    bars: Annotated[int, Meta(ge=1, le=MAX_SONG_BARS)]


class SongScore(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="song"):
    """Loops on one clock; bpm and meter are the song's."""

    name: ScoreName
    bpm: ScoreBpm
    meter: Literal["4/4", "3/4"] = "4/4"
    blocks: Annotated[list[Block], Meta(max_length=MAX_BLOCKS)] = []


class PatternRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instrument. steps: the velocity on each step, 0: nothing; notes: of as many, or none."""

    sound: Sound
    steps: Annotated[list[Level], Meta(max_length=MAX_ROW_STEPS)]
    notes: Annotated[list[Note | None], Meta(max_length=MAX_ROW_STEPS)] = []


class PatternScore(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="pattern"
):
    """Instruments by steps. steps_per_beat: 4 are sixteenths, 3 triplets of eighths."""

    name: ScoreName
    bpm: ScoreBpm
    beats: Annotated[int, Meta(ge=1, le=64)]
    steps_per_beat: Literal[1, 2, 3, 4, 6, 8] = 4
    rows: Annotated[list[PatternRow], Meta(max_length=MAX_ROWS)] = []
    key: ScoreKey = "C"
    swing: Swing = 50
    description: Description = ""


class Player(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument of a machine, and which of its programs it plays. transpose: beside the machine's key."""

    instrument: Local
    program: Local
    volume: Level = 0.8
    muted: bool = False
    transpose: Transpose = 0


class MachineScore(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="machine"
):
    """How somebody set up a machine. style: which one."""

    name: ScoreName
    style: Local
    bpm: ScoreBpm
    key: ScoreKey = "C"
    players: Annotated[list[Player], Meta(max_length=MAX_PLAYERS)] = []
    description: Description = ""


Score = LoopScore | SongScore | PatternScore | MachineScore
ScoreKind = Literal["loop", "song", "pattern", "machine"]
