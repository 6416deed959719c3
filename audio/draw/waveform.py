"""The picture of a recording: first numbers (Peaks, which are stored), then an SVG drawn from them.

Not interactive and not themed: no script, no colour of its own (currentColor), stretched to whatever box it is in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

import msgspec
import numpy as np
from numpy.typing import NDArray

from audio.intake import Samples
from audio.kernels import KERNELS

DEFAULT_POINTS = 400
PEAK_SCALE = 127  # full scale of the stored numbers: one signed byte
_HEIGHT = 128  # of the drawing: half the resolution of the numbers, which keeps the text below 2 kB gzipped


class Peaks(msgspec.Struct, frozen=True, kw_only=True):
    """Equal lists, one number per stretch of time, over all channels together.

    minimum, maximum: -127..127, of the samples; rms: 0..127. Louder than full scale is drawn as full scale.
    """

    minimum: list[int]
    maximum: list[int]
    rms: list[int]


@dataclass(frozen=True)
class Box:
    """Of a drawing that stands by itself: pixels, and colours as SVG writes them."""

    width: int
    height: int
    color: str
    background: str

    def attributes(self) -> str:
        """Of its root. [any]"""
        look = f"color:{escape(self.color)};background:{escape(self.background)}"
        return f' width="{self.width}" height="{self.height}" style="{look}"'


def peaks(samples: Samples, points: int = DEFAULT_POINTS) -> Peaks:
    """Reduce a clip to points stretches; a clip of fewer frames repeats some of them. [any]

    samples: finite float32 (frames >= 1, channels), C-contiguous.
    """
    edges = np.arange(points + 1) * len(samples) // points
    starts, ends = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    found = KERNELS.stretches(samples, starts, ends)
    power = found.squares.mean(axis=1) / (ends - starts)
    return Peaks(
        minimum=_steps(found.low.min(axis=1)),
        maximum=_steps(found.high.max(axis=1)),
        rms=_steps(np.sqrt(power)),
    )


def _steps(values: NDArray[np.floating]) -> list[int]:
    return [int(step) for step in np.rint(np.clip(values, -1.0, 1.0) * PEAK_SCALE)]


def waveform_svg(
    peaks: Peaks, *, title: str, bar_fractions: Sequence[float] = (), box: Box | None = None
) -> str:
    """An SVG document of the peaks: envelope, RMS over it, a line per bar. Same input, same text. [any]

    title: any text, read aloud by screen readers. bar_fractions: where bars begin, 0..1 of the clip; others are
    ignored. Meant for inlining or as an image; stretches to its box (preserveAspectRatio none), whichever that is where box is None.
    """
    width = len(peaks.minimum)
    middle = _HEIGHT // 2
    # Heights in a file go down from the top. A silent stretch keeps one step of thickness: a thin line.
    tops = [middle - _drawn(high) for high in peaks.maximum]
    bottoms = [middle + _drawn(-low) for low in peaks.minimum]
    bottoms = [max(bottom, top + 1) for top, bottom in zip(tops, bottoms, strict=True)]
    shapes = [f'<path opacity=".5" d="{_closed_path(tops, bottoms)}"/>']
    if any(peaks.rms):
        upper = [middle - _drawn(level) for level in peaks.rms]
        lower = [middle + _drawn(level) for level in peaks.rms]
        shapes.append(f'<path d="{_closed_path(upper, lower)}"/>')
    columns = sorted({round(fraction * width) for fraction in bar_fractions if 0 <= fraction <= 1})
    if columns:
        lines = "".join(f"M{column} 0v{_HEIGHT}" for column in columns)
        shapes.append(
            f'<path d="{lines}" fill="none" stroke="currentColor" opacity=".3" vector-effect="non-scaling-stroke"/>'
        )
    name = escape(printable(title), {'"': "&quot;"})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" '
        f'role="img" fill="currentColor"{box.attributes() if box else ""}><title>{name}</title>{"".join(shapes)}</svg>'
    )


def _drawn(level: int) -> int:
    """Height of a stored number in the drawing, rounded up so that whatever sounds is seen; 0 below the middle."""
    return max(0, level + 1) // 2


def _closed_path(tops: list[int], bottoms: list[int]) -> str:
    """Along the tops one unit per point, down, and back along the bottoms, in relative steps."""
    there = "".join(f"l1 {after - before}" for before, after in pairwise(tops))
    back = "".join(f"l-1 {after - before}" for before, after in pairwise(reversed(bottoms)))
    return f"M0 {tops[0]}{there}h1V{bottoms[-1]}h-1{back}z"


def printable(text: str) -> str:
    """XML 1.0 has no way to write control characters or lone surrogates."""
    return "".join(
        " "
        if ord(character) < 0x20 or 0xD800 <= ord(character) <= 0xDFFF or character in "\ufffe\uffff"
        else character
        for character in text
    )
