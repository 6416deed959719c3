"""What a page's script needs to know of sounds, chords and machines, as plain values for JSON."""

from dataclasses import asdict

from audio.score.chords import QUALITIES
from audio.score.machines import STYLES, Program
from audio.score.shapes import METERS
from audio.score.sounds import SOUNDS, STUDIO


def tables() -> dict[str, object]:
    """sounds, studio (the grid's sixteen in order), qualities, meters, styles. [any]"""
    return {
        "sounds": {name: asdict(sound) for name, sound in SOUNDS.items()},
        "studio": list(STUDIO),
        "qualities": {name: list(notes) for name, notes in QUALITIES.items()},
        "meters": METERS,
        "styles": {
            name: {
                "label": style.label,
                "bpm": style.bpm,
                "instruments": {
                    instrument: {each: _program(program) for each, program in programs.items()}
                    for instrument, programs in style.instruments.items()
                },
            }
            for name, style in STYLES.items()
        },
    }


def _program(program: Program) -> dict[str, object]:
    return {"label": program.label, "length": program.length, "notes": [list(note) for note in program.notes]}
