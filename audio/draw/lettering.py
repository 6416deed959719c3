"""Words in an SVG: escaped, and as wide as there is room for. No font is asked: no two systems have the same."""

import unicodedata
from xml.sax.saxutils import escape

from audio.draw.waveform import printable


def escaped(text: str) -> str:
    """For an SVG's text or attribute. [any]"""
    return escape(printable(text), {'"': "&quot;"})


def width_px(text: str, size_px: int) -> float:
    """About how wide, rather too much. [any]"""

    def ems(letter: str) -> float:
        if unicodedata.east_asian_width(letter) in "WF" or letter in "WM@%…—":
            return 1.0
        return 0.75 if letter.isupper() or letter in "mw" else 0.6

    return size_px * sum(ems(letter) for letter in text)


def shortened(text: str, size_px: int, room_px: float) -> str:
    """As much of it as there is room for. [any]"""
    kept = text
    while kept and width_px(kept, size_px) > room_px:
        kept = kept[:-2].rstrip() + "…"
    return kept
