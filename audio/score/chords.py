"""Notes and chords by name, as MIDI numbers. (MIDI 1.0: 60 is middle C, which is C4 here.)"""

import re
from types import MappingProxyType

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
_ROOT = re.compile(r"([A-G])([#b]?)\Z")
_NOTE = re.compile(r"([A-G])([#b]?)(-1|[0-9])\Z")
HIGHEST_NOTE = 127
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
QUALITIES = MappingProxyType(
    {
        "maj": (0, 4, 7),
        "min": (0, 3, 7),
        "dim": (0, 3, 6),
        "aug": (0, 4, 8),
        "sus2": (0, 2, 7),
        "sus4": (0, 5, 7),
        "5": (0, 7),
        "6": (0, 4, 7, 9),
        "m6": (0, 3, 7, 9),
        "7": (0, 4, 7, 10),
        "maj7": (0, 4, 7, 11),
        "min7": (0, 3, 7, 10),
        "m7b5": (0, 3, 6, 10),
        "dim7": (0, 3, 6, 9),
        "9": (0, 4, 7, 10, 14),
        "maj9": (0, 4, 7, 11, 14),
        "min9": (0, 3, 7, 10, 14),
        "add9": (0, 4, 7, 14),
    }
)
"""Semitones above the root."""
_LOWEST_ROOT = 53
"""F3: roots lie from there up to E4, so that no chord growls and none squeaks."""


def pitch_class(name: str) -> int | None:
    """0..11 of a note without octave, C is 0; None: it is none. [any]"""
    match = _ROOT.match(name)
    return None if match is None else (_LETTERS[match[1]] + _ACCIDENTALS[match[2]]) % 12


def note_number(name: str) -> int | None:
    """The MIDI number of a note such as "F#3"; None: it is none, or lies outside 0..127. [any]"""
    match = _NOTE.match(name)
    if match is None:
        return None
    number = 12 * (int(match[3]) + 1) + _LETTERS[match[1]] + _ACCIDENTALS[match[2]]
    return number if 0 <= number <= HIGHEST_NOTE else None


def chord_notes(root: str, quality: str) -> tuple[int, ...]:
    """MIDI numbers, lowest first. root, quality: as a valid Chord has them. [any]"""
    tonic = pitch_class(root)
    assert tonic is not None
    lowest = _LOWEST_ROOT + (tonic - _LOWEST_ROOT) % 12
    return tuple(lowest + each for each in QUALITIES[quality])


def note_name(number: int) -> str:
    """As `note_number` reads it, with sharps. number: of MIDI, 0 to 127. [any]"""
    return f"{_SHARPS[number % 12]}{number // 12 - 1}"
