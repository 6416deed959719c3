"""Keys as people write them: "Am", "a minor", "C♯m", "B♭ major", "8A". Not analysis (audio.analyse.key)."""

import re

from audio.analyse.key import TONICS, Key, Mode

_WRITTEN = re.compile(
    r"(?P<note>[A-Ga-g])\s*(?P<accidental>[#♯b♭]|\s*sharp|\s*flat)?\s*(?P<mode>m|min|minor|M|maj|major)?\.?"
)
_CAMELOT = re.compile(r"(?P<number>1[0-2]|[1-9])(?P<mode>[ABab])")
_ACCIDENTALS = {"": "", "#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b"}
_MINOR = ("m", "min", "minor")
_FLATS = {
    "Db": "C#",
    "Eb": "D#",
    "Gb": "F#",
    "Ab": "G#",
    "Bb": "A#",
    "Cb": "B",
    "Fb": "E",
    "E#": "F",
    "B#": "C",
}


def written_key(text: str) -> tuple[str, Key] | None:
    """(the key in one spelling, such as "Bb minor"; the key itself), or None when this names none. [any]"""
    text = text.strip()
    if match := _CAMELOT.fullmatch(text):
        return next(
            (str(key), key)
            for key in (Key(tonic, mode) for tonic in range(12) for mode in Mode)
            if key.camelot == match["number"] + match["mode"].upper()
        )
    match = _WRITTEN.fullmatch(text) or _WRITTEN.fullmatch(text.lower())
    if match is None:
        return None
    note = match["note"].upper() + _ACCIDENTALS[(match["accidental"] or "").strip()]
    mode = Mode.MINOR if match["mode"] in _MINOR else Mode.MAJOR
    return f"{note} {mode}", Key(TONICS.index(_FLATS.get(note, note)), mode)
