"""Loops, songs, patterns and machines as they are stored: what may stand in them, and nothing of how they sound.

Each refuses what it cannot hold with a BadScore whose words name the place, so a body decoded from JSON is valid or there is none.
Positions are whole numbers; what the page's script compiles from the same body is equal to what Python compiles.
"""

import re
from dataclasses import dataclass, field

from audio.errors import UnsupportedAudio
from audio.score.chords import QUALITIES, note_number, pitch_class
from audio.score.sounds import SOUNDS, is_custom

LOOP_BARS = (1, 2, 4, 8)
STEPS_PER_BAR = 16
BEATS_PER_BAR = 4
MAX_NAME_CHARS = 100
MIN_BPM, MAX_BPM = 40, 240
MIN_SWING, MAX_SWING = 50, 75
"""Percent of two sixteenths (or of two steps of a pattern) that the first of them takes: 50 is straight, 67 a triplet's."""
MAX_CHORDS = 64
MAX_STEPS = 2_048
"""Of one loop: sixteen sounds on each of eight bars' sixteenths."""
MAX_BLOCKS, MAX_SONG_BARS = 500, 1_000
METERS = {"4/4": 4, "3/4": 3}
"""Of a song, with the quarters of a bar."""
STEPS_PER_BEAT = (1, 2, 3, 4, 6, 8)
MAX_PATTERN_BEATS, MAX_ROWS = 64, 32
MAX_INSTRUMENTS = 32
MAX_TRANSPOSE = 12
"""Semitones, up or down, by which a player of a machine plays beside its key."""
MAX_DESCRIPTION_CHARS = 500
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}\Z")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class BadScore(UnsupportedAudio, ValueError):
    """A loop, song, pattern or machine that cannot be. str(): which place, and what would fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chord:
    """From its beat (a quarter, from 0) until the next chord, or the end of the loop. root: "C", "F#", "Bb"; quality: of QUALITIES."""

    beat: int
    root: str
    quality: str

    def __post_init__(self) -> None:
        _within("beat of a chord", self.beat, 0, LOOP_BARS[-1] * BEATS_PER_BAR - 1)
        if pitch_class(self.root) is None:
            raise BadScore(f"Root of a chord: {self.root[:16]!r} is no note; one of A to G, with # or b.")
        if self.quality not in QUALITIES:
            raise BadScore(
                f"Quality of a chord: {self.quality[:16]!r} is none; one of {', '.join(QUALITIES)}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One sound on one sixteenth of a loop. note: "C4" (middle C, MIDI 60), for sounds with a pitch; None: the sound's own."""

    step: int
    sound: str
    velocity: float = 0.8
    note: str | None = None

    def __post_init__(self) -> None:
        _within("step", self.step, 0, LOOP_BARS[-1] * STEPS_PER_BAR - 1)
        _known_sound(self.sound)
        _within("velocity of a step", self.velocity, 0, 1)
        if self.note is not None:
            _known_note(self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """bars: of four quarters. chords: in the order of their beats. chord_sound: which plays them, None: nobody does."""

    name: str
    bars: int
    chords: tuple[Chord, ...] = ()
    steps: tuple[Step, ...] = ()
    color: str = "#E85D4A"
    bpm: int = 120
    key: str = "C"
    swing: int = MIN_SWING
    chord_sound: str | None = "keys"

    def __post_init__(self) -> None:
        _named("loop", self.name)
        if self.bars not in LOOP_BARS:
            raise BadScore(f"Length of a loop: {self.bars} bars; one of {', '.join(map(str, LOOP_BARS))}.")
        _at_most("chords", len(self.chords), MAX_CHORDS)
        _at_most("steps", len(self.steps), MAX_STEPS)
        _within("tempo", self.bpm, MIN_BPM, MAX_BPM)
        _within("swing", self.swing, MIN_SWING, MAX_SWING)
        _known_key(self.key)
        if not _COLOUR.match(self.color):
            raise BadScore("Colour of a loop: a # and six hexadecimal digits, such as #E85D4A.")
        if self.chord_sound is not None:
            _known_sound(self.chord_sound)
        beats = [chord.beat for chord in self.chords]
        if beats != sorted(set(beats)):
            raise BadScore("Chords of a loop: each on a beat of its own, in their order.")
        if beats and beats[-1] >= self.bars * BEATS_PER_BAR:
            raise BadScore(f"Beat of a chord: {beats[-1]} lies behind the end of a loop of {self.bars} bars.")
        last = max((each.step for each in self.steps), default=0)
        if last >= self.bars * STEPS_PER_BAR:
            raise BadScore(f"Step {last} lies behind the end of a loop of {self.bars} bars.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A loop in a song, again and again for its length. loop: the id of a loop; start, bars: in bars of the song."""

    id: str
    loop: str
    start: int
    bars: int

    def __post_init__(self) -> None:
        for what, text in (("Id of a block", self.id), ("Loop of a block", self.loop)):
            if not _ID.match(text):
                raise BadScore(f"{what}: up to 64 letters, digits, - and _.")
        _within("start of a block", self.start, 0, MAX_SONG_BARS - 1)
        _within("length of a block", self.bars, 1, MAX_SONG_BARS - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """Blocks on one clock, in any order; they may sound together. bpm and meter are the song's, swing and sounds each loop's."""

    name: str
    bpm: int
    meter: str = "4/4"
    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        _named("song", self.name)
        _within("tempo", self.bpm, MIN_BPM, MAX_BPM)
        if self.meter not in METERS:
            raise BadScore(f"Meter of a song: {self.meter[:8]!r}; one of {', '.join(METERS)}.")
        _at_most("blocks", len(self.blocks), MAX_BLOCKS)
        if len({block.id for block in self.blocks}) != len(self.blocks):
            raise BadScore("Blocks of a song: each has an id of its own.")

    @property
    def total_bars(self) -> int:
        return max((block.start + block.bars for block in self.blocks), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One instrument of a pattern. steps: the velocity on each step, 0: nothing. notes: of the steps that have one, or empty."""

    sound: str
    steps: tuple[float, ...]
    notes: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        _known_sound(self.sound)
        for velocity in self.steps:
            _within("velocity of a step", velocity, 0, 1)
        if self.notes and len(self.notes) != len(self.steps):
            raise BadScore("Notes of a row: as many as steps, or none.")
        for note in self.notes:
            if note is not None:
                _known_note(note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Instruments by steps. steps_per_beat: 4 are sixteenths, 3 triplets of eighths."""

    name: str
    bpm: int
    beats: int
    steps_per_beat: int = 4
    rows: tuple[Row, ...] = ()
    key: str = "C"
    swing: int = MIN_SWING
    description: str = ""

    def __post_init__(self) -> None:
        _named("pattern", self.name)
        _described(self.description)
        _within("tempo", self.bpm, MIN_BPM, MAX_BPM)
        _within("beats", self.beats, 1, MAX_PATTERN_BEATS)
        if self.steps_per_beat not in STEPS_PER_BEAT:
            raise BadScore(
                f"Steps of a beat: {self.steps_per_beat}; one of {', '.join(map(str, STEPS_PER_BEAT))}."
            )
        _within("swing", self.swing, MIN_SWING, MAX_SWING)
        _known_key(self.key)
        _at_most("rows", len(self.rows), MAX_ROWS)
        for row in self.rows:
            if len(row.steps) != self.beats * self.steps_per_beat:
                raise BadScore(
                    f"Steps of a row: {len(row.steps)}, and the pattern has {self.beats * self.steps_per_beat}."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """One instrument of a machine. program: which of its programs it plays; volume: 0..1; muted: it is there and silent.

    transpose: semitones by which what has a pitch is moved, beside the machine's key.
    """

    instrument: str
    program: str
    volume: float = 0.8
    muted: bool = False
    transpose: int = 0

    def __post_init__(self) -> None:
        for what, text in (("Instrument", self.instrument), ("Program", self.program)):
            if not _ID.match(text):
                raise BadScore(f"{what} of a machine: up to 64 letters, digits, - and _.")
        _within("volume", self.volume, 0, 1)
        _within("transposition", self.transpose, -MAX_TRANSPOSE, MAX_TRANSPOSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """How somebody set up a machine. style: which machine's instruments (audio.score.machines); key: what is played in C moves there."""

    name: str
    style: str
    bpm: int
    key: str = "C"
    players: tuple[Player, ...] = field(default=())
    description: str = ""

    def __post_init__(self) -> None:
        _named("machine", self.name)
        _described(self.description)
        _within("tempo", self.bpm, MIN_BPM, MAX_BPM)
        _known_key(self.key)
        _at_most("instruments", len(self.players), MAX_INSTRUMENTS)
        if len({player.instrument for player in self.players}) != len(self.players):
            raise BadScore("Instruments of a machine: each once.")


def _within(what: str, value: float, low: int, high: int) -> None:
    if not low <= value <= high:  # also what is no number
        raise BadScore(f"{what[0].upper()}{what[1:]}: {value:g}; from {low} to {high}.")


def _at_most(what: str, count: int, most: int) -> None:
    if count > most:
        raise BadScore(f"{count} {what}: at most {most}.")


def _named(what: str, name: str) -> None:
    if not 1 <= len(name.strip()) <= len(name) <= MAX_NAME_CHARS:
        raise BadScore(f"Name of a {what}: 1 to {MAX_NAME_CHARS} characters.")


def _described(text: str) -> None:
    _at_most("characters of a description", len(text), MAX_DESCRIPTION_CHARS)


def _known_sound(sound: str) -> None:
    if sound not in SOUNDS and not is_custom(sound):
        raise BadScore(f"Sound {sound[:32]!r}: there is none of this name.")


def _known_note(note: str) -> None:
    if note_number(note) is None:
        raise BadScore(f"Note {note[:8]!r}: a letter A to G, # or b, and an octave from -1 to 9, such as C4.")


def _known_key(key: str) -> None:
    if pitch_class(key.removesuffix("m")) is None:
        raise BadScore(f"Key {key[:8]!r}: a note such as C or F#, with m for minor.")
