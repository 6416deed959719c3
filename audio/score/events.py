"""Notes on one clock: what every score is compiled to."""

from fractions import Fraction
from typing import NamedTuple

TICKS_PER_QUARTER = 960
MAX_EVENTS = 50_000
"""Of one score. More is refused: a page, a render and a MIDI file all hold it whole."""


class Note(NamedTuple):
    """start, length: in ticks. sound: of SOUNDS, or a custom instrument. number: MIDI, the sound's own where the score gave none. velocity: over 0, to 1."""

    start: int
    length: int
    sound: str
    number: int
    velocity: float


class Compiled(NamedTuple):
    """notes: by start, then sound, then number. length: of the whole, in ticks, behind which it begins again.

    bpm: the score's, a whole number; a Fraction where it is made to sound at another's, such as a DAW's.
    """

    notes: tuple[Note, ...]
    length: int
    bpm: int | Fraction
    beats_per_bar: int = 4

    @property
    def seconds(self) -> float:
        return float(self.length * 60 / (TICKS_PER_QUARTER * self.bpm))


def frame_of(ticks: int, bpm: int | Fraction, sample_rate_hz: int) -> int:
    """The frame in which something at `ticks` begins, half up. Exact throughout. [any]"""
    whole = TICKS_PER_QUARTER * bpm
    return (2 * ticks * 60 * sample_rate_hz + whole) // (2 * whole)
