"""The brand's two grounds, charcoal and paper, with one warm light, as pictures use them. The pages have the same in tokens.css."""

from dataclasses import dataclass
from itertools import pairwise

Colour = tuple[int, int, int]
"""Red, green, blue, 0..255."""
SHADES = 256


@dataclass(frozen=True)
class Theme:
    """Colours as SVG writes them. heat: of a raster, from nothing to the most; hues: of parts, one a letter."""

    name: str
    ground: str
    panel: str
    line: str
    text: str
    dim: str
    wave: str
    warm: str
    green: str
    heat: tuple[str, ...]
    hues: tuple[str, ...]

    def shades(self) -> list[Colour]:
        """SHADES steps through heat. [any]"""
        stops = [_parts(colour) for colour in self.heat]
        steps = (SHADES - 1) / (len(stops) - 1)
        found = list[Colour]()
        for n in range(SHADES):
            place = min(int(n / steps), len(stops) - 2)
            low, high = list(pairwise(stops))[place]
            part = n / steps - place
            red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
            found.append((red, green, blue))
        return found


_HUES = ("#e9a06f", "#6fc2a7", "#7fb3d8", "#d9b65c", "#c692d4", "#9cc27a", "#e08b9b", "#9a9fe0")

DARK = Theme(
    name="dark",
    ground="#101215",
    panel="#171a1f",
    line="#3a414c",
    text="#ece8e1",
    dim="#979ca6",
    wave="#565d69",
    warm="#ff9f5a",
    green="#6fdcb0",
    heat=("#171a1f", "#33241f", "#7a3b12", "#d9722b", "#ff9f5a", "#ffe3c4"),
    hues=_HUES,
)
LIGHT = Theme(
    name="light",
    ground="#f5f2ec",
    panel="#fbfaf7",
    line="#bfb7a9",
    text="#1f1c18",
    dim="#625d55",
    wave="#b5aea2",
    warm="#a04707",
    green="#0f7a52",
    heat=("#fbfaf7", "#f6e3cd", "#f5b980", "#d9722b", "#8a3c06", "#2c1403"),
    hues=_HUES,
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


def _parts(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
